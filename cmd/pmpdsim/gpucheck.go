package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/workloads"
)

func gpuCheckCommand() *cli.Command {
	return &cli.Command{
		Name: "check", Usage: "compare the GPU's kernels with the CPU's",
		Description: `Runs prefill and a decode pass at every precision with random weights on the GPU and on the CPU, both over the same
tokens, and compares logits, keys and values, tokens and signals. Without --model it takes three small models with the blocks
of Llama, Phi and StableLM. A row that is off says what, and the exit code is 1.

EXAMPLES:
   pmpdsim gpu check
   pmpdsim gpu check --prompt 600 --format json
   pmpdsim gpu check --model path/to/config.json --seed 2`,
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "model", Usage: "`MODEL` (list models), or a config.json; repeatable", DefaultText: "three small ones"},
			&cli.IntFlag{Name: "prompt", Value: 40, Usage: "`TOKENS` of the prompt"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`SEED` of the weights"},
			deviceFlag(),
			formatFlag("table", "json"),
		},
		Action: runGPUCheck,
	}
}

// checkedPass is one comparison as JSON.
type checkedPass struct {
	Model     string  `json:"model"`
	Pass      string  `json:"pass"`
	Bits      int     `json:"weight_bits"`
	Positions int     `json:"positions"`
	Logits    float64 `json:"logits_error"`
	Cache     float64 `json:"cache_error"`
	Signals   float64 `json:"signals_error"`
	Token     int     `json:"token"`
	Want      int     `json:"want_token"`
	Wrong     string  `json:"wrong"`
}

func runGPUCheck(c *cli.Context) error {
	if err := arguments(c); err != nil {
		return err
	}
	if n := c.Int("prompt"); n < 1 {
		return fmt.Errorf("--prompt %d: too few; accepted: 1 or more", n)
	}
	models := smallModels()
	if names := c.StringSlice("model"); len(names) > 0 {
		models = nil
		for _, name := range names {
			m, err := weights.Load(name)
			if err != nil {
				return flagged("model", name, err)
			}
			models = append(models, m)
		}
	}
	var rows []checkedPass
	for _, m := range models {
		if err := m.Fits(c.Int("prompt") + len(checkedBits)); err != nil {
			return fmt.Errorf("--prompt %d: %w", c.Int("prompt"), err)
		}
		more, err := checkModel(c, m)
		if err != nil {
			return onGPU(err)
		}
		rows = append(rows, more...)
	}
	err := emit(c.App.Writer, "", func(w io.Writer) error {
		if c.String("format") == "json" {
			return jsonLines(w, rows)
		}
		return checkTable(w, rows)
	})
	if wrong := slices.IndexFunc(rows, func(r checkedPass) bool { return r.Wrong != "" }); err == nil && wrong >= 0 {
		r := rows[wrong]
		return internal(fmt.Errorf("%s, %s at %d bits: %s", r.Model, r.Pass, r.Bits, r.Wrong))
	}
	return err
}

// checkedBits are prefill's and then those of the decode passes.
var checkedBits = []int{4, 16, 8, 7, 6, 5, 4, 3, 2}

func checkModel(c *cli.Context, m *weights.Model) ([]checkedPass, error) {
	source, err := weights.Random(m, c.Uint64("seed"))
	if err != nil {
		return nil, err
	}
	onGPU, err := cuda.Open(source, cuda.Options{Device: c.Int("device")})
	if err != nil {
		return nil, err
	}
	defer func() { _ = onGPU.Close() }()
	onCPU, err := cpu.Open(source, cpu.Options{Workers: runtime.GOMAXPROCS(0)})
	if err != nil {
		return nil, err
	}
	prompt := make([]int, c.Int("prompt"))
	for i := range prompt {
		prompt[i] = (i*37 + 11) % m.Vocab
	}
	all, err := gpu.Compare(onCPU, onGPU, prompt, checkedBits)
	var rows []checkedPass
	for _, a := range all {
		rows = append(rows, checkedPass{m.Name, a.Pass, a.Bits, a.Positions, a.Logits, a.Cache, a.Signals, a.Token, a.Want, a.Wrong()})
	}
	return rows, err
}

func checkTable(w io.Writer, rows []checkedPass) error {
	t := &plots.Table{Columns: []plots.Column{{Name: "model"}, {Name: "pass"}, {Name: "bits", Right: true}, {Name: "positions", Right: true},
		{Name: "logits", Right: true}, {Name: "keys, values", Right: true}, {Name: "signals", Right: true}, {Name: "token", Right: true}, {Name: "verdict"}}}
	for _, r := range rows {
		verdict := "agrees"
		if r.Wrong != "" {
			verdict = "FAIL: " + r.Wrong
		}
		t.Add(r.Model, r.Pass, strconv.Itoa(r.Bits), strconv.Itoa(r.Positions), fmt.Sprintf("%.1e", r.Logits), fmt.Sprintf("%.1e", r.Cache),
			fmt.Sprintf("%.1e", r.Signals), strconv.Itoa(r.Token), verdict)
	}
	return t.Write(w)
}

// smallModels have what the families' blocks differ in: grouped heads and no biases; parallel halves, biases everywhere, a head
// with a bias; partial rotation, heads whose width is no power of two. Columns do not fill the groups of the planes.
func smallModels() []*weights.Model {
	shape := func(m workloads.Model) *weights.Model {
		m.Source, m.MaxPositions, m.BlockNorms = "for gpu check", 4096, 2
		if m.Parallel {
			m.BlockNorms = 1
		}
		return &weights.Model{Model: &m, NormEps: 1e-5, RopeTheta: 10000}
	}
	return []*weights.Model{
		shape(workloads.Model{Name: "small-llama", Family: workloads.Llama, Layers: 3, Hidden: 256, Heads: 4, KVHeads: 2, HeadDim: 64, FFN: 704,
			Vocab: 320, RotaryDim: 64, Norm: workloads.RMSNorm, Activation: workloads.Silu, GatedMLP: true}),
		shape(workloads.Model{Name: "small-phi", Family: workloads.Phi, Layers: 2, Hidden: 256, Heads: 4, KVHeads: 4, HeadDim: 64, FFN: 1056,
			Vocab: 301, RotaryDim: 32, Norm: workloads.LayerNorm, Activation: workloads.Gelu, Parallel: true, QKVBias: true, OBias: true,
			MLPBias: true, HeadBias: true}),
		shape(workloads.Model{Name: "small-stablelm", Family: workloads.StableLM, Layers: 2, Hidden: 320, Heads: 4, KVHeads: 4, HeadDim: 80, FFN: 864,
			Vocab: 288, RotaryDim: 20, Norm: workloads.LayerNorm, Activation: workloads.Silu, GatedMLP: true}),
	}
}
