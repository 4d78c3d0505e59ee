package formats

import (
	"math"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Bytes of a row of 4,096 weights, by hand: codes, and what belongs to them.
func TestBytesOfARow(t *testing.T) {
	const k = 4096
	for _, c := range []struct {
		name  string
		f     Format
		codes unit.Bytes
		row   unit.Bytes
		text  string
	}{
		{"fp16", Format{}, 8192, 0, "fp16"},
		{"GPTQ, groups of 128", Format{Bits: 4, Group: 128, Scale: 16}, 2048, 32 * 2, "a scale for 128 weights"},
		{"the same, not symmetric", Format{Bits: 4, Group: 128, Scale: 16, Zero: 4}, 2048, 32*2 + 16, "a scale for 128 weights, with zero points"},
		{"at 3 bits", Format{Bits: 4, Group: 128, Scale: 16, Zero: 4}.At(3), 1536, 32*2 + 12, "a scale for 128 weights, with zero points"},
		{"MLX", Format{Bits: 4, Group: 64, Scale: 16, Zero: 16}, 2048, 64 * 4, "a scale for 64 weights, with zero points"},
		{"codebooks", Format{Bits: 4, Codebook: true}, 2048, 32, "codebooks"},
		{"a scale a row", Format{Bits: 8, Scale: 32}, 4096, 4, "a scale a row"},
		{"a scale a matrix", Format{Bits: 2, Scale: 16, Rows: AllRows}, 1024, 0, "a scale a matrix"},
		{"fp8 in blocks of 128 x 128", Format{Bits: 8, Group: 128, Rows: 128, Scale: 32}, 4096, 1, "a scale for 128 x 128 weights"}, // 32 scales of 4 B for 128 rows
		{"NF4", Named("NF4"), 2048, 64 * 4, "a scale for 64 weights, values of a table"},
		{"NF4, quantised twice", Named("NF4-DQ"), 2048, 64 + 4, "a scale for 64 weights, scaled themselves for 16384 weights, values of a table"},
		{"Q4_K", Named("Q4_K"), 2048, 16 * 16, "a scale for 32 weights, with zero points, scaled themselves for 256 weights"},
		{"TQ1_0", Named("TQ1_0"), 16 * 52, 16 * 2, "a scale for 256 weights, 1.625 bits a code in DRAM"},
	} {
		if codes, row := c.f.CodeBytes(k), c.f.RowBytes(k); codes != c.codes || row != c.row || c.f.String() != c.text {
			t.Errorf("%s: %v and %v, %s; want %v and %v, %s", c.name, codes, row, c.f, c.codes, c.row, c.text)
		}
		if want := float64(8*(c.codes+c.row)) / k; math.Abs(c.f.BitsPerWeight(k)-want) > 1e-12 || c.f.Of(3, k) != 3*(c.codes+c.row) {
			t.Errorf("%s: %v bits a weight, want %v", c.name, c.f.BitsPerWeight(k), want)
		}
		if err := c.f.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestOtherWidthsKeepGroups(t *testing.T) {
	if got, want := Named("Q4_K").At(3), (Format{Bits: 3, Group: 32, Scale: 6, Zero: 6, Super: 256, SuperBits: 32}); got != want {
		t.Errorf("Q4_K at 3 bits: %+v", got)
	}
	if got, want := Named("TQ1_0").At(4), (Format{Bits: 4, Group: 256, Scale: 16}); got != want {
		t.Errorf("TQ1_0 at 4 bits: %+v", got)
	}
	if f := Named("NF4"); f.At(4) != f || f.At(3).Table {
		t.Errorf("NF4 at 4 and 3 bits: %+v, %+v", f.At(4), f.At(3))
	}
}

func TestStoredFindsExceptions(t *testing.T) {
	q4, q6 := Named("Q4_K"), Named("Q6_K")
	at := func(layer int, matrix string) Format {
		switch {
		case layer == Outside && matrix == Head, matrix == "down_proj" && (layer < 2 || layer == 5):
			return q6
		case layer == Outside:
			return Format{}
		}
		return q4
	}
	s := Collect("gguf", 8, func(int) []string { return []string{"q_proj", "down_proj"} }, at)
	if len(s.Parts) != 3 || s.Default != q4 || s.String() != "gguf: Q4_K; Q6_K" {
		t.Errorf("%+v", s)
	}
	for l := Outside; l < 8; l++ {
		for _, m := range []string{"q_proj", "down_proj", Head, Embedding} {
			if (l == Outside) == (m == Head || m == Embedding) && s.At(l, m) != at(l, m) {
				t.Errorf("%s of layer %d: %+v", m, l, s.At(l, m))
			}
		}
	}
	var none *Stored
	if !none.At(0, "q_proj").IsFP16() || none.Check() != nil || s.Check() != nil {
		t.Error("no formats are not fp16")
	}
	for _, bad := range []*Stored{{}, {Method: "x", Default: Format{Bits: 9}}, {Method: "x", Default: Format{Bits: 4, Group: -1}}, {Method: "x", Default: Format{Scale: 16}},
		{Method: "x", Parts: []Part{{Matrix: "q", First: 2, Last: 1}}}, {Method: "x", Default: Format{Bits: 4, Rows: -2}}} {
		if bad.Check() == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}
