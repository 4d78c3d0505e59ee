package array

import (
	"encoding/csv"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// table reads a file of testdata: a map for each line, by column.
func table(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for _, l := range lines[1:] {
		m := map[string]string{}
		for i, column := range lines[0] {
			m[column] = l[i]
		}
		all = append(all, m)
	}
	return all
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// systolic is an array of SCALE-Sim's: one MAC a PE and cycle, no double buffering in the PEs.
func systolic(t *testing.T, d config.Dataflow, rows, cols int) *Array {
	return array(t, machine(config.DequantFP16, func(c *config.Config) {
		c.Array.Dataflow, c.Array.Rows, c.Array.Cols, c.Array.DoubleBuffer = d, rows, cols, false
	}))
}

// equation4 is the run time of SCALE-Sim's paper, with the names that it has there: (2R + C + T − 2) ⌈S_R/R⌉ ⌈S_C/C⌉.
// The fold counts are found by walking over the dimensions.
func equation4(d config.Dataflow, m, n, k, rows, cols int) unit.Cycles {
	sr, sc, long := k, n, m // weight-stationary
	switch d {
	case config.OutputStationary:
		sr, sc, long = m, n, k
	case config.InputStationary:
		sr, sc, long = k, m, n
	}
	var cycles unit.Cycles
	for r := 0; r < sr; r += rows {
		for c := 0; c < sc; c += cols {
			cycles += unit.Cycles(2*rows + cols + long - 2)
		}
	}
	return cycles
}

func TestLayersTakeWhatSCALESimsEquationSays(t *testing.T) {
	layers := table(t, "layers.csv")
	if len(layers) < 30 {
		t.Fatalf("%d layers", len(layers))
	}
	for _, l := range layers {
		m, n, k := number(t, l["M"]), number(t, l["N"]), number(t, l["K"])
		for _, d := range config.Dataflows() {
			for _, size := range [][2]int{{8, 8}, {32, 32}, {128, 128}, {16, 64}, {256, 32}} {
				w := isa.Work{M: m, N: n, K: k, Repeat: 1, Bits: 8}
				got, want := systolic(t, d, size[0], size[1]).Cycles(w), equation4(d, m, n, k, size[0], size[1])
				if got != want {
					t.Errorf("%s %s, %s, %d×%d: got %d cycles, want %d", l["network"], l["layer"], d, size[0], size[1], got, want)
				}
			}
		}
	}
}

// SCALE-Sim v2 reports the paper's equation, but for output-stationary arrays, where its schedule of demands lets the
// sums of a fold leave while they are still being added (the first from below at the cycle T − 1, before its PE has
// finished) and so has no time to shift them out: rows cycles a fold less.
func TestSCALESimsReports(t *testing.T) {
	for i, l := range table(t, "scalesim.csv") {
		rows, cols := number(t, l["rows"]), number(t, l["cols"])
		w := isa.Work{M: number(t, l["M"]), N: number(t, l["N"]), K: number(t, l["K"]), Repeat: 1, Bits: 8}
		best := unit.Cycles(forever)
		for name := range strings.SplitSeq(l["dataflow"], "|") {
			d := config.Dataflow(name)
			got := systolic(t, d, rows, cols).Cycles(w)
			if d == config.OutputStationary {
				got -= unit.Cycles(rows) * unit.Cycles(ceil(int64(w.M), int64(rows))*ceil(int64(w.N), int64(cols)))
			}
			best = min(best, got)
		}
		if l["source"] != "validation" {
			best-- // the number of the last cycle, from 0
		}
		if best != unit.Cycles(number(t, l["reported"])) {
			t.Errorf("line %d: %v: got %d", i, l, best)
		}
	}
}
