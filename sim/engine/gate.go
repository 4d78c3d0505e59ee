package engine

import (
	"sync"
	"sync/atomic"
)

// gate lets another goroutine stop a running engine between two events. The engine's loop pays one atomic load per
// event (a plain move on amd64 and arm64); the mutex is only taken by those who stop, start or wait.
type gate struct {
	closed atomic.Bool

	lock    sync.Mutex
	changed sync.Cond
	running bool // Run is on some stack
	parked  bool // Run waits inside pass
}

func (g *gate) init() { g.changed.L = &g.lock }

func (g *gate) enter() {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.running {
		panic("sim: Run while the engine already runs")
	}
	g.running = true
}

func (g *gate) leave() {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.running = false
	g.changed.Broadcast()
}

// pass returns at once while the gate is open, and when it opens otherwise.
func (g *gate) pass() {
	if g.closed.Load() {
		g.park()
	}
}

func (g *gate) park() {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.parked = true
	g.changed.Broadcast()
	for g.closed.Load() {
		g.changed.Wait()
	}
	g.parked = false
}

// shut closes the gate and returns when no event is being handled any more.
func (g *gate) shut() {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.closed.Store(true)
	for g.closed.Load() && g.running && !g.parked {
		g.changed.Wait()
	}
}

func (g *gate) open() {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.closed.Store(false)
	g.changed.Broadcast()
}
