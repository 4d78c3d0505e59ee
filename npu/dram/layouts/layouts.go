package layouts

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Mapping is an address mapping under test.
type Mapping struct {
	Name   string // empty: it has none
	Fields string // co2,bg2,ba2,co4,ro16
	Hash   bool   // bank bits XOR low row bits
}

// Mappings are the three orders of address bits between which a memory controller chooses, without those that are equal on
// a standard.
func Mappings(s *spec.Standard, channels int) []Mapping {
	var all []Mapping
	for _, m := range []Mapping{
		{Name: "row-linear", Fields: spec.RowLinearMapping(s, channels)},
		{Name: "row-local", Fields: spec.RowLocalMapping(s, channels)},
		{Name: "page-interleaved", Fields: spec.DefaultMapping(s, channels)},
	} {
		if !slices.ContainsFunc(all, func(o Mapping) bool { return o.Fields == m.Fields }) {
			all = append(all, m)
		}
	}
	return all
}

// Spec is a sweep: every mapping with every layout with every number of planes.
type Spec struct {
	Standard *spec.Standard
	Channels int
	Refresh  spec.Refresh
	Postpone int // refreshes that may wait for requests
	Mappings []Mapping
	Layouts  []config.Weights
	Planes   []int      // that a pass reads; the most of them are stored
	Bytes    unit.Bytes // about what a pass reads
	Workers  int        // cells that are simulated at the same time; they do not depend on it
}

// Row is a cell of the sweep.
type Row struct {
	Standard   string  `json:"standard"`
	Channels   int     `json:"channels"`
	Mapping    string  `json:"mapping"`
	BankHash   bool    `json:"bank_hash"`
	Refresh    string  `json:"refresh"`
	Postpone   int     `json:"postpone"` // refreshes, at most
	Layout     string  `json:"layout"`
	Chunk      int64   `json:"chunk_bytes"` // of a plane in a turn on a channel; 0: no turns
	Skew       int64   `json:"skew_bytes"`
	Planes     int     `json:"planes"` // that are read
	Stored     int     `json:"stored"`
	Bytes      int64   `json:"bytes"`
	Clocks     int64   `json:"clocks"` // until the last datum
	Activates  int64   `json:"activates"`
	Efficiency float64 `json:"efficiency"` // share of the peak, 0 to 1
	Bandwidth  float64 `json:"bandwidth_bytes_per_second"`
}

// Run simulates the cells, in the order mappings, layouts, planes. Progress, if not nil, is called from several goroutines.
func Run(ctx context.Context, s *Spec, progress func(done, total int64)) ([]Row, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	rows := make([]Row, len(s.Mappings)*len(s.Layouts)*len(s.Planes))
	var mu sync.Mutex
	done := int64(0)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(s.Workers, 1))
	for i := range rows {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			p := i % len(s.Planes)
			l := i / len(s.Planes) % len(s.Layouts)
			m := i / len(s.Planes) / len(s.Layouts)
			row, err := s.cell(s.Mappings[m], s.Layouts[l], s.Planes[p])
			rows[i] = row
			mu.Lock()
			defer mu.Unlock()
			if done++; progress != nil {
				progress(done, int64(len(rows)))
			}
			return err
		})
	}
	return rows, group.Wait()
}

func (s *Spec) validate() error {
	for _, n := range s.Planes {
		if n < 1 {
			return fmt.Errorf("layouts: %d planes; accepted: 1 or more", n)
		}
		for _, w := range s.Layouts {
			if w.Layout == config.Packed {
				continue
			}
			switch b := s.Standard.Burst; {
			case w.Chunk < b || w.Chunk%b != 0 || w.Skew%b != 0 || w.Skew < 0:
				return fmt.Errorf("layouts: %v: chunk and skew must be multiples of a burst of %v", w, b)
			case s.Bytes < w.Chunk*unit.Bytes(s.Channels*n):
				return fmt.Errorf("layouts: %v of traffic are less than one turn of %d planes of %v on %d channels", s.Bytes, n, w.Chunk, s.Channels)
			}
		}
	}
	return nil
}

// cell streams one pass through channels at power-on.
func (s *Spec) cell(m Mapping, w config.Weights, planes int) (Row, error) {
	system, err := dram.New(dram.Options{Standard: s.Standard, Channels: s.Channels, Mapping: m.Fields, BankHash: m.Hash,
		Refresh: s.Refresh, Postpone: s.Postpone})
	if err != nil {
		return Row{}, err
	}
	walk := s.walk(w, planes, unit.Bytes(system.Mapping().Stripe()))
	system.Submit(dram.Transfer{Walk: walk})
	clocks := int64(0)
	for _, done := range append(system.TakeDone(), system.Settle()...) {
		clocks = max(clocks, done.Clock)
	}
	system.Finish(clocks)
	r := Row{Standard: s.Standard.Name, Channels: s.Channels, Mapping: system.Mapping().String(), BankHash: m.Hash, Refresh: s.Refresh.String(),
		Postpone: s.Postpone, Layout: w.String(), Chunk: int64(w.Chunk), Skew: int64(w.Skew), Planes: planes, Stored: slices.Max(s.Planes), Bytes: int64(walk.Bytes()),
		Clocks: clocks, Activates: system.Counts().Activates}
	if w.Layout == config.Packed {
		r.Chunk = 0
	}
	r.Bandwidth = float64(r.Bytes) / (float64(clocks) * float64(s.Standard.TCK) / 1e15)
	r.Efficiency = r.Bandwidth / float64(s.Standard.PeakBytesPerSecond(s.Channels))
	return r, nil
}

// walk is the traffic of a pass that reads so many planes. As in package compile, a turn puts a chunk on every channel,
// unless chunks are smaller than what the mapping keeps on a channel: then they lie side by side there.
func (s *Spec) walk(w config.Weights, planes int, stripe unit.Bytes) isa.Pattern {
	if w.Layout == config.Packed {
		return isa.Contiguous(0, s.Bytes)
	}
	turn := w.Chunk * unit.Bytes(s.Channels)
	if turn < stripe {
		turn = w.Chunk
	}
	p := isa.Pattern{Turn: turn, Planes: planes, Outer: int(s.Bytes / (turn * unit.Bytes(planes)))}
	if w.Layout == config.Interleaved {
		p.PlaneStride, p.OuterStride = turn, turn*unit.Bytes(slices.Max(s.Planes))
		return p
	}
	region := unit.Bytes(1) << bits.Len64(uint64(s.Bytes)/uint64(planes)-1) // that a region fits into
	p.PlaneStride, p.OuterStride = region+w.Skew, turn
	return p
}
