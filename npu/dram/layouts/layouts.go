package layouts

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
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

// Mappings returns the three orders of address bits among which memory controllers choose, each once if some are equal
// on the standard.
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
	Bytes    unit.Bytes // that a pass reads, roughly
	Workers  int        // cells that are simulated at the same time; results do not depend on it
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

// At returns the index of the cell of a mapping, a layout and a number of planes, each given by its index in the Spec.
func (s *Spec) At(mapping, layout, planes int) int {
	return (mapping*len(s.Layouts)+layout)*len(s.Planes) + planes
}

// Cells returns the number of cells.
func (s *Spec) Cells() int { return len(s.Mappings) * len(s.Layouts) * len(s.Planes) }

// Cell returns the mapping, the layout and the number of planes of the cell with an index. It is the inverse of At.
func (s *Spec) Cell(at int) (Mapping, config.Weights, int) {
	perMapping := len(s.Layouts) * len(s.Planes)
	return s.Mappings[at/perMapping], s.Layouts[at%perMapping/len(s.Planes)], s.Planes[at%len(s.Planes)]
}

// Validate returns an error if no pass can read one of the cells.
func (s *Spec) Validate() error {
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
				return fmt.Errorf("layouts: %v: a chunk or a skew is no multiple of a burst; accepted: multiples of %v", w, b)
			case s.Bytes < w.Chunk*unit.Bytes(s.Channels*n):
				return fmt.Errorf("layouts: %v of traffic are less than one turn of %d planes of %v on %d channels",
					s.Bytes, n, w.Chunk, s.Channels)
			}
		}
	}
	return nil
}

// Walk returns the traffic of a pass that reads so many planes. As in npu/compile, a turn puts a chunk on every
// channel, unless that is less than a stripe of the mapping: then a turn is one chunk.
func (s *Spec) Walk(w config.Weights, planes int, stripe unit.Bytes) isa.Pattern {
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
	region := unit.Bytes(1) << bits.Len64(uint64(s.Bytes)/uint64(planes)-1) // the least power of two that holds a plane
	p.PlaneStride, p.OuterStride = region+w.Skew, turn
	return p
}
