// Package rows holds what schedules cost in quality, and how fast an NPU runs them, as data, so that showing them needs no engine
// and no simulator. Package eval fills the rows.
package rows

// Row is a schedule on one model and one NPU. Lows and highs are bootstrap intervals of 95 % over prompts.
type Row struct {
	Schedule      string  `json:"schedule"`
	Model         string  `json:"model"`
	NPU           string  `json:"npu,omitempty"`
	AvgWeightBits float64 `json:"avg_weight_bits"` // over the decode passes that read the written continuations

	BitsPerToken     float64 `json:"bits_per_token"` // of the written continuations
	BitsPerTokenLow  float64 `json:"bits_per_token_low"`
	BitsPerTokenHigh float64 `json:"bits_per_token_high"`
	KLMean           float64 `json:"kl_mean"` // nats a token, from fp16
	KLLow            float64 `json:"kl_low"`
	KLHigh           float64 `json:"kl_high"`
	Agreement        float64 `json:"agreement"` // share of tokens whose most likely one is fp16's
	AgreementLow     float64 `json:"agreement_low"`
	AgreementHigh    float64 `json:"agreement_high"`
	RougeL           float64 `json:"rouge_l"` // of the greedy answers against fp16's
	RougeLLow        float64 `json:"rouge_l_low"`
	RougeLHigh       float64 `json:"rouge_l_high"`
	Prefix           float64 `json:"prefix_mean"` // tokens of an answer before the first that is not fp16's
	PrefixLow        float64 `json:"prefix_low"`
	PrefixHigh       float64 `json:"prefix_high"`

	TokensPerSecond *float64 `json:"tokens_per_second"`                 // of the NPU, decoding the greedy answers; null: none was simulated
	EnergyPerToken  *float64 `json:"energy_joules_per_token,omitempty"` // likewise
	AnswerBits      float64  `json:"avg_weight_bits_answers"`           // over the decode passes of the greedy answers
	PrefillBits     float64  `json:"prefill_weight_bits"`

	Prompts   int    `json:"prompts"`
	Prompt    int    `json:"prompt"`    // tokens of each
	Generated int    `json:"generated"` // tokens behind it
	Text      string `json:"text,omitempty"`
	KVBits    int    `json:"kv_bits"` // of keys, and of values where kv_cache does not say others
	KVCache   string `json:"kv_cache"`
	Quantiser string `json:"quantiser,omitempty"`
	Seed      int64  `json:"seed"`

	Weights string `json:"weights_sha256,omitempty"`
	Config  string `json:"config_fingerprint,omitempty"` // of the NPU
	Shape   string `json:"model_fingerprint,omitempty"`
	Version string `json:"version,omitempty"`
	Machine string `json:"machine,omitempty"` // the GPU that ran the model; empty: a CPU

	ByPosition []Block   `json:"by_position"`
	ByPrompt   *ByPrompt `json:"by_prompt,omitempty"`
}

// Block is some positions of the written continuations, from 0, which comes from prefill.
type Block struct {
	From         int     `json:"from"`
	To           int     `json:"to"` // the last
	WeightBits   float64 `json:"weight_bits"`
	BitsPerToken float64 `json:"bits_per_token"`
	KL           float64 `json:"kl"`
	Agreement    float64 `json:"agreement"`
}

// ByPrompt has each prompt's values, in the order of the prompts, which is that of all schedules.
type ByPrompt struct {
	WeightBits   []float64 `json:"weight_bits"`
	BitsPerToken []float64 `json:"bits_per_token"`
	KL           []float64 `json:"kl"`
	Agreement    []float64 `json:"agreement"`
	RougeL       []float64 `json:"rouge_l"`
	Prefix       []float64 `json:"prefix"`
}
