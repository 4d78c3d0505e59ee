//go:build cuda

package driver

// #include <cuda.h>
import "C"

import (
	"time"

	"gorgonia.org/cu"
)

// Stream is a queue of work on the device.
type Stream struct{ stream cu.Stream }

// NewStream makes a stream that does not wait for the default one.
func NewStream() (Stream, error) {
	s, err := cu.MakeStream(cu.NonBlocking)
	return Stream{s}, told("cuStreamCreate", err)
}

// Wait waits until all work in a stream is done, and returns the error of a kernel that failed.
func (s Stream) Wait() error { return told("cuStreamSynchronize", s.stream.Synchronize()) }

// Close frees a stream.
func (s *Stream) Close() error { return told("cuStreamDestroy", s.stream.Destroy()) }

// Graph is captured work that is launched as a whole.
type Graph struct {
	exec  C.CUgraphExec
	Nodes int
}

// Capture makes a graph of the work that a function puts into a stream, without running it.
func (s Stream) Capture(put func() error) (*Graph, error) {
	if err := check("cuStreamBeginCapture", C.cuStreamBeginCapture(s.handle(), C.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)); err != nil {
		return nil, err
	}
	failed := put()
	var g C.CUgraph // also after a failure: the stream stays in capture mode otherwise
	ended := check("cuStreamEndCapture", C.cuStreamEndCapture(s.handle(), &g))
	if g != nil {
		defer C.cuGraphDestroy(g)
	}
	if failed != nil {
		return nil, failed
	}
	if ended != nil {
		return nil, ended
	}
	var n C.size_t
	if err := check("cuGraphGetNodes", C.cuGraphGetNodes(g, nil, &n)); err != nil {
		return nil, err
	}
	x := &Graph{Nodes: int(n)}
	if err := check("cuGraphInstantiateWithFlags", C.cuGraphInstantiateWithFlags(&x.exec, g, 0)); err != nil {
		return nil, err
	}
	return x, check("cuGraphUpload", C.cuGraphUpload(x.exec, s.handle())) // so that the first launch takes as long as the others
}

// Launch puts a graph into a stream.
func (g *Graph) Launch(s Stream) error {
	return check("cuGraphLaunch", C.cuGraphLaunch(g.exec, s.handle()))
}

// Close frees a graph.
func (g *Graph) Close() error { return check("cuGraphExecDestroy", C.cuGraphExecDestroy(g.exec)) }

// Event is a point in a stream whose time the device takes, to about half a microsecond by the driver's manual.
type Event struct{ event cu.Event }

// NewEvent makes an event.
func NewEvent() (Event, error) {
	e, err := cu.MakeEvent(cu.DefaultEvent)
	return Event{e}, told("cuEventCreate", err)
}

// Record puts an event into a stream that is not being captured.
func (e Event) Record(s Stream) error { return told("cuEventRecord", e.event.Record(s.stream)) }

// Mark puts an event into a stream that is being captured, as a node of the graph, so that each launch records it.
// Record would only add a dependency.
func (e Event) Mark(s Stream) error {
	return check("cuEventRecordWithFlags", C.cuEventRecordWithFlags(e.handle(), s.handle(), C.CU_EVENT_RECORD_EXTERNAL))
}

// Wait waits until an event has happened, and returns the error of a kernel before it that failed.
func (e Event) Wait() error { return told("cuEventSynchronize", e.event.Synchronize()) }

// Since returns the device's time from another event to this one; both must have happened.
func (e Event) Since(from Event) (time.Duration, error) {
	ms, err := from.event.Elapsed(e.event)
	return time.Duration(ms * float64(time.Millisecond)), told("cuEventElapsedTime", err)
}

// Close frees an event.
func (e *Event) Close() error { return told("cuEventDestroy", cu.DestroyEvent(&e.event)) }
