package engine

import akita "github.com/sarchlab/akita/v3/sim"

// port is an akita Port with a ring buffer. Akita's own port takes four locks per message, which a single-threaded
// engine does not need, and does not show how full its buffer is.
type port struct {
	akita.HookableBase

	name     string
	owner    *Component
	link     akita.Connection
	endpoint *endpoint // of link, if that is a Link
	capacity int
	buffer   ring[akita.Msg]
	refused  bool // a message was refused, so the link waits for room
}

var _ akita.Port = (*port)(nil)

func (p *port) Name() string                     { return p.name }
func (p *port) Component() akita.Component       { return p.owner }
func (p *port) SetConnection(c akita.Connection) { p.link = c }
func (p *port) CanSend() bool                    { return p.link.CanSend(p) }

func (p *port) Send(m akita.Msg) *akita.SendError {
	var refused *akita.SendError
	if p.endpoint != nil {
		refused = p.endpoint.link.Send(m)
	} else {
		refused = p.link.Send(m)
	}
	if refused == nil {
		p.invokeHooks(akita.HookPosPortMsgSend, m)
	}
	return refused
}

// Recv takes a message from the link, or refuses it when the buffer is full. After a refusal it calls the link's
// NotifyAvailable when there is room again.
func (p *port) Recv(m akita.Msg) *akita.SendError {
	if p.buffer.size >= p.capacity {
		p.refused = true
		return akita.NewSendError()
	}
	p.invokeHooks(akita.HookPosPortMsgRecvd, m)
	p.buffer.push(m)
	p.owner.NotifyRecv(0, p)
	return nil
}

func (p *port) Retrieve(now akita.VTimeInSec) akita.Msg {
	if p.buffer.size == 0 {
		return nil
	}
	m := p.buffer.pop()
	p.invokeHooks(akita.HookPosPortMsgRetrieve, m)
	if p.refused {
		p.refused = false
		p.link.NotifyAvailable(now, p)
	}
	return m
}

func (p *port) Peek() akita.Msg {
	if p.buffer.size == 0 {
		return nil
	}
	return p.buffer.front()
}

func (p *port) NotifyAvailable(now akita.VTimeInSec) { p.owner.NotifyPortFree(now, p) }

func (p *port) invokeHooks(pos *akita.HookPos, m akita.Msg) {
	if p.NumHooks() > 0 {
		p.InvokeHook(akita.HookCtx{Domain: p, Pos: pos, Item: m})
	}
}
