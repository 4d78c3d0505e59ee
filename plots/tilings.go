package plots

import (
	"fmt"
	"io"
	"strconv"

	"github.com/pmpdsim/pmpdsim/sim/result"
)

// Tilings writes how the operators of each schedule are cut: a table for each pass that differs. The results must have
// their tilings.
func Tilings(w io.Writer, rs []*result.Result) error {
	for _, r := range rs {
		for _, t := range r.Tilings {
			if _, err := fmt.Fprintf(w, "\ntiling of %s, %s at %d bits (times by the cost model that chose it)\n", r.Schedule, t.Pass, t.Bits); err != nil {
				return err
			}
			if err := tilingTable(t).Write(w); err != nil {
				return err
			}
		}
	}
	return nil
}

func tilingTable(t result.Tiling) *Table {
	table := &Table{}
	for i, name := range []string{"operator", "M x N x K", "bits", "on chip", "cores by", "rows/tile", "tokens/tile", "tiles", "tile", "held", "memory",
		"compute", "estimate", "of", "next best"} {
		table.Columns = append(table.Columns, Column{Name: name, Right: i > 0 && i < 14 && i != 3 && i != 4})
	}
	for _, c := range t.Operators {
		table.Add(c.Operator, fmt.Sprintf("%d x %d x %d", c.M, c.N, c.K), strconv.Itoa(int(c.Bits)), c.Held, c.Split, strconv.Itoa(c.TileRows),
			strconv.Itoa(c.TileTokens), strconv.Itoa(c.Tiles), Memory.Text(float64(c.TileBytes)), Memory.Text(float64(c.HeldBytes)),
			Time.Text(c.Memory), Time.Text(c.Compute), Time.Text(c.Estimate), strconv.Itoa(c.Considered), c.Next)
	}
	return table
}
