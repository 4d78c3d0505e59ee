package views

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/paper/rows"
)

// whyNot is why the most that the paper claims is more than weights of fewer bits can give.
const whyNot = `
%g is more than 16/2 = 8. A product at batch 1 reads each weight once: at 2 bits, with codebooks, an eighth of fp16's bytes or a little
more, so two kernels that memory holds up alike differ by less than 8. More takes a slow baseline, an fp16 product that does not reach
the memory's bandwidth, or 2-bit weights that stay in the L2 cache from one repeat to the next while fp16's do not (an RTX 4090
has 72 MB of it). The paper's tables of GPUs are not at hand, so which it was is not known. Modelled products are slower than their bytes at 2 bits: unpacking takes
instructions, and small matrices end before the memory is busy.
`

// GPUTable has the paper's claim for products on GPUs, and for each model and width a row of what is modelled, and one of what was
// measured.
func GPUTable(w io.Writer, all []rows.GPU) error {
	on := "nothing was measured (gpu bench --format json does, --bench shows it here)"
	if i := slices.IndexFunc(all, func(r rows.GPU) bool { return r.Measured != nil }); i >= 0 {
		on = "measured: " + all[i].MeasuredOn
	}
	_, err := fmt.Fprintf(w, "speed-ups over fp16 of the products of a block at batch 1\nclaimed: %g to %g (abstract of arXiv 2410.13461), on an A40 and an RTX 4090 (from memory)\n"+
		"modelled: NVIDIA H200, from the code that its assembler makes of our kernels; an error of a quarter is no surprise\n%s\n\n", rows.GPULeast, rows.GPUMost, on)
	if err != nil {
		return err
	}
	var matrices []string
	for _, r := range all {
		if !slices.Contains(matrices, r.Matrix) {
			matrices = append(matrices, r.Matrix)
		}
	}
	t := &plots.Table{Columns: append([]plots.Column{{Name: "model"}, {Name: "bits", Right: true}, {Name: ""}}, right(matrices...)...)}
	for first := 0; first < len(all); first += len(matrices) {
		group := all[first : first+len(matrices)]
		lines := map[string][]string{}
		for _, r := range group {
			lines["by bytes, at most"] = append(lines["by bytes, at most"], fixed(r.Bytes, 2))
			lines["modelled"] = append(lines["modelled"], fmt.Sprintf("%.1f to %.1f", r.OverLow, r.OverHigh))
			cell := ""
			if r.Measured != nil {
				cell = fixed(*r.Measured, 2)
			}
			lines["measured"] = append(lines["measured"], cell)
		}
		for _, what := range []string{"by bytes, at most", "modelled", "measured"} {
			if what == "measured" && !slices.ContainsFunc(group, func(r rows.GPU) bool { return r.Measured != nil }) {
				continue
			}
			t.Add(append([]string{group[0].Model, strconv.Itoa(group[0].Bits), what}, lines[what]...)...)
		}
	}
	if err := t.Write(w); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, whyNot, rows.GPUMost)
	return err
}
