package timeline

import (
	"fmt"
	"io"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Run describes a run.
type Run struct {
	Number    int // position in the file, from 0
	Name      string
	Arguments []Argument // of the run's span
	Clock     unit.Hertz
	Peak      float64 // bandwidth of the DRAM in bytes a second, which no window exceeds
	Cores     int
}

// Step is one prefill, or one decode pass.
type Step struct {
	Name      string
	Bits      unit.Bits // weight precision
	KV        int       // tokens attended to
	Cycles    unit.Cycles
	Detail    activity.Detail     // of the recording
	Recording *activity.Recording // nil: only the span of the step is known
	Note      string              // why the detail is less than requested; empty: it is not
}

// Writer writes one run.
type Writer struct {
	run       Run
	p         *packets
	now       unit.Cycles // where the next step begins
	tracks    tracks
	steps     uint64 // tracks
	bits      gauge
	kv        gauge
	bytes     gauge
	space     []gauge
	arguments []Argument
}

// gauge is a counter track and its last value.
type gauge struct {
	track uint64
	last  float64
	set   bool
}

// perSecond is nanoseconds per second.
const perSecond = 1_000_000_000

// NewWriter begins a run.
func NewWriter(out io.Writer, run Run) (*Writer, error) {
	p, err := newPackets(out, uint64(run.Number)+1)
	if err != nil {
		return nil, err
	}
	w := &Writer{run: run, p: p}
	w.tracks.p = p
	w.tracks.last = uint64(run.Number+1) << 32 // track numbers must be unique in the file
	root := w.tracks.add(descriptor{name: run.Name, rank: run.Number})
	w.steps = w.tracks.add(descriptor{parent: root, name: "Steps"})
	for i, c := range []struct {
		g    *gauge
		name string
	}{{&w.bits, "Weight bits"}, {&w.kv, "KV length (tokens)"}, {&w.bytes, "DRAM bandwidth (GB/s)"}} {
		c.g.track = w.tracks.add(descriptor{parent: root, name: c.name, rank: 1 + i, counter: true})
	}
	w.space = make([]gauge, run.Cores)
	for c := range run.Cores {
		of := root
		if run.Cores > 1 {
			of = w.tracks.add(descriptor{parent: root, name: fmt.Sprintf("Core %d", c), rank: 10 + c})
		}
		w.tracks.cores = append(w.tracks.cores, of)
		w.space[c].track = w.tracks.add(descriptor{
			parent: of, name: "Scratchpad in use (bytes)", rank: spaceRank, counter: true})
	}
	w.p.open(0, w.steps, run.Name, run.Arguments)
	return w, p.err
}

// ns returns the time of a cycle of the run in nanoseconds, rounded down.
func (w *Writer) ns(c unit.Cycles) uint64 {
	q, fits := unit.MulDivDown(uint64(c), perSecond, uint64(w.run.Clock))
	if !fits {
		panic(fmt.Sprintf("timeline: cycle %d of a clock of %v has no nanosecond", int64(c), w.run.Clock))
	}
	return q
}

// Step writes the next step.
func (w *Writer) Step(s *Step) error {
	from, to := w.ns(w.now), w.ns(w.now+s.Cycles)
	detail := Argument{Name: "detail", Text: s.Detail.String()}
	if s.Note != "" {
		detail.Text += ": " + s.Note
	}
	w.p.open(from, w.steps, s.Name, []Argument{{Name: "cycles", Value: int64(s.Cycles)},
		{Name: "weight bits", Value: int64(s.Bits)}, {Name: "KV length", Value: int64(s.KV)}, detail})
	w.count(&w.bits, w.now, int64(s.Bits))
	w.count(&w.kv, w.now, int64(s.KV))
	if s.Recording != nil {
		w.spans(s)
		w.bandwidth(s)
		w.scratchpads(s)
	}
	w.p.close(to, w.steps)
	w.now += s.Cycles
	return w.p.err
}

// Close ends the run.
func (w *Writer) Close() error {
	w.p.close(w.ns(w.now), w.steps, Argument{Name: "cycles", Value: int64(w.now)})
	if w.bytes.set {
		w.p.measure(w.ns(w.now), w.bytes.track, 0)
	}
	w.p.flush()
	return w.p.err
}
