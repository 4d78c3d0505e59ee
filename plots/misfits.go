package plots

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/pmpdsim/pmpdsim/sim/result"
)

// What does not fit its DRAM is shown, because its numbers say what more DRAM would buy, but never as a design that one
// could build: tables have a star, figures hollow marks.

// Hollow says in figures what hollow marks are.
const Hollow = "hollow: does not fit its DRAM"

// starred is the name of a row of a table.
func starred(r *result.Result) string {
	if r.Fits {
		return r.Schedule
	}
	return r.Schedule + " *"
}

// withMisfits writes a table of results, and below it what each starred one lacks.
func withMisfits(w io.Writer, t *Table, rs []*result.Result) error {
	if err := t.Write(w); err != nil {
		return err
	}
	before := "\n"
	for _, r := range rs {
		if r.Fits {
			continue
		}
		m := r.Footprint
		if _, err := fmt.Fprintf(w, "%s* %s does not fit the DRAM of %s: it needs %s of %s (dram.capacity), and was simulated as if it fitted\n", before,
			r.Schedule, r.NPU, Memory.Text(float64(m.Total)), Memory.Text(float64(m.Capacity))); err != nil {
			return err
		}
		before = ""
	}
	return nil
}

// hollow paints a rectangle that is white within a frame of its colour.
func (s *sheet) hollow(x, y, w, h vg.Length, c color.Color) {
	s.fill(x, y, w, h, color.White)
	line := min(0.9, w/2, h/2)
	x, y, w, h = x+line/2, y+line/2, w-line, h-line
	s.canvas.StrokeLines(draw.LineStyle{Color: c, Width: line}, []vg.Point{{X: x, Y: y}, {X: x + w, Y: y}, {X: x + w, Y: y + h}, {X: x, Y: y + h}, {X: x, Y: y}})
}
