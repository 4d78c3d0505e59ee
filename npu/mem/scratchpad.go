package mem

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Scratchpad accounts for the space of streams in a core's on-chip memory. The DMA reserves space for a whole tile,
// loads and output, before it fetches the tile, and gives it back when the unit has finished with the tile and its
// output is written. So the capacity limits how far the DMA runs ahead.
type Scratchpad struct {
	capacity, used, peak unit.Bytes
}

// Reserve takes n bytes and reports whether so many were free; if not, it takes nothing.
func (s *Scratchpad) Reserve(n unit.Bytes) bool {
	if s.used+n > s.capacity {
		return false
	}
	s.used += n
	s.peak = max(s.peak, s.used)
	return true
}

// Release gives n bytes back.
func (s *Scratchpad) Release(n unit.Bytes) {
	if s.used -= n; s.used < 0 {
		panic(fmt.Sprintf("mem: %v of scratchpad released that were not reserved", -s.used))
	}
}

// Check returns an error if any space is still reserved.
func (s *Scratchpad) Check() error {
	if s.used != 0 {
		return fmt.Errorf("mem: %v of the scratchpad were reserved and not released", s.used)
	}
	return nil
}
