package mem

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Scratchpad accounts for the space that streams take in a core's on-chip memory. Space is taken by whole tiles before they
// are fetched and given back when they have been worked on and, if they are outputs, written: its size is what limits
// how far the DMA runs ahead.
type Scratchpad struct {
	capacity, used, peak unit.Bytes
}

// Reserve takes n bytes, or nothing if they are not there.
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

// Check proves that no space is taken.
func (s *Scratchpad) Check() error {
	if s.used != 0 {
		return fmt.Errorf("mem: %v of the scratchpad were reserved and not released", s.used)
	}
	return nil
}
