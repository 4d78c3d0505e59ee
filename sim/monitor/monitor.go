package monitor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/sim/engine"
)

// Monitor is a server that runs as long as a simulation.
type Monitor struct {
	ctx      context.Context
	stop     context.CancelFunc
	listener net.Listener
	server   *http.Server
	load     func() Load
	requests chan func() // for the goroutine that simulates

	// Used by the simulating goroutine only.
	engine     *engine.Engine
	components []akita.Component
	paused     bool

	bars struct {
		sync.Mutex
		all []Bar
	}
}

// Load is the process's use of the computer.
type Load struct {
	CPU    float64 `json:"cpu_percent"` // of one core
	Memory uint64  `json:"memory_size"` // bytes
}

// Bar is a progress bar.
type Bar struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Start      time.Time `json:"start_time"`
	Total      uint64    `json:"total"`
	Finished   uint64    `json:"finished"`
	InProgress uint64    `json:"in_progress"`
}

// pollEvents is how many events pass between two polls for requests. An event takes a quarter of a microsecond or more.
const pollEvents = 256

// answerTimeout is how long a request waits for the simulation to answer it.
const answerTimeout = 30 * time.Second

// mostOfARequest is how many bytes the head of a request may have, and how many its body.
const mostOfARequest = 64 << 10

// Listen starts a monitor on a port of 127.0.0.1; port 0 takes any that is free. It ends with Close, or when ctx does.
func Listen(ctx context.Context, port int, load func() Load) (*Monitor, error) {
	listener, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	m := &Monitor{listener: listener, load: load, requests: make(chan func())}
	m.ctx, m.stop = context.WithCancel(ctx)
	m.server = &http.Server{Handler: http.MaxBytesHandler(m.ownPage(m.routes()), mostOfARequest), MaxHeaderBytes: mostOfARequest,
		ReadHeaderTimeout: answerTimeout, ReadTimeout: answerTimeout, IdleTimeout: time.Minute}
	go func() { _ = m.server.Serve(listener) }() // it returns when the server is closed
	return m, nil
}

// URL returns the address of the page.
func (m *Monitor) URL() string { return "http://" + m.listener.Addr().String() + "/" }

// Close ends the monitor: waiting requests get an error, and a paused simulation continues.
func (m *Monitor) Close() {
	m.stop()
	_ = m.server.Close() // an error has no one left to report to
}

// Watch makes the monitor show a machine from now on. The goroutine that will run the engine must call it before the
// run.
func (m *Monitor) Watch(e *engine.Engine, parts []akita.Component) {
	m.engine, m.components = e, parts
	e.Observe(pollEvents, m.poll)
}

// Show replaces the progress bars.
func (m *Monitor) Show(bars ...Bar) {
	m.bars.Lock()
	defer m.bars.Unlock()
	m.bars.all = bars
}

// poll answers pending requests, and returns when the simulation is not paused.
func (m *Monitor) poll() error {
	for {
		select {
		case f := <-m.requests:
			f()
			continue
		default:
		}
		if !m.paused {
			return nil
		}
		select {
		case f := <-m.requests:
			f()
		case <-m.ctx.Done():
			m.paused = false
		}
	}
}

var (
	errBusy  = errors.New("the simulation is between two steps; ask again")
	errEnded = errors.New("the run has ended")
)

// ask runs f on the simulating goroutine, between two events. A panic in f becomes an error of the answer, not of the
// run.
func (m *Monitor) ask(f func() error) error {
	answer := make(chan error, 1)
	late := time.NewTimer(answerTimeout)
	defer late.Stop()
	select {
	case m.requests <- func() { answer <- recovered(f) }:
		return <-answer
	case <-m.ctx.Done():
		return errEnded
	case <-late.C:
		return errBusy
	}
}

func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	return f()
}
