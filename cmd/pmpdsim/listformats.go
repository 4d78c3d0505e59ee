package main

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// formatItem is a format of weights as JSON.
type formatItem struct {
	formats.Format
	Files     string  `json:"files"`
	PerWeight float64 `json:"bits_per_weight"` // with all that belongs to a row of listedRow weights
	Meaning   string  `json:"meaning"`
	Arrays    string  `json:"dequantised"`
	Source    string  `json:"source"`
}

// listedRow is the length of the row whose bits a weight are listed: that of a 7 B model.
const listedRow = 4096

func formatListing() listing {
	return listing{name: "formats", usage: "formats of weights in files of models",
		description: fmt.Sprintf(`What --model reads of GGUF files and of quantised checkpoints, with the bits of a weight in a row of %d, scales
included. GPTQ, AWQ, MLX, compressed-tensors, HQQ and others say width, groups and symmetry themselves
(docs/formats.md): their rows are examples.`, listedRow),
		note: `Scales, zeros: bits of each. Blocks: bits that scale those of 256 weights (NF4-DQ, FP4-DQ: of 16,384).
In arrays, scales: dequant-fp16 multiplies each weight, the other styles each sum over a group, zeros as often again;
a scale a row or a matrix costs them nothing. Table: dequant-fp16 and int8 look each weight up, the others take codes
as they are. JSON says it for each format, with its source. Values of F32 and BF16 files are taken as fp16.
Codes of vectors (IQ1 to IQ3, AQLM, QuIP#) are not modelled.`,
		items: func() (*plots.Table, []any, error) {
			t := &plots.Table{Columns: []plots.Column{{Name: "format"}, {Name: "files"}, {Name: "code", Right: true}, {Name: "bits/weight", Right: true},
				{Name: "group", Right: true}, {Name: "scales", Right: true}, {Name: "zeros", Right: true}, {Name: "blocks", Right: true}, {Name: "in arrays"}}}
			var values []any
			for _, k := range formats.All() {
				v := formatItem{Format: k.Format, Files: k.File, PerWeight: k.BitsPerWeight(listedRow), Meaning: k.String(), Arrays: inArrays(k.Format), Source: k.Source}
				v.Bits = k.Width()
				values = append(values, v)
				t.Add(k.Name, k.File, fmt.Sprint(int(k.Width())), fmt.Sprintf("%.3f", v.PerWeight), groupText(k.Format), orNone(k.Scale), orNone(k.Zero),
					orNone(k.SuperBits), stepsInArrays(k.Format))
			}
			return t, values, nil
		}}
}

// orNone writes bits, if there are any.
func orNone(bits unit.Bits) string {
	if bits == 0 {
		return "-"
	}
	return fmt.Sprint(int(bits))
}

// stepsInArrays names what turns codes into operands.
func stepsInArrays(f formats.Format) string {
	switch {
	case f.IsFP16():
		return "-"
	case f.Table:
		return "table, scales"
	case f.Zero > 0:
		return "scales, zeros"
	}
	return "scales"
}

// groupText is how many weights share a scale.
func groupText(f formats.Format) string {
	switch {
	case f.IsFP16():
		return "-"
	case f.Rows == formats.AllRows:
		return "matrix"
	case f.Group == 0:
		return "row"
	case f.Rows > 1:
		return fmt.Sprintf("%dx%d", f.Rows, f.Group)
	}
	return fmt.Sprint(f.Group)
}

// inArrays says what an array does with codes of a format, by its style.
func inArrays(f formats.Format) string {
	text := "dequant-fp16: a product a weight; others: one a sum over a group"
	switch {
	case f.IsFP16():
		return "values: nothing to do"
	case f.Codebook:
		return "dequant-fp16, int8: a look-up a weight; others: nothing"
	case f.Group == 0:
		text = "dequant-fp16: a product a weight; others: nothing"
	}
	if f.Table {
		text += "; dequant-fp16, int8: a look-up a weight"
	}
	if f.Zero > 0 && f.Group > 0 {
		text += "; zero points as much again"
	}
	if f.Width() == unit.Bits(2) && f.Dense > 0 {
		text += "; two planes or a 2-bit operand"
	}
	return text
}
