//go:build cuda

package cuda

import (
	"fmt"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// graphOf is which graph: the precisions; of a decode pass, whether events are between its kernels; of a chunk of prefill, its
// rows, and whether it is the last one.
type graphOf struct {
	at    precision.Assignment
	apart bool
	rows  int // 0: a decode pass
	last  bool
}

// graph returns the graph of kernels that a function puts into the stream, which is captured when it is first asked for. An event
// before the kernels and one behind them are nodes of it, too: what the host takes to submit a graph is before the first, where
// an event that the host puts into an idle stream happens at once. Behind the events what was chosen goes to the host.
func (s *sequence) graph(of graphOf, put func() error) (*driver.Graph, error) {
	if g := s.graphs[of]; g != nil {
		return g, nil
	}
	stream := s.backend.stream
	g, err := stream.Capture(func() error {
		if err := s.marks[0].Mark(stream); err != nil {
			return err
		}
		if err := put(); err != nil {
			return err
		}
		if err := s.marks[len(s.marks)-1].Mark(stream); err != nil {
			return err
		}
		return driver.Fetch(s.told, s.stats, stream)
	})
	if err != nil {
		return nil, fmt.Errorf("capturing a pass: %w", err)
	}
	s.graphs[of] = g
	return g, nil
}

// replay runs a graph and returns the device's time of its kernels.
func (s *sequence) replay(g *driver.Graph) (time.Duration, error) {
	if err := g.Launch(s.backend.stream); err != nil {
		return 0, err
	}
	if err := s.backend.stream.Wait(); err != nil {
		return 0, err
	}
	return s.marks[len(s.marks)-1].Since(s.marks[0])
}

// times adds what was measured, and the times between ops; nothing of an emulation.
func (s *sequence) times(p *gpu.Pass, took, wall time.Duration, apart bool) error {
	var ops []int64
	if apart {
		for i := range s.backend.ops {
			took, err := s.marks[i+1].Since(s.marks[i])
			if err != nil {
				return err
			}
			ops = append(ops, took.Nanoseconds())
		}
	}
	if s.backend.device.Info.Emulated() {
		return nil
	}
	step, host := took.Nanoseconds(), wall.Nanoseconds()
	p.StepNS, p.OpNS = &step, ops
	if s.backend.now != nil {
		p.WallNS = &host
	}
	return nil
}

// forget frees the graphs of prefill, which a sequence has once. It must not fail a pass: what is not freed goes with the device.
func (s *sequence) forget() {
	for of, g := range s.graphs {
		if of.rows > 0 {
			_ = g.Close()
			delete(s.graphs, of)
		}
	}
}
