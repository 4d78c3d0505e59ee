// Package styles compares compute styles in decode: one pass of every style with every weight precision, model and batch, on
// one NPU.
//
// It is data: a Comparison says what is simulated (Cells) and what a result shows (Point). The caller
// runs the cells with sim/replay; drawing the result (plots/views) needs no simulator.
//
// Every style gets the NPU's rows, columns and scratchpad, or, with equal area, as many columns as fit into the area of the
// NPU's own array. Where its array is busy all the time, a style is no longer bound by memory.
//
// To add a style see package array; a Comparison takes all that config.Styles names.
package styles

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/energy"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Comparison is what is compared.
type Comparison struct {
	NPUs    []*config.Config // one for each style
	Own     config.Array     // the NPU's, before it got another style
	IsoArea bool             // each style has about the area of Own
	Models  []*workloads.Model
	Bits    []int // of the weights
	Batches []int // sequences that decode together
	Context int   // tokens in the cache
}

// Models are compared if none is named: the paper's smallest, and its largest.
func Models() []string { return []string{"mobilellama-1.4b", "vicuna-7b"} }

// Point is one result: a row of the table.
type Point struct {
	Model      string  `json:"model"`
	Batch      int     `json:"batch"`
	Style      string  `json:"array_style"`
	Rows       int     `json:"array_rows"`
	Cols       int     `json:"array_cols"`
	Bits       int     `json:"weight_bits"`
	TPOT       float64 `json:"tpot_seconds"`
	Tokens     float64 `json:"tokens_per_second"`
	Memory     float64 `json:"dram_efficiency"` // bandwidth / peak
	Array      float64 `json:"array_busy"`      // share of the time
	BoundBy    string  `json:"bound_by"`
	Joules     float64 `json:"energy_joules_per_token"`
	Area       float64 `json:"area_mm2"`
	ArrayArea  float64 `json:"array_area_mm2"`
	KVBits     int     `json:"kv_bits"`
	Activation string  `json:"activations"`
	NPU        string  `json:"npu"`
	Config     string  `json:"config_fingerprint"`
	Context    int     `json:"context_tokens"`
	Fits       bool    `json:"fits"` // the weights and the cache fit the DRAM
}

// Cell is one pass to be simulated.
type Cell struct {
	Config   *config.Config
	Model    *workloads.Model
	Batch    int
	Schedule precision.Schedule
}

// TooLarge is a style whose array takes more than the area that there is, even with one column.
type TooLarge struct {
	Style        config.Style
	Area, Budget float64 // mm2
}

// Add adds an NPU with another style for its array; too is set where that takes more than the area of its own.
func (c *Comparison) Add(cfg *config.Config, style config.Style) (too *TooLarge, err error) {
	c.Own = cfg.Array
	budget := energy.AreaOf(cfg).Array()
	if err := Restyle(cfg, style, c.IsoArea); err != nil {
		return nil, err
	}
	c.NPUs = append(c.NPUs, cfg)
	if area := energy.AreaOf(cfg).Array(); c.IsoArea && area > budget {
		return &TooLarge{style, area, budget}, nil
	}
	return nil, nil
}

// Restyle gives an NPU's array another style; with isoArea as many columns, too, as fit into the area of the array that it has.
func Restyle(cfg *config.Config, style config.Style, isoArea bool) error {
	to := []string{"array.style=" + string(style)}
	if isoArea {
		rows, cols := energy.IsoArea(cfg, style)
		to = append(to, fmt.Sprintf("array.rows=%d", rows), fmt.Sprintf("array.cols=%d", cols))
	}
	return cfg.Set(to)
}

// Cells are what is to be simulated, in the order of the table: model, batch, style, bits.
func (c *Comparison) Cells() (all []Cell) {
	for _, m := range c.Models {
		for _, batch := range c.Batches {
			for _, cfg := range c.NPUs {
				for _, bits := range c.Bits {
					all = append(all, Cell{cfg, m, batch, schedule(bits)})
				}
			}
		}
	}
	return all
}

func schedule(bits int) precision.Schedule {
	if bits == 16 {
		return precision.Schedule{Kind: precision.KindFP16, Bits: []int{16}}
	}
	return precision.Schedule{Kind: precision.KindUniform, Bits: []int{bits}}
}

// At is the place of a cell's point among all, by the places of its model, batch, style and bits.
func (c *Comparison) At(model, batch, style, bits int) int {
	return ((model*len(c.Batches)+batch)*len(c.NPUs)+style)*len(c.Bits) + bits
}

// Point is the result of a cell, as far as it is shown.
func (c *Comparison) Point(cell Cell, r *result.Result) Point {
	cfg := cell.Config
	area := energy.AreaOf(cfg)
	d := &r.Counts.Decode
	return Point{Model: r.Model, Batch: r.Batch, Style: string(cfg.Array.Style), Rows: cfg.Array.Rows, Cols: cfg.Array.Cols,
		Bits: int(r.AvgWeightBits), TPOT: r.TPOTSeconds, Tokens: r.TokensPerSecond, Memory: r.DRAMEfficiency,
		Array: float64(d.ArrayBusy) / float64(cfg.Cores) / float64(d.Cycles), BoundBy: r.BoundBy, Joules: r.EnergyPerToken, Area: area.Total(),
		ArrayArea: area.Array(), KVBits: r.KVBits, Activation: string(cfg.Array.Activations), NPU: r.NPU, Config: r.Config, Context: c.Context, Fits: r.Fits}
}
