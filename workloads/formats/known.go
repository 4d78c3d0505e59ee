package formats

import "github.com/pmpdsim/pmpdsim/sim/unit"

// Known is a format by its name.
type Known struct {
	Format
	File   string // the kind of files that have it
	Source string // of its layout
}

const (
	ggml = "ggml-org/ggml, src/ggml-common.h, "
	bnb  = "QLoRA, arXiv 2305.14314, section 3; bitsandbytes, functional.py, quantize_4bit"
	ocp  = "OCP Microscaling Formats 1.0, table 1"
)

// known lists the formats whose name says everything. Those of GGUF are blocks of 32 or of 256 weights; d and m there are fp16.
var known = []Known{
	{Format{Name: "F32"}, "gguf", "values, taken as fp16"},
	{Format{Name: "F16"}, "gguf", "values"},
	{Format{Name: "BF16"}, "gguf", "values"},
	{gguf("Q4_0", 4, 32, 16, 0), "gguf", ggml + "block_q4_0: d"},
	{gguf("Q4_1", 4, 32, 16, 16), "gguf", ggml + "block_q4_1: d, m"},
	{gguf("Q5_0", 5, 32, 16, 0), "gguf", ggml + "block_q5_0: d"},
	{gguf("Q5_1", 5, 32, 16, 16), "gguf", ggml + "block_q5_1: d, m"},
	{gguf("Q8_0", 8, 32, 16, 0), "gguf", ggml + "block_q8_0: d"},
	{super("Q2_K", 2, 16, 4, 4, 32), "gguf", ggml + "block_q2_K: 16 scales and minima of 4 bits, d, dmin"},
	{super("Q3_K", 3, 16, 6, 0, 16), "gguf", ggml + "block_q3_K: 16 scales of 6 bits, d"},
	{super("Q4_K", 4, 32, 6, 6, 32), "gguf", ggml + "block_q4_K: 8 scales and minima of 6 bits, d, dmin"},
	{super("Q5_K", 5, 32, 6, 6, 32), "gguf", ggml + "block_q5_K: 8 scales and minima of 6 bits, d, dmin"},
	{super("Q6_K", 6, 16, 8, 0, 16), "gguf", ggml + "block_q6_K: 16 scales of 8 bits, d"},
	{tabled(gguf("IQ4_NL", 4, 32, 16, 0)), "gguf", ggml + "block_iq4_nl: d; values kvalues_iq4nl"},
	{tabled(super("IQ4_XS", 4, 32, 6, 0, 16)), "gguf", ggml + "block_iq4_xs: 8 scales of 6 bits, d"},
	{Format{Name: "TQ1_0", Bits: 2, Group: 256, Scale: 16, Dense: 52}, "gguf", ggml + "block_tq1_0: five ternary codes in a byte, four in the last 4 of 52; d"},
	{gguf("TQ2_0", 2, 256, 16, 0), "gguf", ggml + "block_tq2_0: d"},
	{tabled(Format{Name: "MXFP4", Bits: 4, Group: 32, Scale: 8}), "gguf, mxfp4, mlx", ocp + ": e2m1, a scale e8m0 for 32"},
	{Format{Name: "MXFP8", Bits: 8, Group: 32, Scale: 8}, "mlx", ocp + ": e4m3, a scale e8m0 for 32"},
	{tabled(Format{Name: "NVFP4", Bits: 4, Group: 16, Scale: 8}), "modelopt, mlx", "NVIDIA, Introducing NVFP4 (2025): e2m1, a scale e4m3 for 16, one of fp32 a matrix"},
	{tabled(Format{Name: "NF4", Bits: 4, Group: 64, Scale: 32}), "bitsandbytes", bnb},
	{tabled(Format{Name: "NF4-DQ", Bits: 4, Group: 64, Scale: 8, Super: 64 * 256, SuperBits: 32}), "bitsandbytes", bnb + ", double quantisation"},
	{tabled(Format{Name: "FP4", Bits: 4, Group: 64, Scale: 32}), "bitsandbytes", bnb},
	{tabled(Format{Name: "FP4-DQ", Bits: 4, Group: 64, Scale: 8, Super: 64 * 256, SuperBits: 32}), "bitsandbytes", bnb + ", double quantisation"},
	{Format{Name: "GPTQ-4-128", Bits: 4, Group: 128, Scale: 16}, "gptq, auto-round", "AutoGPTQ, qlinear modules: scales; 4 bits, groups of 128, symmetric"},
	{Format{Name: "GPTQ-4-row", Bits: 4, Scale: 16}, "gptq, auto-round", "the same with group_size -1"},
	{Format{Name: "AWQ-4-128", Bits: 4, Group: 128, Scale: 16, Zero: 4}, "awq", "AutoAWQ, WQLinear_GEMM: scales, qzeros"},
	{Format{Name: "MLX-4-64", Bits: 4, Group: 64, Scale: 16, Zero: 16}, "mlx", "mlx, mx.quantize: scales and biases of fp16"},
	{Format{Name: "INT8-row", Bits: 8, Scale: 32}, "bitsandbytes", "LLM.int8(), arXiv 2208.07339: SCB"},
	{Format{Name: "FP8-block", Bits: 8, Group: 128, Rows: 128, Scale: 32}, "fp8", "DeepSeek-V3, arXiv 2412.19437, section 3.3: weight_scale_inv for 128 x 128"},
	{Format{Name: "TERNARY", Bits: 2, Rows: AllRows, Scale: 16}, "bitnet", "BitNet b1.58, arXiv 2402.17764; transformers, integrations/bitnet.py: four codes in a byte"},
}

// gguf is a format whose scales are not scaled themselves.
func gguf(name string, bits unit.Bits, group int, scale, zero unit.Bits) Format {
	return Format{Name: name, Bits: bits, Group: group, Scale: scale, Zero: zero}
}

// super is a format of blocks of 256 weights.
func super(name string, bits unit.Bits, group int, scale, zero, block unit.Bits) Format {
	return Format{Name: name, Bits: bits, Group: group, Scale: scale, Zero: zero, Super: 256, SuperBits: block}
}

// tabled makes codes stand for the values of a table.
func tabled(f Format) Format {
	f.Table = true
	return f
}

// All returns the formats that have names.
func All() []Known { return append([]Known(nil), known...) }

// Lookup finds a format by its name. Values of any width are fp16 here.
func Lookup(name string) (Format, bool) {
	for _, k := range known {
		if k.Name == name {
			if k.IsFP16() {
				return Format{}, true
			}
			return k.Format, true
		}
	}
	return Format{}, false
}

// Named returns a format that is known to exist.
func Named(name string) Format {
	f, ok := Lookup(name)
	if !ok {
		panic("formats: there is no " + name)
	}
	return f
}
