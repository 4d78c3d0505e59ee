package engine

import (
	"sync"
	"sync/atomic"
)

// pauser lets another goroutine stop a running engine between two events. The event loop pays one atomic load per event
// (a plain move on amd64 and arm64); only pausing, resuming, starting and ending take the mutex.
type pauser struct {
	paused atomic.Bool

	lock    sync.Mutex
	changed sync.Cond
	running bool // Run is on some stack
	waiting bool // Run waits inside checkpoint
}

func (g *pauser) init() { g.changed.L = &g.lock }

func (g *pauser) begin() {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.running {
		panic("engine: Run while the engine already runs")
	}
	g.running = true
}

func (g *pauser) end() {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.running = false
	g.changed.Broadcast()
}

// checkpoint returns at once unless the engine is paused; then it returns on resume.
func (g *pauser) checkpoint() {
	if g.paused.Load() {
		g.wait()
	}
}

func (g *pauser) wait() {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.waiting = true
	g.changed.Broadcast()
	for g.paused.Load() {
		g.changed.Wait()
	}
	g.waiting = false
}

// pause returns when no event is being handled any more.
func (g *pauser) pause() {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.paused.Store(true)
	for g.paused.Load() && g.running && !g.waiting {
		g.changed.Wait()
	}
}

func (g *pauser) resume() {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.paused.Store(false)
	g.changed.Broadcast()
}
