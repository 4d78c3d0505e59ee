package rows

import (
	"io"
	"strconv"

	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
)

// The speed-ups over fp16 that the abstract of the PMPD paper (arXiv 2410.13461) claims for the linear layers of its models on GPUs.
const (
	GPULeast = 1.4
	GPUMost  = 12.2
)

// WholeBlock is the matrix of a row that is of all products of a block.
const WholeBlock = "all"

// GPU is a matrix of a model's block times a vector on a GPU: how much faster it is at fewer bits than at 16. Modelled times are
// between those of two corners.
type GPU struct {
	Model  string `json:"model"`
	Matrix string `json:"matrix"` // qkv, o, up, down; or all of a block
	Out    int    `json:"out,omitzero"`
	In     int    `json:"in,omitzero"`
	Bits   int    `json:"weight_bits"`

	Bytes      float64  `json:"fp16_bytes_over_bytes"` // codebooks counted: what a kernel that memory holds up can gain
	Low        float64  `json:"modelled_seconds_low"`
	High       float64  `json:"modelled_seconds_high"`
	FP16Low    float64  `json:"modelled_fp16_seconds_low"`
	FP16High   float64  `json:"modelled_fp16_seconds_high"`
	OverLow    float64  `json:"modelled_over_fp16_low"`
	OverHigh   float64  `json:"modelled_over_fp16_high"`
	Measured   *float64 `json:"measured_over_fp16,omitzero"` // by gpu bench; absent: not measured
	MeasuredOn string   `json:"measured_on,omitempty"`
}

// WriteGPU writes rows with a head, in the form of WriteBars.
func WriteGPU(w io.Writer, rows []GPU) error {
	records := [][]string{{"model", "matrix", "out", "in", "weight_bits", "fp16_bytes_over_bytes", "modelled_seconds_low", "modelled_seconds_high",
		"modelled_fp16_seconds_low", "modelled_fp16_seconds_high", "modelled_over_fp16_low", "modelled_over_fp16_high", "measured_over_fp16", "measured_on"}}
	for i := range rows {
		r := &rows[i]
		out, in, measured := "", "", ""
		if r.Out > 0 {
			out, in = strconv.Itoa(r.Out), strconv.Itoa(r.In)
		}
		if r.Measured != nil {
			measured = fixed(*r.Measured, 3)
		}
		records = append(records, []string{r.Model, r.Matrix, out, in, strconv.Itoa(r.Bits), fixed(r.Bytes, 3), fixed(r.Low, 9), fixed(r.High, 9),
			fixed(r.FP16Low, 9), fixed(r.FP16High, 9), fixed(r.OverLow, 3), fixed(r.OverHigh, 3), measured, r.MeasuredOn})
	}
	return sheet.Write(w, records)
}
