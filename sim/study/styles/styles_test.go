package styles

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/energy"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/workloads"
)

func comparison(t *testing.T, isoArea bool, set ...string) *Comparison {
	t.Helper()
	c := &Comparison{IsoArea: isoArea, Bits: []int{4, 16}, Batches: []int{1, 2, 3}, Context: 64}
	for _, style := range config.Styles() {
		cfg, err := config.Preset("edge-lpddr5")
		if err == nil {
			err = cfg.Set(set)
		}
		if err == nil {
			_, err = c.Add(cfg, style)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range Models() {
		m, err := workloads.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		c.Models = append(c.Models, m)
	}
	return c
}

func TestCellsStandWhereTheyAreLookedUp(t *testing.T) {
	c := comparison(t, false)
	cells := c.Cells()
	if want := len(c.Models) * len(c.Batches) * len(c.NPUs) * len(c.Bits); len(cells) != want {
		t.Fatalf("%d cells, want %d", len(cells), want)
	}
	for m, model := range c.Models {
		for b, batch := range c.Batches {
			for n, npu := range c.NPUs {
				for i, schedule := range []string{"uniform:4", "fp16"} {
					x := cells[c.At(m, b, n, i)]
					if x.Model != model || x.Batch != batch || x.Config != npu || x.Schedule.String() != schedule {
						t.Fatalf("the cell of %s, %d, %s, %s is %+v", model.Name, batch, npu.Array.Style, schedule, x)
					}
				}
			}
		}
	}
}

func TestStylesShareAnArea(t *testing.T) {
	c := comparison(t, true)
	own, err := config.Preset("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	budget := energy.AreaOf(own).Array()
	for i, cfg := range c.NPUs {
		if area := energy.AreaOf(cfg).Array(); area > budget || cfg.Array.Style != config.Styles()[i] {
			t.Errorf("%s takes %v mm2 of %v", cfg.Array.Style, area, budget)
		}
	}
	if c.Own.Style != own.Array.Style || c.Own.Cols != own.Array.Cols {
		t.Errorf("the NPU's own array is %+v", c.Own)
	}
	t.Run("one that does not fit is said", func(t *testing.T) {
		small := &Comparison{IsoArea: true}
		large := 0
		for _, style := range config.Styles() {
			cfg, err := config.Preset("edge-lpddr5")
			if err == nil {
				err = cfg.Set([]string{"array.style=bit-serial-weight", "array.rows=64", "array.cols=1"})
			}
			if err != nil {
				t.Fatal(err)
			}
			too, err := small.Add(cfg, style)
			if err != nil {
				t.Fatal(err)
			}
			if too != nil {
				large++
				if too.Area <= too.Budget || too.Style != style {
					t.Errorf("%+v", too)
				}
			}
		}
		if large == 0 || large == len(config.Styles()) {
			t.Errorf("%d of %d styles are too large; want some", large, len(config.Styles()))
		}
	})
}

func TestPoint(t *testing.T) {
	c := comparison(t, false, "cores=2")
	cell := c.Cells()[0]
	r := &result.Result{Model: "m", Batch: 3, AvgWeightBits: 4, BoundBy: "memory"}
	r.Counts.Decode.Cycles, r.Counts.Decode.ArrayBusy = 100, 50
	p := c.Point(cell, r)
	if p.Array != 0.25 || p.Bits != 4 || p.Context != 64 || p.Style != string(config.Styles()[0]) || p.ArrayArea <= 0 || p.Area <= p.ArrayArea {
		t.Errorf("%+v", p)
	}
}
