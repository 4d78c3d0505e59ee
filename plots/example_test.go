package plots_test

import (
	"bytes"
	"fmt"

	"github.com/pmpdsim/pmpdsim/plots"
)

// A chart of one series as SVG. The same figure gives the same bytes.
func ExampleWrite() {
	chart := &plots.Chart{Title: "Throughput over channels", Series: []string{"uniform:4"}, Panels: []plots.ChartPanel{{
		X: "DRAM channels", Y: "tokens/s",
		Points: [][]plots.ChartPoint{{{X: 1, Y: 15.6, Label: "1"}, {X: 2, Y: 31, Label: "2"}, {X: 4, Y: 60.5, Label: "4"}}},
	}}}
	var a, b bytes.Buffer
	for _, out := range []*bytes.Buffer{&a, &b} {
		if err := plots.Write(out, chart, "svg", plots.Origin{Title: chart.Title, Program: "an example"}); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(bytes.HasPrefix(a.Bytes(), []byte("<?xml")), bytes.Equal(a.Bytes(), b.Bytes()))
	// Output: true true
}
