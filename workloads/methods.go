package workloads

import (
	"fmt"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// This file has a reader for each method of quantisation: what its configuration says of the format. Defaults are those of the
// configuration classes in transformers (src/transformers/utils/quantization_config.py, version 5.0).

// scaled is the format of most methods: codes with scales of fp16, and zero points as wide as codes where they are not symmetric.
func scaled(bits unit.Bits, group int, symmetric bool) formats.Format {
	if bits >= formats.FP16 {
		return formats.Format{}
	}
	f := formats.Format{Bits: bits, Group: group, Scale: 16}
	if !symmetric {
		f.Zero = bits
	}
	return f
}

// gptq: GPTQConfig, and dynamic of GPTQModel: keys are patterns, "+:" in front gives modules other values, "-:" none. Files hold
// zero points in any case; those of symmetric codes are all alike and are not read.
func (f *fields) gptq(q *quantised) {
	if !f.has("bits") {
		q.unread = "gptq without bits is not modelled; accepted: bits of 2 to 8"
		return
	}
	q.format = scaled(f.bitsOf(4, "bits"), f.groupOr("group_size", 128), f.flagOr("sym", true))
	q.head = f.flagOr("lm_head", false)
	if f.has("dynamic") && string(f.raw["dynamic"]) != "false" {
		f.gptqDynamic(q)
	}
	if f.has("modules_in_block_to_quantize") {
		f.gptqOnly(q)
	}
	q.skip(f.textsOr("modules_to_not_convert"))
}

func (f *fields) gptqDynamic(q *quantised) {
	dynamic := f.object("dynamic")
	for _, key := range f.keysOf("dynamic") {
		m, err := pattern(strings.TrimPrefix(strings.TrimPrefix(key, "+:"), "-:"))
		if err != nil {
			q.unread = "dynamic: " + err.Error()
			return
		}
		if strings.HasPrefix(key, "-:") {
			q.parts = append(q.parts, modulePart{modules: m})
			continue
		}
		of := dynamic.object(key)
		q.parts = append(q.parts, modulePart{m, scaled(of.bitsOf(int(q.format.Width()), "bits"), of.groupOr("group_size", q.format.Group),
			of.flagOr("sym", q.format.Zero == 0))})
		if f.err == nil {
			f.err = of.err
		}
	}
}

// gptqOnly reads the lists of modules that are quantised, one list for each step.
func (f *fields) gptqOnly(q *quantised) {
	const key = "modules_in_block_to_quantize"
	var steps [][]string
	if !f.decode(key, &steps) {
		steps = [][]string{f.textsOr(key)}
	}
	for _, names := range steps {
		q.only = append(q.only, moduleList(names)...)
	}
}

// autoRound: the format of GPTQ, with other values of modules by their names in extra_config.
func (f *fields) autoRound(q *quantised) {
	q.format = scaled(f.bitsOf(4, "bits"), f.groupOr("group_size", 128), f.flagOr("sym", true))
	if !f.has("extra_config") {
		return
	}
	extra := f.object("extra_config")
	for _, key := range f.keysOf("extra_config") {
		of := extra.object(key)
		q.parts = append(q.parts, modulePart{module(key), scaled(of.bitsOf(int(q.format.Width()), "bits"), of.groupOr("group_size", q.format.Group),
			of.flagOr("sym", q.format.Zero == 0))})
		if f.err == nil {
			f.err = of.err
		}
	}
}

// awq: AwqConfig; the files of AutoAWQ and of llm-awq call their keys w_bit and q_group_size.
func (f *fields) awq(q *quantised) {
	group := f.groupOr("group_size", f.groupOr("q_group_size", 128))
	q.format = scaled(f.bitsOf(4, "bits", "w_bit"), group, !f.flagOr("zero_point", true))
	q.skip(f.textsOr("modules_to_not_convert"))
}

// bitsandbytes: BitsAndBytesConfig. 8 bits have a scale of fp32 a row (LLM.int8(); columns of outliers in fp16 are found when it
// runs). 4 bits are of a table, nf4 or fp4, in blocks of 64 with the largest magnitude in fp32, or that in 8 bits with one fp32
// for 256 of them (double quantisation; QLoRA, arXiv 2305.14314, section 3). With neither nothing is quantised.
func (f *fields) bitsandbytes(q *quantised) {
	if f.flagOr("load_in_4bit", f.flagOr("_load_in_4bit", false)) {
		name := "NF4"
		if f.textOr("bnb_4bit_quant_type", "fp4") != "nf4" {
			name = "FP4"
		}
		if f.flagOr("bnb_4bit_use_double_quant", false) {
			name += "-DQ"
		}
		q.format = formats.Named(name)
	} else if f.flagOr("load_in_8bit", f.flagOr("_load_in_8bit", false)) {
		q.format = formats.Format{Bits: 8, Scale: 32}
	}
	q.skip(f.textsOr("llm_int8_skip_modules", formats.Head))
}

// fp8: FineGrainedFP8Config, as DeepSeek-V3 has it: e4m3 with a scale of fp32 for a block of 128 x 128 (weight_block_size), or
// for the matrix; FbgemmFp8Config: for a row.
func (f *fields) fp8(q *quantised) {
	q.format = formats.Format{Bits: 8, Scale: 32, Rows: formats.AllRows}
	var block []int
	switch {
	case q.method == "fbgemm_fp8":
		q.format.Rows = 0
	case f.has("weight_block_size"):
		if !f.decode("weight_block_size", &block) || len(block) != 2 || min(block[0], block[1]) < 1 || max(block[0], block[1]) > 1<<20 {
			f.fail("weight_block_size", "%s is not usable; accepted: two positive integers, as in [128, 128]", f.show("weight_block_size"))
			return
		}
		q.format.Rows, q.format.Group = block[0], block[1]
	}
	q.skip(f.textsOr("modules_to_not_convert"))
	q.skip(f.textsOr("ignored_layers")) // AutoFP8's name for them
}

// hqq: HqqConfig. Scales and zero points are fp16; layers may have values of their own by the end of their names.
func (f *fields) hqq(q *quantised) {
	of := func(g *fields) formats.Format {
		p := g
		if g.has("weight_quant_params") {
			p = g.object("weight_quant_params")
		}
		h := scaled(p.bitsOf(4, "nbits"), p.groupOr("group_size", 64), true)
		if !h.IsFP16() {
			h.Zero = 16
		}
		if f.err == nil {
			f.err = p.err
		}
		return h
	}
	q.skip(f.textsOr("skip_modules", formats.Head))
	inner := f
	if f.has("quant_config") {
		inner = f.object("quant_config")
	}
	q.format = of(inner)
	if inner == f || inner.has("weight_quant_params") {
		return
	}
	q.format = formats.Format{}
	for _, key := range f.keysOf("quant_config") {
		q.parts = append(q.parts, modulePart{module(key), of(inner.object(key))})
	}
}

// eetq: EetqConfig: int8 with a scale of fp16 a row.
func (f *fields) eetq(q *quantised) {
	q.format = scaled(8, 0, true)
	q.skip(f.textsOr("modules_to_not_convert"))
}

// quanto: QuantoConfig: int8 and float8 with a scale a row, int4 and int2 with a scale and a shift for 128 weights (optimum-quanto,
// group_size of qint4 and qint2).
func (f *fields) quanto(q *quantised) {
	switch name := f.textOr("weights", "int8"); name {
	case "int8", "float8":
		q.format = scaled(8, 0, true)
	case "int4":
		q.format = formats.Format{Bits: 4, Group: 128, Scale: 16, Zero: 16}
	case "int2":
		q.format = formats.Format{Bits: 2, Group: 128, Scale: 16, Zero: 16}
	default:
		q.unread = fmt.Sprintf("quanto with weights %.20q is not modelled; accepted: int8, float8, int4, int2", name)
	}
	q.skip(f.textsOr("modules_to_not_convert", formats.Head))
}

// torchAO: TorchAoConfig: the name of a configuration, or an object {"default": {"_type": …, "_data": {"group_size": …}}}.
func (f *fields) torchAO(q *quantised) {
	data := f
	var name string
	if !f.decode("quant_type", &name) {
		typed := f.object("quant_type").object("default")
		name = typed.textOr("_type", "")
		data = typed.object("_data")
	} else if f.has("quant_type_kwargs") {
		data = f.object("quant_type_kwargs")
	}
	switch flat := strings.ToLower(strings.NewReplacer("_", "", "Config", "").Replace(name)); {
	case strings.HasPrefix(flat, "int4weightonly"):
		q.format = formats.Format{Bits: 4, Group: data.groupOr("group_size", 128), Scale: 16, Zero: 16}
	case strings.HasPrefix(flat, "int8"), strings.HasPrefix(flat, "float8"):
		q.format = scaled(8, 0, true)
	default:
		q.unread = fmt.Sprintf("torchao with %.40q is not modelled; accepted: int4 weights, int8 and float8", name)
	}
	q.skip(f.textsOr("modules_to_not_convert", formats.Head))
}

// bitnet: BitNetQuantConfig: ternary weights, four in a byte, with a scale a matrix (BitNet b1.58, arXiv 2402.17764).
func (f *fields) bitnet(q *quantised) {
	q.format = formats.Named("TERNARY")
	q.skip(f.textsOr("modules_to_not_convert", formats.Head))
}

// mxfp4: Mxfp4Config, of gpt_oss: blocks of 32 with a scale of 8 bits (OCP Microscaling 1.0).
func (f *fields) mxfp4(q *quantised) {
	q.format = formats.Named("MXFP4")
	q.skip(f.textsOr("modules_to_not_convert"))
}

// modelOpt: NVIDIA's, whose algorithm is named.
func (f *fields) modelOpt(q *quantised) {
	switch name := f.textOr("quant_algo", ""); name {
	case "FP8", "W8A8_SQ_PER_CHANNEL", "FP8_PER_CHANNEL_PER_TOKEN":
		q.format = formats.Format{Bits: 8, Scale: 32, Rows: formats.AllRows}
	case "NVFP4":
		q.format = formats.Named("NVFP4")
	case "W4A16_AWQ", "W4A8_AWQ":
		q.format = scaled(4, f.groupOr("group_size", 128), true)
	default:
		q.unread = fmt.Sprintf("modelopt with quant_algo %.20q is not modelled; accepted: FP8, NVFP4, W4A16_AWQ, W4A8_AWQ", name)
	}
	q.skip(f.textsOr("ignore", f.textsOr("exclude_modules", formats.Head)...))
}

// mlx: mlx_lm's convert quantises every linear layer and the embedding; scales and what is added are fp16 (mode affine).
// Modules may have values of their own: an object, or false for none.
func (f *fields) mlx(q *quantised) {
	of := func(g *fields) (formats.Format, bool) {
		switch mode := g.textOr("mode", f.textOr("mode", "affine")); mode {
		case "affine":
			m := scaled(g.bitsOf(int(f.bitsOf(4, "bits")), "bits"), g.groupOr("group_size", f.groupOr("group_size", 64)), true)
			if !m.IsFP16() {
				m.Zero = 16
			}
			return m, true
		case "mxfp4", "nvfp4", "mxfp8":
			return formats.Named(strings.ToUpper(mode)), true
		default:
			q.unread = fmt.Sprintf("mlx with mode %.20q is not modelled; accepted: affine, mxfp4, mxfp8, nvfp4", mode)
		}
		return formats.Format{}, false
	}
	q.head, q.embedding = true, true
	q.format, _ = of(f)
	for _, key := range sortedKeys(f.raw) {
		value := string(f.raw[key])
		switch {
		case value == "false" && strings.Contains(key, "."):
			q.parts = append(q.parts, modulePart{modules: module(key)})
		case strings.HasPrefix(value, "{"):
			inner := f.object(key)
			part, _ := of(inner)
			q.parts = append(q.parts, modulePart{module(key), part})
			if f.err == nil {
				f.err = inner.err
			}
		}
	}
}
