package cpu_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
)

// A clock that ticks once a reading gives every measurement the same time: rates follow by hand, and products of one
// vector and of many cannot be told apart.
func TestMeasureRefusesAClockThatTellsNothing(t *testing.T) {
	var now time.Duration
	_, err := cpu.Measure(t.Context(), gputest.Random(t, "llama", 1), cpu.MeasureOptions{Workers: 1, Repeats: 1,
		Now: func() time.Duration { now += time.Millisecond; return now }})
	if err == nil || !strings.Contains(err.Error(), "too busy to measure") {
		t.Errorf("got %v", err)
	}
}

func TestMeasureFindsUnpackingBesideProducts(t *testing.T) {
	const each, unpack = 10 * time.Microsecond, 70 * time.Microsecond // of a vector; of a matrix
	var now time.Duration
	reading, product := 0, 0
	h, err := cpu.Measure(t.Context(), gputest.Random(t, "llama", 1), cpu.MeasureOptions{Workers: 1, Repeats: 1, Now: func() time.Duration {
		if reading++; reading%2 == 0 { // the end of a measurement: copies, hand-overs, norms, five products of a vector, one of 16
			product++
			switch {
			case product <= 3:
				now += time.Millisecond
			case product <= 8:
				now += unpack + each
			default:
				now += unpack + 16*each
			}
		}
		return now
	}})
	if err != nil {
		t.Fatal(err)
	}
	const weights = 2 * 704 * 256 // gate and up
	near := func(what string, got, want float64) {
		t.Helper()
		if got < want*0.999 || got > want*1.001 {
			t.Errorf("%s: %g, want %g", what, got, want)
		}
	}
	near("MAC/s", h.MACs, weights/each.Seconds())
	for _, bits := range []int{2, 3, 4, 8, 16} {
		near("weights a second", h.Unpacked[bits], weights/unpack.Seconds())
	}
	near("elements of norms a second", h.NormsElements, 100*256/1e-3)
	near("bytes a second", h.CopyBytes, 2*256<<20/1e-3)
	if h.Handover != 10*time.Microsecond {
		t.Errorf("a hand-over takes %v", h.Handover)
	}
}

func TestMeasureEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	cancel(stop)
	_, err := cpu.Measure(ctx, gputest.Random(t, "llama", 1), cpu.MeasureOptions{Workers: 1, Repeats: 1, Now: func() time.Duration { return 0 }})
	if !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}
