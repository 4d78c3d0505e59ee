package dram

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestUnequalTransfersSplitTheChannelsAndEqualOnesJoinThem(t *testing.T) {
	s := mustNew(t, Options{Channels: 4}, "lpddr5-6400")
	s.Submit(Transfer{Walk: isa.Contiguous(0, unit.MiB)})
	if len(s.groups) != 1 {
		t.Fatalf("%d groups after an equal transfer", len(s.groups))
	}
	s.Submit(Transfer{Walk: isa.Contiguous(unit.MiB, 512)})
	if len(s.groups) != 2 {
		t.Fatalf("%d groups after 512 B, which fall on two channels", len(s.groups))
	}
	s.Submit(Transfer{Walk: isa.Contiguous(2*unit.MiB, unit.MiB), Release: 100_000})
	if len(s.groups) != 1 {
		t.Errorf("%d groups after an idle time with refreshes and an equal transfer; the states are equal", len(s.groups))
	}
	s.Finish(200_000)
	if n := s.Counts().Reads; n != (2<<20+512)/32 {
		t.Errorf("%d reads for 2 MiB + 512 B", n)
	}
}

func TestARepeatedHistoryIsNotSteppedAgain(t *testing.T) {
	s := mustNew(t, Options{Channels: 4}, "lpddr5-6400")
	play := func() {
		for i := range int64(50) {
			w := isa.Contiguous(unit.Bytes(i)*300*unit.KiB, 300*unit.KiB)
			s.Submit(Transfer{ID: i, Walk: w, Write: i%10 == 9, Release: i * 9000})
			s.Settle()
		}
		s.Finish(600_000)
	}
	play()
	first, stepped := s.Counts(), memoOf(s).steps
	s.Reset()
	play()
	if s.Counts() != first {
		t.Errorf("the repetition counts %+v, the first time %+v", s.Counts(), first)
	}
	if again := memoOf(s).steps - stepped; again != 0 {
		t.Errorf("%d clocks were stepped again", again)
	}
}

func TestMemoryOfTheMemoIsBoundedAndOfNoConsequence(t *testing.T) {
	play := func(limit int) (clock int64, s *System) {
		s = mustNew(t, Options{Channels: 1}, "lpddr5-6400")
		memoOf(s).set.limit = limit
		for i := range int64(200) {
			s.Submit(Transfer{ID: i, Walk: isa.Contiguous(unit.Bytes(i*777_777), 30_000)})
			if n := memoOf(s).bytes; n > limit+20*stateBytes {
				t.Fatalf("memo holds %d B with a limit of %d", n, limit)
			}
		}
		done := s.Settle()
		return done[len(done)-1].Clock, s
	}
	free, _ := play(memoLimit)
	tight, s := play(10 * stateBytes)
	if free != tight {
		t.Errorf("last completion at %d with a tight memo, %d with a large one", tight, free)
	}
	if memoOf(s).generation == 0 {
		t.Error("the tight memo never forgot")
	}
}

func TestEmptyTransfersAreDoneAtTheirRelease(t *testing.T) {
	s := mustNew(t, Options{Channels: 2}, "lpddr5-6400")
	s.Submit(Transfer{ID: 5, Release: 77})
	done := s.TakeDone()
	if len(done) != 1 || done[0] != (Done{ID: 5, Clock: 77}) || s.Accepted() != 77 {
		t.Errorf("done %v, accepted %d", done, s.Accepted())
	}
}

func TestReleasesThatRunBackwardsPanic(t *testing.T) {
	s := mustNew(t, Options{Channels: 1}, "lpddr5-6400")
	s.Submit(Transfer{ID: 1, Release: 10})
	defer func() {
		const want = "dram: transfer 2 is released at clock 9, after one at 10"
		if got := recover(); got != want {
			t.Errorf("panic %v, want %q", got, want)
		}
	}()
	s.Submit(Transfer{ID: 2, Release: 9})
}

// TestIrregularWalksOfEqualShapeAreToldApart repeats a walk whose strides are no multiple of the channel interleave
// from
// starts that look alike to a channel, but where its turns are cut differently.
func TestIrregularWalksOfEqualShapeAreToldApart(t *testing.T) {
	p := newPair(t, Options{Standard: spec.MustLookup("lpddr5-6400"), Channels: 4})
	for id := range int64(400) {
		w := isa.Pattern{Base: unit.Bytes(32 * (id * 7 % 64)), Turn: 288, Planes: 1, Outer: 30, OuterStride: 1024 + 96}
		p.submit(Transfer{ID: id, Walk: w, Release: id * 5000})
	}
}
