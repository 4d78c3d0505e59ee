//go:build cuda

package driver

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/cu"

	"github.com/pmpdsim/pmpdsim/gpu/kernels"
)

// on runs in the thread of a device; it skips where there is neither a GPU nor an emulation.
func on(t *testing.T, f func(d *Device, s Stream)) {
	t.Helper()
	d, err := Open(0)
	if errors.Is(err, ErrNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	must(t, d.Do(func() error {
		s, err := NewStream()
		if err != nil {
			return err
		}
		f(d, s)
		return s.Close()
	}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func kernel(t *testing.T, d *Device, name string) Kernel {
	t.Helper()
	m, err := d.Load("the kernels", kernels.PTX(10*d.Info.Major), Needs{CUDA: kernels.CUDA, Major: 8})
	must(t, err)
	k, err := m.Kernel(name)
	must(t, err)
	return k
}

func TestAGraphReadsMemoryAtEachLaunch(t *testing.T) {
	on(t, func(d *Device, s Stream) {
		const width, vocab = 64, 8
		embed := kernel(t, d, "embed")
		table := make([]uint16, vocab*width)
		for i := range table {
			table[i] = uint16(i)
		}
		var p [3]Pointer // table, ids, out
		for i, bytes := range []int64{Bytes[uint16](len(table)), 4, Bytes[uint16](width)} {
			var err error
			p[i], err = Alloc(bytes)
			must(t, err)
		}
		must(t, Upload(p[0], table))
		id, err := Pin[uint32](1)
		must(t, err)
		out, err := Pin[uint16](width)
		must(t, err)
		if id[0] != 0 || out[width-1] != 0 {
			t.Error("page-locked memory is not zeroed")
		}
		l := kernels.Embed(width, 1)
		g, err := s.Capture(func() error {
			if err := embed.Launch(Dim{Grid: l.Grid, Block: l.Block}, s, new(Args).Pointer(p[2]).Pointer(p[0]).Pointer(p[1]).Int(width)); err != nil {
				return err
			}
			return Fetch(out, p[2], s)
		})
		must(t, err)
		if g.Nodes != 2 || out[1] != 0 {
			t.Errorf("%d nodes, %v after capture", g.Nodes, out[:2])
		}
		for _, want := range []uint32{5, 2} {
			id[0] = want
			must(t, Put(p[1], id, s))
			must(t, g.Launch(s))
			must(t, s.Wait())
			if !slices.Equal(out, table[want*width:(want+1)*width]) {
				t.Errorf("row %d: %v", want, out)
			}
		}
		for _, p := range p {
			must(t, Free(p))
		}
		must(t, errors.Join(Unpin(id), Unpin(out), g.Close()))
	})
}

func TestEventsInAGraph(t *testing.T) {
	on(t, func(d *Device, s Stream) {
		empty := kernel(t, d, "empty")
		var e [2]Event
		for i := range e {
			var err error
			e[i], err = NewEvent()
			must(t, err)
		}
		capture := func(put func(Event) error) *Graph {
			t.Helper()
			g, err := s.Capture(func() error {
				if err := put(e[0]); err != nil {
					return err
				}
				if err := empty.Launch(Dim{Grid: [3]int{1, 1, 1}, Block: [3]int{32, 1, 1}}, s, new(Args)); err != nil {
					return err
				}
				return put(e[1])
			})
			must(t, err)
			return g
		}
		g := capture(func(e Event) error { return e.Record(s) })
		if g.Nodes != 1 { // what cu offers is an order between nodes, no node
			t.Errorf("Record made %d nodes", g.Nodes-1)
		}
		must(t, g.Launch(s))
		must(t, s.Wait())
		if _, err := e[1].Since(e[0]); err == nil {
			t.Error("Record in a capture took a time")
		}
		g = capture(func(e Event) error { return e.Mark(s) })
		if g.Nodes != 3 {
			t.Errorf("%d nodes, want event, kernel, event", g.Nodes)
		}
		for range 2 {
			must(t, g.Launch(s))
			must(t, s.Wait())
			if took, err := e[1].Since(e[0]); err != nil || took < 0 {
				t.Errorf("%v, error %v", took, err)
			}
		}
	})
}

func TestACaptureThatFailsLeavesTheStream(t *testing.T) {
	on(t, func(d *Device, s Stream) {
		oops := errors.New("oops")
		if _, err := s.Capture(func() error { return oops }); !errors.Is(err, oops) {
			t.Errorf("error %v", err)
		}
		must(t, s.Wait()) // refused while a stream is captured
		if _, err := s.Capture(func() error { _, err := Alloc(1); return err }); err == nil || !strings.Contains(err.Error(), "cuMemAlloc: ") {
			t.Errorf("error %v", err)
		}
		must(t, s.Wait())
	})
}

func TestErrors(t *testing.T) {
	on(t, func(d *Device, s Stream) {
		empty := kernel(t, d, "empty")
		err := empty.Launch(Dim{Grid: [3]int{1, 1, 1}, Block: [3]int{2048, 1, 1}}, s, new(Args))
		if err == nil || !strings.Contains(err.Error(), "kernel empty, grid [1 1 1], block [2048 1 1], 0 bytes shared: cuLaunchKernel: ") {
			t.Errorf("too many threads: %v", err)
		}
		_, err = d.Load("junk", "no PTX", Needs{CUDA: "11.8"})
		if err == nil || !strings.HasPrefix(err.Error(), "junk: cuModuleLoadDataEx: ") {
			t.Errorf("no PTX: %v", err)
		}
		_, err = Alloc(1 << 60)
		if !Is(err, OutOfMemory) {
			t.Errorf("2^60 bytes: %v", err)
		}
	})
}

// TestCuErrors: cu's type of errors is not exported; told takes the code out of it.
func TestCuErrors(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
	}{{cu.OutOfMemory, OutOfMemory}, {cu.NoDevice, NoDevice}} {
		if err := told("x", c.err); !Is(err, c.code) {
			t.Errorf("%v became %v", c.err, err)
		}
	}
	if err := told("x", errors.New("else")); err == nil || err.Error() != "x: else" {
		t.Error(err)
	}
}

func TestArgs(t *testing.T) {
	a := new(Args).Int(-1).Pointer(0x1122334455667788).Float(1).Int(1 << 31)
	want := []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x80}
	if !slices.Equal(a.packed[:a.end], want) || a.offsets[1] != 8 || a.offsets[3] != 20 || a.n != 4 {
		t.Errorf("% x at %v", a.packed[:a.end], a.offsets[:a.n])
	}
}

func TestAPanicReachesWhoAsked(t *testing.T) {
	d, err := Open(0)
	if err != nil {
		t.Skip(err)
	}
	func() {
		defer func() {
			if p := recover(); p != "oops" {
				t.Errorf("recovered %v", p)
			}
		}()
		_ = d.Do(func() error { panic("oops") })
	}()
	must(t, d.Do(func() error { return nil }))
	d.Close()
	if err := d.Do(func() error { return nil }); err == nil {
		t.Error("a closed device works")
	}
}
