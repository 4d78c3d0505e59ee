package dram

import (
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// Agent is a Background in front of one controller that is fed by another than a System, such as a synthetic stream. It
// does what it does in front of a System's.
type Agent struct {
	agent
	inside int64 // bursts in the controller
	access stats.Requester
}

// NewAgents returns an agent for each channel; nil without a background. It fails if the background is invalid.
func (o *Options) NewAgents(m *spec.Mapping) ([]Agent, error) {
	p, err := o.newPattern(m)
	if p == nil || err != nil {
		return nil, err
	}
	all := make([]Agent, o.Channels)
	for i := range all {
		a := &all[i]
		a.pattern, a.turn = p, true
		a.start(0, 0)
	}
	return all, nil
}

// Arrive takes the bursts that have arrived by a clock of the controller, before any is offered to it there. Others say
// whether bursts of others wait or are in the controller.
func (a *Agent) Arrive(clock int64, others bool) { a.arrive(clock, a.inside, others) }

// Next returns the clock at which the next burst arrives.
func (a *Agent) Next() int64 { return a.at }

// Waits reports whether a burst waits for a place in the controller.
func (a *Agent) Waits() bool { return a.waiting > 0 }

// InTurn offers a controller a burst of the agent, or has others offer one, whichever's turn it is; if that cannot be
// accepted, the other. It reports whether one of the others, or any at all, was accepted.
func (a *Agent) InTurn(c controller.Controller, others func() bool) (other, any bool) {
	return a.inTurn(func() bool { return a.hand(c, agentTag, &a.inside) }, others)
}

// Serve counts a column command if it served a burst of the agent, and reports whether it did.
func (a *Agent) Serve(c *controller.ColumnCommand) bool {
	if c.Tag != agentTag {
		a.late = 0
		return false
	}
	a.inside--
	c.CountIn(&a.access, c.Clock)
	return true
}

// Access returns what its bursts have met, with latencies in clocks from when the controller accepted them.
func (a *Agent) Access() stats.Requester { return a.access }
