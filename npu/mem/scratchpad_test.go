package mem

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestSpaceIsReservedUpToTheCapacity(t *testing.T) {
	s := Scratchpad{capacity: 100}
	if !s.Reserve(60) || s.Reserve(41) || !s.Reserve(40) {
		t.Error("60 + 41 bytes of 100 must not be reserved, 60 + 40 must")
	}
	s.Release(40)
	if s.used != 60 || s.peak != 100 {
		t.Errorf("%v in use, at most %v; want 60 and 100", s.used, s.peak)
	}
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), "60B") {
		t.Errorf("60 bytes in use at the end: %v", err)
	}
	s.Release(60)
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a byte was released twice without a panic")
		}
	}()
	s.Release(1)
}

func TestTrafficIsInWholeBursts(t *testing.T) {
	const burst = 64
	for _, c := range []struct {
		what string
		walk isa.Pattern
		want unit.Bytes
	}{
		{"on the borders of bursts", isa.Contiguous(128, 256), 256},
		{"one byte", isa.Contiguous(100, 1), burst},
		{"two bytes of two bursts", isa.Contiguous(63, 2), 2 * burst},
		{"to the last byte of a burst", isa.Contiguous(60, 4), burst},
		{"turns begin at borders, but end between them",
			isa.Pattern{Turn: 32, Planes: 2, PlaneStride: 64, Outer: 3, OuterStride: 128}, 2 * 3 * burst},
		{"only every other plane begins at a border",
			isa.Pattern{Turn: 64, Planes: 4, PlaneStride: 96, Outer: 1}, (1 + 2 + 1 + 2) * burst},
		{"only every other turn does",
			isa.Pattern{Turn: 64, Planes: 1, Outer: 4, OuterStride: 96}, (1 + 2 + 1 + 2) * burst},
		{"the whole walk is shifted",
			isa.Pattern{Base: 32, Turn: 64, Planes: 2, PlaneStride: 128, Outer: 2, OuterStride: 256}, 4 * 2 * burst},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got := burstTraffic(c.walk, burst); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if got := burstTraffic(c.walk, idealBurst); got != c.walk.Bytes() {
				t.Errorf("an ideal memory moves %v of %v", got, c.walk.Bytes())
			}
		})
	}
}
