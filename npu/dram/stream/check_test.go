package stream_test

import (
	"sync/atomic"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/dram/stream"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

func TestACheckRunsWhatWasAskedFor(t *testing.T) {
	var calls, total atomic.Int64
	rows, err := stream.Check(t.Context(), stream.CheckOptions{Standard: "lpddr4x-4266", Quick: true, Workers: 2, Progress: func(_, n int64) {
		calls.Add(1)
		total.Store(n)
	}})
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, r := range rows {
		if r.Standard != "lpddr4x-4266" || r.Stream.Planes > 1 || r.Stream.Write > 0 {
			t.Errorf("%s: %s, %v", r.ID, r.Standard, r.Stream)
		}
		if (r.Result == nil) != (r.Rule == stream.Skipped) {
			t.Errorf("%s: rule %v, result %v", r.ID, r.Rule, r.Result)
		}
		if r.Result != nil {
			ran++
		}
		if v := r.Verdict(); v == stream.Failed || v == "equal-decimal" {
			t.Errorf("%s: %s", r.ID, v)
		}
	}
	// Rows that differ only in who else ran them are run once.
	if n := calls.Load(); n != total.Load() || n == 0 || n > int64(ran) {
		t.Errorf("progress was called %d times, of %d streams; %d rows ran", n, total.Load(), ran)
	}
}

func TestARowThatIsNotNearFails(t *testing.T) {
	if simtest.Racing {
		t.Skip("many clocks, and nothing that is concurrent")
	}
	rows, err := stream.Check(t.Context(), stream.CheckOptions{Standard: "lpddr4x-4266", Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	near := 0
	for _, r := range rows {
		if r.Rule != stream.Near {
			continue
		}
		near++
		for percent, want := range map[int64]string{99: "near", 96: stream.Failed, 104: stream.Failed} {
			off := r
			if off.Cycles = r.Result.Cycles * percent / 100; percent == 99 {
				off.Cycles = r.Result.Cycles*995/1000 + 1
			}
			if v := off.Verdict(); v != want {
				t.Errorf("%s, reference of %d %% of our clocks: %s, want %s", r.ID, percent, v, want)
			}
		}
	}
	if near != 3 {
		t.Errorf("%d rows are near, want 3", near)
	}
}

func TestARowOutsideItsToleranceFails(t *testing.T) {
	rows, err := stream.Check(t.Context(), stream.CheckOptions{Standard: spec.Ramulator + "ddr4-3200", Quick: true, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		before := r.Verdict()
		r.Cycles, r.Percent = r.Cycles+1, r.Percent+9
		judged := r.Rule == stream.Equal || r.Rule == stream.EqualDecimal || r.Rule == stream.Close
		if failed := r.Verdict() == stream.Failed; failed != judged || before == stream.Failed {
			t.Errorf("%s, rule %v: %s, and one clock and 9 points off %s", r.ID, r.Rule, before, r.Verdict())
		}
	}
}
