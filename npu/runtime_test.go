package npu

import (
	"fmt"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

const nanosecond unit.Femtoseconds = 1e6 // a cycle of tiny

// dispatching is tiny with a runtime that takes so many cycles a dispatch.
func dispatching(dispatch unit.Femtoseconds, p config.Prefetch) *config.Config {
	c := tiny()
	c.Runtime = config.Runtime{Class: config.PerOp, Dispatch: dispatch * nanosecond, Prefetch: p}
	return c
}

// pieces gives ops the pieces of a program.
func pieces(of []int, ops ...isa.Op) []isa.Op {
	for i := range ops {
		ops[i].Piece = of[i]
	}
	return ops
}

func TestADispatchBeginsWhenThePieceBeforeIsComplete(t *testing.T) {
	const dispatch, work = 2000, 50
	const loads = launch + hop + network + 1000 + network
	const works = hop + work + fill + hop
	chain := func() []isa.Op { return []isa.Op{product("p", 1, work), product("q", 1, work, 0)} }
	stored := chain()
	stored[0].Stores = []isa.Slice{{Data: isa.ActWrite, Tile: isa.Contiguous(8000, 500), Last: isa.Contiguous(8000, 500)}}
	for _, c := range []struct {
		what     string
		prefetch config.Prefetch
		ops      []isa.Op
		want     unit.Cycles
	}{
		{"loads behind each dispatch", config.PrefetchOp, pieces([]int{0, 1}, chain()...), 2 * (dispatch + loads + works)},
		{"loads of all pieces behind no dispatch", config.PrefetchProgram, pieces([]int{0, 1}, chain()...), 2 * (dispatch + works)},
		{"one piece, one dispatch; its second op's load hides", config.PrefetchOp, pieces([]int{3, 3}, chain()...),
			dispatch + loads + 1000 + works},
		{"a piece is complete with its stores", config.PrefetchProgram, pieces([]int{0, 1}, stored...),
			2*(dispatch+works) + network + 500 + network + hop},
		{"a piece is complete with all of its ops, although nobody waits for them", config.PrefetchProgram,
			pieces([]int{0, 1}, product("p", 1, work), sum("a", 40)), dispatch + works + dispatch + hop + 3 + 10 + hop},
	} {
		t.Run(c.what, func(t *testing.T) {
			n := run(t, dispatching(dispatch, c.prefetch), c.ops...)
			if n.Cycles != c.want {
				t.Errorf("got %d cycles, want %d", n.Cycles, c.want)
			}
			many := int64(c.ops[len(c.ops)-1].Piece - c.ops[0].Piece + 1)
			if n.Dispatches != many || n.ByKind[isa.Dispatch] != unit.Cycles(many*dispatch) || n.DispatchBusy != n.ByKind[isa.Dispatch] {
				t.Errorf("%d dispatches in %d cycles, %d of them charged", n.Dispatches, n.DispatchBusy, n.ByKind[isa.Dispatch])
			}
		})
	}
}

func TestTheHostWorksBehindADecodePass(t *testing.T) {
	const host = 300
	c := dispatching(0, config.PrefetchProgram)
	c.Runtime.HostPerToken = host * nanosecond
	m, err := new(MachineSet).New(c)
	if err != nil {
		t.Fatal(err)
	}
	program := isa.Program{Name: "p", Ops: []isa.Op{product("p", 1, 50), sum("a", 40, 0)}, Operators: []string{"p", "dispatch", "host"},
		Runtime: isa.Runtime{Dispatch: 1, Host: 2}}
	var n [2]stats.Counts
	for i := range n {
		program.Decode = i == 1
		if n[i], err = m.Run(&program); err != nil {
			t.Fatal(err)
		}
	}
	if n[1].Cycles != n[0].Cycles+host || n[1].ByKind[isa.Host] != host || n[1].HostBusy != host || n[1].Operators[2].Runtime != host {
		t.Errorf("%d cycles, %d of the host, %d of its operator; %d without it", n[1].Cycles, n[1].HostBusy, n[1].Operators[2].Runtime, n[0].Cycles)
	}
	r := activity.New(activity.Ops, &program, 1)
	m.Observe(r)
	if _, err := m.Run(&program); err != nil {
		t.Fatal(err)
	}
	last := r.Spans[len(r.Spans)-1]
	if label := r.Operators[r.Labels[last.Op].Operator]; last.Part != activity.Front || last.To-last.From != host || label != "host" {
		t.Errorf("the last span is %+v of %s", last, label)
	}
}

// The time of dispatches is that of the machine without them and that of each dispatch, where nothing is fetched ahead.
func TestDispatchesAddUp(t *testing.T) {
	ops := func() []isa.Op {
		return pieces([]int{0, 0, 1, 2, 2, 5}, product("p", 3, 50), sum("a", 1000), product("q", 2, 900, 1), sum("b", 10),
			product("r", 1, 70, 0), sum("c", 5, 2))
	}
	free := run(t, dispatching(0, config.PrefetchOp), ops()...)
	for _, dispatch := range []unit.Femtoseconds{1, 99, 12345} {
		t.Run(fmt.Sprint(int64(dispatch)), func(t *testing.T) {
			n := run(t, dispatching(dispatch, config.PrefetchOp), ops()...)
			if want := free.Cycles + unit.Cycles(4*dispatch); n.Cycles != want || n.Traffic != free.Traffic {
				t.Errorf("got %d cycles, want %d", n.Cycles, want)
			}
		})
	}
	if ideal := run(t, tiny(), ops()...); ideal.Cycles >= free.Cycles || ideal.Dispatches != 0 {
		t.Errorf("%d cycles and %d dispatches of one piece, %d of four", ideal.Cycles, ideal.Dispatches, free.Cycles)
	}
}

// What the runtime converts for the ops of a piece lengthens its dispatch: 1 B a cycle of 1 GHz at 1 GB/s.
func TestConversionsLengthenDispatches(t *testing.T) {
	ops := func() []isa.Op {
		all := pieces([]int{0, 0, 1}, product("p", 1, 50), product("q", 1, 50, 0), product("r", 1, 50, 1))
		all[0].Converts, all[1].Converts = 1000, 501
		return all
	}
	c := dispatching(100, config.PrefetchOp)
	free := run(t, c, ops()...)
	for bandwidth, want := range map[unit.BytesPerSecond]unit.Cycles{1e9: 1501, 2e9: 751, 1e12: 2} {
		c.Runtime.Conversion = bandwidth
		n := run(t, c, ops()...)
		if n.Cycles != free.Cycles+want || n.DispatchBusy != 200+want || n.ByKind[isa.Dispatch] != n.DispatchBusy || n.Dispatches != 2 {
			t.Errorf("%v: %d cycles, %d of dispatches, want %d more than %d", bandwidth, n.Cycles, n.DispatchBusy, want, free.Cycles)
		}
	}
}

func TestADispatchIsRoundedUpToCycles(t *testing.T) {
	for d, want := range map[unit.Femtoseconds]unit.Cycles{0: 0, 1: 1, nanosecond: 1, nanosecond + 1: 2, 24_000 * nanosecond: 24_000} {
		if got := cyclesOf(d, 1e9); got != want {
			t.Errorf("%v take %d cycles, want %d", d, got, want)
		}
	}
}

func TestAPrefillHasADispatchOfItsOwn(t *testing.T) {
	const each, ofPrefill = 2000, 7000
	ops := pieces([]int{0, 1}, product("p", 1, 50), product("q", 1, 50, 0))
	c := dispatching(each, config.PrefetchOp)
	c.Runtime.PrefillDispatch = ofPrefill * nanosecond
	for _, decode := range []bool{false, true} {
		m, err := new(MachineSet).New(c)
		if err != nil {
			t.Fatal(err)
		}
		n, err := m.Run(&isa.Program{Name: t.Name(), Ops: ops, Decode: decode})
		if err != nil {
			t.Fatal(err)
		}
		want := unit.Cycles(2 * ofPrefill)
		if decode {
			want = 2 * each
		}
		if n.DispatchBusy != want {
			t.Errorf("decode %v: dispatches take %d cycles, want %d", decode, n.DispatchBusy, want)
		}
	}
}
