package result

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/stats"
)

func TestOperatorsOfAPhase(t *testing.T) {
	var c stats.Counts
	c.Operators[0] = stats.Operator{Cycles: 1000, ArrayBusy: 1800, VectorBusy: 40, MACs: 64_000,
		PECycles: 32_000, Bytes: 8000}
	// Operators 1 did nothing. Of the time of 2, which worked beside another one, little passed.
	c.Operators[2] = stats.Operator{Cycles: 10, ArrayBusy: 500, PECycles: 8000, MACs: 8000}
	got := operatorsOf(&c, npu(t), []string{"q_proj", "rope", "scores", "context"})
	if len(got) != 2 || got[0].Name != "q_proj" || got[1].Name != "scores" {
		t.Fatalf("got %+v", got)
	}
	o := got[0]
	expect(t, "time", o.Seconds, 1000/1e9)
	expect(t, "array, a core", o.Array, 1800/1e9/2)
	expect(t, "vector, a core", o.Vector, 40/1e9/2)
	expect(t, "memory", o.Memory, 8000/10e9)
	expect(t, "MACs per byte", o.Intensity, 64_000/8000.0)
	expect(t, "MACs per second", o.Throughput, 64_000/(1000/1e9))
	expect(t, "PEs used", o.Utilisation, 32_000/(4*8*2*1000.0))
	if o.MACs != 64_000 || o.DRAMBytes != 8000 || o.BoundBy != "compute" {
		t.Errorf("got %+v", o)
	}
	expect(t, "PEs used in the time that the arrays were busy", got[1].Utilisation, 8000/(4*8*500.0))
	expect(t, "MACs in the time that the arrays were busy", got[1].Throughput, 8000/(500/1e9/2))
	expect(t, "MACs per byte without bytes", got[1].Intensity, 0)
}

func TestAnOperatorThatOnlyOneUnitSawIsListed(t *testing.T) {
	for _, n := range []stats.Operator{{Cycles: 1}, {ArrayBusy: 1}, {VectorBusy: 1}, {Bytes: 1}} {
		var c stats.Counts
		c.Operators[0] = n
		if got := operatorsOf(&c, npu(t), []string{"x"}); len(got) != 1 {
			t.Errorf("%+v is left out", n)
		}
	}
}

func TestWhatBindsAnOperator(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Operator
		link float64 // seconds
		want string
	}{
		{"memory", Operator{Seconds: 10, Memory: 9, Array: 8, Vector: 7}, 0, "memory"},
		{"array", Operator{Seconds: 10, Memory: 7, Array: 9, Vector: 8}, 0, "compute"},
		{"vector unit", Operator{Seconds: 10, Memory: 7, Array: 8, Vector: 9}, 0, "vector"},
		{"as long in all: memory comes first", Operator{Seconds: 10, Memory: 9, Array: 9, Vector: 9}, 0, "memory"},
		{"as long in array and vector unit: the array comes first",
			Operator{Seconds: 10, Memory: 7, Array: 9, Vector: 9}, 0, "compute"},
		{"links", Operator{Seconds: 10, Memory: 8, Array: 8}, 9, "network"},
		{"links as long as memory", Operator{Seconds: 10, Memory: 9}, 9, "memory"},
		{"none of them for half of the time", Operator{Seconds: 10, Memory: 4.9, Array: 4.8}, 0, "latency"},
		{"one of them for half of the time", Operator{Seconds: 10, Memory: 5}, 0, "memory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.o.bound(c.link, false); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
