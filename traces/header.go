package traces

import (
	"encoding/json"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// The name and the versions of the format that are understood. A trace is written in the oldest that has what it says.
const (
	Format  = "pmpd-trace"
	Oldest  = 1
	Version = 2
	Suffix  = ".trace.jsonl.zst"
)

// Extensions are the keys of an object that start with x_, with their values as compact JSON. They mean nothing to this
// package and survive reading and writing, in key order.
type Extensions map[string]json.RawMessage

// Header is the first record: what was run, on what, and how. FORMAT.md has the meaning of each field.
type Header struct {
	Format            string     `json:"format"`
	Version           int        `json:"version"`
	RunID             string     `json:"run_id,omitzero"`
	Created           string     `json:"created,omitzero" rule:"time"`
	Tool              string     `json:"tool"`
	Mode              Mode       `json:"mode,omitzero"`
	Source            Origin     `json:"source"`
	Seed              *int64     `json:"seed,omitzero"`
	Task              string     `json:"task,omitzero"`
	Model             Shape      `json:"model"`
	Quant             *Quant     `json:"quant,omitzero"`
	Precisions        []int      `json:"precisions" rule:"bits"`
	PrefillBits       int        `json:"prefill_bits" rule:"bits"`
	Assignments       []string   `json:"assignments,omitzero"` // of version 2, as the two keys that name one
	PrefillAssignment *int       `json:"prefill_assignment,omitzero"`
	Scheduler         Scheduler  `json:"scheduler"`
	GPU               *GPU       `json:"gpu,omitzero"`
	Kernels           *Kernels   `json:"kernels,omitzero"`
	Calib             *Calib     `json:"calib,omitzero"`
	Prompt            Prompt     `json:"prompt"`
	MaxNew            *int       `json:"max_new,omitzero" rule:"positive"`
	Sampling          *Sampling  `json:"sampling,omitzero"`
	X                 Extensions `json:"-"`
}

// Shape is the model: enough of it to rebuild a workloads.Model that no preset knows.
type Shape struct {
	Name             string       `json:"name"`
	Family           string       `json:"family" rule:"family"`
	Layers           int          `json:"layers" rule:"positive"`
	Hidden           int          `json:"hidden" rule:"positive"`
	FFN              int          `json:"ffn" rule:"positive"`
	Heads            int          `json:"heads" rule:"positive"`
	KVHeads          int          `json:"kv_heads" rule:"positive"`
	HeadDim          int          `json:"head_dim" rule:"positive"`
	RotaryDim        int          `json:"rotary_dim"`
	Vocab            int          `json:"vocab" rule:"positive"`
	MaxPositions     int          `json:"max_positions" rule:"positive"`
	Norm             string       `json:"norm" rule:"norm"`
	Activation       string       `json:"activation" rule:"activation"`
	GatedMLP         bool         `json:"gated_mlp"`
	Parallel         bool         `json:"parallel"`
	BlockNorms       int          `json:"block_norms" rule:"positive"`
	QKNorm           bool         `json:"qk_norm"`
	QKVBias          bool         `json:"qkv_bias"`
	OBias            bool         `json:"o_bias"`
	MLPBias          bool         `json:"mlp_bias"`
	HeadBias         bool         `json:"head_bias"`
	Tied             bool         `json:"tied"`
	Softcap          bool         `json:"softcap"`
	Window           *int         `json:"window,omitzero" rule:"positive"`
	WindowEvery      *int         `json:"window_every,omitzero" rule:"positive"`
	WindowFrom       *int         `json:"window_from,omitzero" rule:"positive"`
	Experts          *ExpertShape `json:"experts,omitzero"`
	Latent           *LatentShape `json:"latent,omitzero"`
	LayerPattern     string       `json:"layer_pattern,omitzero"`
	LearnedPositions *int         `json:"learned_positions,omitzero" rule:"positive"`
	Chunked          bool         `json:"chunked,omitzero"`
	ALiBi            bool         `json:"alibi,omitzero"`
	NormsBehind      bool         `json:"norms_behind,omitzero"`
	QKNormKind       string       `json:"qk_norm_kind,omitzero"`
	SubNorms         bool         `json:"sub_norms,omitzero"`
	EmbedNorm        bool         `json:"embed_norm,omitzero"`
	TextOf           string       `json:"text_of,omitzero"`
	WeightsSHA256    string       `json:"weights_sha256,omitzero" rule:"sha256"`
	ConfigSHA256     string       `json:"config_sha256,omitzero" rule:"sha256"`
	X                Extensions   `json:"-"`
}

// Quant says how the weights were quantised.
type Quant struct {
	Scheme            string     `json:"scheme"`
	Planes            *int       `json:"planes,omitzero" rule:"positive"`
	LUT               string     `json:"lut,omitzero"`
	Layout            string     `json:"layout,omitzero"`
	Accumulate        string     `json:"accumulate,omitzero"`
	LMHeadBits        *int       `json:"lm_head_bits,omitzero" rule:"bits"`
	KVBits            *int       `json:"kv_bits,omitzero" rule:"bits"`
	KVCache           string     `json:"kv_cache,omitzero" rule:"cache"`
	SeedBits          *int       `json:"seed_bits,omitzero" rule:"positive"`
	SensitivitySHA256 string     `json:"sensitivity_sha256,omitzero" rule:"sha256"`
	X                 Extensions `json:"-"`
}

// Scheduler is the precision schedule of the run.
type Scheduler struct {
	Kind             precision.Kind   `json:"kind" rule:"scheduler"`
	Spec             string           `json:"spec,omitzero"`
	Params           *SchedulerParams `json:"params,omitzero"`
	ClassifierSHA256 string           `json:"classifier_sha256,omitzero" rule:"sha256"`
	X                Extensions       `json:"-"`
}

// SchedulerParams are the parameters of any scheduler kind; each kind uses some of them.
type SchedulerParams struct {
	Bits     []int      `json:"bits,omitzero" rule:"bits"`
	SwitchAt []int      `json:"switch_at,omitzero"`
	Horizon  *int       `json:"horizon,omitzero" rule:"positive"`
	Window   *int       `json:"window,omitzero" rule:"positive"`
	K        *float64   `json:"k,omitzero"`
	Prior    []float64  `json:"prior,omitzero" rule:"fraction"`
	Seed     *int64     `json:"seed,omitzero"`
	X        Extensions `json:"-"`
}

// GPU is the device of the run.
type GPU struct {
	Name      string     `json:"name"`
	CC        string     `json:"cc,omitzero"`
	SMs       *int       `json:"sms,omitzero" rule:"positive"`
	MemBytes  *int64     `json:"mem_bytes,omitzero" rule:"positive"`
	L2Bytes   *int64     `json:"l2_bytes,omitzero" rule:"positive"`
	Driver    string     `json:"driver,omitzero"`
	API       *int       `json:"api,omitzero" rule:"positive"`
	SMkHzMax  *int64     `json:"sm_khz_max,omitzero" rule:"positive"`
	MemkHz    *int64     `json:"mem_khz,omitzero" rule:"positive"`
	SMMHzSeen []int64    `json:"sm_mhz_seen,omitzero" rule:"positive"`
	X         Extensions `json:"-"`
}

// Kernels says which device code was run.
type Kernels struct {
	PTXSHA256    string         `json:"ptx_sha256,omitzero" rule:"sha256"`
	SourceSHA256 string         `json:"source_sha256,omitzero" rule:"sha256"`
	Compiler     string         `json:"compiler,omitzero"`
	Target       string         `json:"target,omitzero"`
	ISA          string         `json:"isa,omitzero"`
	Regs         map[string]int `json:"regs,omitzero"`
	Spills       map[string]int `json:"spills,omitzero"`
	X            Extensions     `json:"-"`
}

// Calib is what the machine was measured to do before the run.
type Calib struct {
	CopyBps   *float64   `json:"copy_Bps,omitzero" rule:"nonnegative"`
	NodeGapNS *int64     `json:"node_gap_ns,omitzero"`
	EventNS   *int64     `json:"event_ns,omitzero"`
	Clock     string     `json:"clock,omitzero"`
	X         Extensions `json:"-"`
}

// Prompt is the input of prefill.
type Prompt struct {
	SHA256 string     `json:"sha256,omitzero" rule:"sha256"`
	Tokens int        `json:"tokens" rule:"positive"`
	IDs    []int      `json:"ids,omitzero"`
	X      Extensions `json:"-"`
}

// Sampling says where tok_in of a step comes from.
type Sampling struct {
	Kind        SamplingKind `json:"kind"`
	Temperature *float64     `json:"temperature,omitzero" rule:"nonnegative"`
	TopK        *int         `json:"top_k,omitzero" rule:"positive"`
	TopP        *float64     `json:"top_p,omitzero" rule:"fraction"`
	X           Extensions   `json:"-"`
}
