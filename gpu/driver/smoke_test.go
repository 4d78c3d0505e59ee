//go:build cuda

package driver

import ("testing";"strings")

func TestSmoke(t *testing.T) {
	d, err := Open(0)
	if err != nil { t.Fatal(err) }
	defer d.Close()
	t.Logf("%+v", d.Info)
	err = d.Do(func() error {
		f, tot, err := Memory(); t.Log(f, tot, err)
		m, err := d.Load("x", ".version 7.8\n.entry embed(\n.param .u64 a,\n.param .u64 b,\n.param .u64 c,\n.param .u32 d\n)\n{}", "11.8")
		if err != nil { return err }
		k, err := m.Kernel("embed"); if err != nil { return err }
		_, err = m.Kernel("nope"); t.Log(err)
		r, sp, err := k.Uses(); t.Log(r, sp, err)
		table, _ := Alloc(64*8*2); x, _ := Alloc(64*2); st, _ := Alloc(12)
		h := make([]uint16, 64*8); for i := range h { h[i]=uint16(i) }
		if err := Upload(table, h); err != nil { return err }
		if err := Upload(st, []uint32{3,0,0}); err != nil { return err }
		s, err := NewStream(); if err != nil { return err }
		out, err := Pin[uint16](64); if err != nil { return err }
		g, err := s.Capture(func() error {
			if err := k.Launch(Dim{[3]int{1,1,1},[3]int{32,1,1},0}, s, new(Args).Pointer(x).Pointer(table).Pointer(st).Int(64)); err != nil { return err }
			return Fetch(out, x, s)
		})
		if err != nil { return err }
		t.Log(g.Nodes)
		if err := g.Launch(s); err != nil { return err }
		if err := s.Wait(); err != nil { return err }
		t.Log(out[:4])
		_, err = d.Load("y", "junk", "11.8"); t.Log(err)
		return nil
	})
	if err != nil && !strings.Contains(err.Error(), "zz") { t.Fatal(err) }
}
