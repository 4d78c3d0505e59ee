package replay

import (
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/result"
)

// apart simulates jobs, each with machines of its own, of which nobody takes counts from another.
func apart(t *testing.T, jobs ...Job) (all []*result.Result) {
	t.Helper()
	for _, j := range jobs {
		p, err := Prepare(j)
		if err != nil {
			t.Fatal(err)
		}
		rs, err := Run(t.Context(), []*Prepared{p}, Options{Workers: 1, Built: func(*npu.Machine) {}})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rs...)
	}
	return all
}

// Two schedules that change at other passes have the same programs where their bits agree; on an NPU of another
// process all programs are the same, and energies are not.
func TestEqualStepsAreSimulatedOnce(t *testing.T) {
	a := short(t, "edge-lpddr5", "llama-3.2-1b", "static:4>2@3", 40, 7)
	b := short(t, "edge-lpddr5", "llama-3.2-1b", "static:4>2@5", 40, 7)
	c := a
	other := *a.Config
	if err := other.Set([]string{"process=28nm"}); err != nil {
		t.Fatal(err)
	}
	c.Config = &other
	want := apart(t, a, b, c)
	if want[0].EnergyJoules == want[2].EnergyJoules {
		t.Fatal("another process has the same energy")
	}
	for _, workers := range []int{1, 3} {
		prepared, err := PrepareAll([]Job{a, b, c})
		if err != nil {
			t.Fatal(err)
		}
		pool := new(MachinePool)
		for range 2 { // the second time all of them are known
			got, err := Run(t.Context(), prepared, Options{Workers: workers, Machines: pool})
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if !reflect.DeepEqual(got[i].Counts, want[i].Counts) || got[i].EnergyJoules != want[i].EnergyJoules {
					t.Errorf("%d workers, job %d: counts are those of another step", workers, i)
				}
			}
			// Seven steps of a; of b those between its change and a's, with that change; none of c.
			if n := len(pool.known.steps); n != 7+3 {
				t.Errorf("%d workers: %d steps are simulated, want 10", workers, n)
			}
		}
	}
}

func TestWhoComesSecondWaitsForTheFirst(t *testing.T) {
	var k known
	var runs atomic.Int64
	begin := make(chan struct{})
	var g sync.WaitGroup
	for range 4 {
		g.Go(func() {
			c, err := k.of(t.Context(), "m", &isa.Program{Tokens: 1}, func() (stats.Counts, error) {
				runs.Add(1)
				<-begin
				return stats.Counts{Cycles: 7}, nil
			})
			if err != nil || c.Cycles != 7 {
				t.Errorf("%v, %v", c.Cycles, err)
			}
		})
	}
	close(begin)
	g.Wait()
	if n := runs.Load(); n != 1 {
		t.Errorf("%d simulations of one step", n)
	}
	for _, other := range []struct {
		machine string
		p       isa.Program
	}{{"n", isa.Program{Tokens: 1}}, {"m", isa.Program{Tokens: 2}}} {
		if c, _ := k.of(t.Context(), other.machine, &other.p, func() (stats.Counts, error) { return stats.Counts{Cycles: 9}, nil }); c.Cycles != 9 {
			t.Errorf("%+v has the counts of another step", other)
		}
	}
}

func TestAStepThatFailedIsNotKnown(t *testing.T) {
	var k known
	fault := errors.New("fault")
	for range 2 {
		if _, err := k.of(t.Context(), "m", &isa.Program{}, func() (stats.Counts, error) { return stats.Counts{}, fault }); !errors.Is(err, fault) {
			t.Errorf("%v", err)
		}
	}
	if len(k.steps) > 0 {
		t.Error("a failed step is kept")
	}
}
