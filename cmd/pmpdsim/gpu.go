package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu/bench"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels/check"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
	"github.com/pmpdsim/pmpdsim/traces"
)

func gpuCommand() *cli.Command {
	return &cli.Command{
		Name: "gpu", Usage: "see what the GPU is, check its kernels, measure them",
		Description: `Looks at the NVIDIA GPU that record and cosim decode on. Exit code 3 says that there is none, or that the program
was built without CUDA (make cuda builds one with it, which needs no CUDA toolkit).

EXAMPLES:
   pmpdsim gpu info  # needs a GPU
   pmpdsim gpu check  # needs a GPU
   pmpdsim gpu bench --model vicuna-7b --bits 16,4,3,2  # needs a GPU
   pmpdsim gpu qualify -o bundle  # needs a GPU`,
		Subcommands: []*cli.Command{gpuInfoCommand(), gpuCheckCommand(), gpuBenchCommand(), gpuQualifyCommand(), gpuAdoptCommand()},
	}
}

func deviceFlag() cli.Flag {
	return &cli.IntFlag{Name: "device", Usage: "`NUMBER` of the GPU, from 0", Action: between("device", 0, 1023)}
}

// onGPU tells a driver that failed from a request that is impossible.
func onGPU(err error) error {
	if e := (*driver.Error)(nil); errors.As(err, &e) && !errors.Is(err, driver.ErrNone) {
		return internal(err)
	}
	return err
}

func gpuInfoCommand() *cli.Command {
	return &cli.Command{
		Name: "info", Usage: "show the GPU, its driver and the kernels on it",
		Description: `Shows what the driver says of the GPU, and compiles the kernels for it: registers, and bytes that were spilled for want of
them, of each. --measure also measures, in a second or two, the bandwidth of a copy (bytes read plus bytes written), the gap
between two kernels of a graph and the cost of an event between them. What is not known is not shown.

EXAMPLES:
   pmpdsim gpu info  # needs a GPU
   pmpdsim gpu info --measure --format json  # needs a GPU`,
		Flags: []cli.Flag{deviceFlag(),
			&cli.BoolFlag{Name: "measure", Usage: "measure copies, gaps and events"},
			formatFlag("table", "json"),
		},
		Action: action(func(c *cli.Context) (*gpuInfoOptions, error) {
			return &gpuInfoOptions{c.Int("device"), c.Bool("measure"), c.String("format")}, nil
		}),
	}
}

// gpuInfoOptions are what gpu info was asked for.
type gpuInfoOptions struct {
	device  int
	measure bool
	format  string
}

func (o *gpuInfoOptions) run(_ context.Context, s streams) error {
	m, err := cuda.Describe(o.device, o.measure)
	if err != nil {
		return onGPU(err)
	}
	info := gpuInfo{m.GPU, m.FreeBytes, m.Emulated, m.Kernels, m.Calib}
	return printed(s, o.format, []gpuInfo{info}, func(w io.Writer) error { return showGPU(w, m) })
}

// gpuInfo is a GPU as JSON, in the words of a trace's header.
type gpuInfo struct {
	GPU       *traces.GPU     `json:"gpu"`
	FreeBytes int64           `json:"free_bytes"`
	Emulated  bool            `json:"emulated"`
	Kernels   *traces.Kernels `json:"kernels"`
	Calib     *traces.Calib   `json:"calib,omitzero"`
}

func showGPU(w io.Writer, m *cuda.Machine) error {
	for _, line := range gpuLines(m) {
		if line[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-11s %s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	if len(m.Kernels.Regs) == 0 {
		return nil
	}
	t := &plots.Table{Columns: []plots.Column{{Name: "kernel"}, {Name: "registers", Right: true}, {Name: "spilled B", Right: true}}}
	for _, name := range slices.Sorted(maps.Keys(m.Kernels.Regs)) {
		t.Add(name, strconv.Itoa(m.Kernels.Regs[name]), strconv.Itoa(m.Kernels.Spills[name]))
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return t.Write(w)
}

// gpuLines are head and text; an empty text: not known.
func gpuLines(m *cuda.Machine) [][2]string {
	g, k := m.GPU, m.Kernels
	var cores, memory, clocks, api string
	if g.CC != "" && g.SMs != nil {
		cores = fmt.Sprintf("%d multiprocessors, compute capability %s", *g.SMs, g.CC)
	}
	if g.MemBytes != nil {
		memory = fmt.Sprintf("%s GB, %s GB free", views.Gigabytes(float64(*g.MemBytes)), views.Gigabytes(float64(m.FreeBytes)))
		if g.L2Bytes != nil {
			memory += fmt.Sprintf(", L2 %s", plots.Memory.Text(float64(*g.L2Bytes)))
		}
	}
	if g.SMkHzMax != nil {
		clocks = fmt.Sprintf("up to %d MHz", *g.SMkHzMax/1000)
		if g.MemkHz != nil {
			clocks += fmt.Sprintf(", memory %d MHz", *g.MemkHz/1000)
		}
	}
	if g.API != nil {
		api = strings.TrimSpace(fmt.Sprintf("%s, for CUDA %d.%d", g.Driver, *g.API/1000, *g.API%1000/10))
		api = strings.TrimPrefix(api, ", ")
	}
	lines := [][2]string{{"GPU", g.Name}, {"", cores}, {"memory", memory}, {"clocks", clocks}, {"driver", api},
		{"kernels", fmt.Sprintf("PTX %s for %s by %s, SHA-256 %.12s", k.ISA, k.Target, k.Compiler, k.PTXSHA256)}}
	if c := m.Calib; c != nil {
		lines = append(lines, [2]string{"copy", views.Gigabytes(*c.CopyBps) + " GB/s, read and written"},
			[2]string{"graph", fmt.Sprintf("%s a kernel, %s an event", plots.Time.Text(float64(*c.NodeGapNS)/1e9), plots.Time.Text(float64(*c.EventNS)/1e9))})
	}
	return lines
}

func gpuCheckCommand() *cli.Command {
	return &cli.Command{
		Name: "check", Usage: "compare the GPU's kernels with the CPU's",
		Description: `Runs prefill and a decode pass at every precision with random weights on the GPU and on the CPU, both over the same
tokens, and compares logits, keys and values, tokens and signals. Without --model it takes small models with the blocks
of Llama, Phi, StableLM and others. A row that is off says what, and the exit code is 1.

--kernels checks kernels alone instead, all or some of them, over sizes with all kinds of tails: against the same in float64, and the
products of decode against bits that are the same on every device (golden).

With --format json every row is written as soon as it is known.

EXAMPLES:
   pmpdsim gpu check  # needs a GPU
   pmpdsim gpu check --kernels all  # needs a GPU
   pmpdsim gpu check --prompt 600 --format json  # needs a GPU
   pmpdsim gpu check --model path/to/config.json --seed 2  # needs a GPU`,
		Flags: []cli.Flag{
			modelsFlag("`MODEL` (list models), or a config.json; repeatable", "small ones"),
			&cli.IntFlag{Name: "prompt", Value: 40, Usage: "`TOKENS` of the prompt", Action: between("prompt", 1, mostTokens)},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`SEED` of the weights"},
			&cli.StringFlag{Name: "kernels", Usage: "check kernels alone: all, or a `LIST` of " + strings.Join(check.Names(), ", ")},
			deviceFlag(),
			formatFlag("table", "json"),
		},
		Action: action(fillGPUCheck),
	}
}

// gpuCheckOptions are what gpu check was asked for.
type gpuCheckOptions struct {
	models  []string // none: small ones
	prompt  int
	seed    uint64
	kernels []string // which are checked alone; nil: models are run
	device  int
	format  string
}

func fillGPUCheck(c *cli.Context) (*gpuCheckOptions, error) {
	o := &gpuCheckOptions{models: c.StringSlice("model"), prompt: c.Int("prompt"), seed: c.Uint64("seed"), device: c.Int("device"), format: c.String("format")}
	if !c.IsSet("kernels") {
		return o, nil
	}
	for _, name := range []string{"model", "prompt", "seed"} {
		if c.IsSet(name) {
			return nil, fmt.Errorf("--%s: no model is run; accepted: without --kernels", name)
		}
	}
	o.kernels = check.Names()
	if list := c.String("kernels"); list != "all" {
		o.kernels = strings.Split(list, ",")
	}
	for _, k := range o.kernels {
		if !slices.Contains(check.Names(), k) {
			return nil, fmt.Errorf("--kernels: %.60q; %s", k, suggest.Accepted(k, append([]string{"all"}, check.Names()...)))
		}
	}
	return o, nil
}

func (o *gpuCheckOptions) run(ctx context.Context, s streams) error {
	if o.kernels != nil {
		return o.checkKernels(ctx, s)
	}
	models, err := loadWeights(o.models)
	if err != nil {
		return err
	}
	if len(models) == 0 {
		models = bench.SmallModels()
	}
	for _, m := range models {
		if err := cuda.Fits(m, bench.CheckPositions(o.prompt)); err != nil {
			return fmt.Errorf("--prompt %d: %w", o.prompt, err)
		}
	}
	var rows []bench.Checked
	shown := s.showRows(ctx, o.format, func(w io.Writer) error { return checkTable(rows).Write(w) })
	for _, m := range models {
		err := bench.Check(ctx, m, o.device, o.prompt, o.seed, func(r bench.Checked) error {
			return shown.add(r, func() { rows = append(rows, r) })
		})
		if err != nil {
			return errors.Join(stoppedOr(ctx, onGPU(err)), shown.end())
		}
	}
	err = shown.end()
	if wrong := slices.IndexFunc(rows, func(r bench.Checked) bool { return r.Wrong != "" }); err == nil && wrong >= 0 {
		r := rows[wrong]
		return internal(fmt.Errorf("%s, %s at %d bits: %s", r.Model, r.Pass, r.Bits, r.Wrong))
	}
	return err
}

// checkKernels checks kernels alone.
func (o *gpuCheckOptions) checkKernels(ctx context.Context, s streams) error {
	var rows []check.Row
	shown := s.showRows(ctx, o.format, func(w io.Writer) error { return kernelsTable(rows).Write(w) })
	err := check.Run(ctx, o.device, o.kernels, func(r check.Row) error {
		return shown.add(r, func() { rows = append(rows, r) })
	})
	if err != nil {
		return errors.Join(stoppedOr(ctx, onGPU(err)), shown.end())
	}
	err = shown.end()
	if wrong := slices.IndexFunc(rows, func(r check.Row) bool { return r.Wrong != "" }); err == nil && wrong >= 0 {
		return internal(fmt.Errorf("%s: %s", rows[wrong].Check, rows[wrong].Wrong))
	}
	return err
}

func kernelsTable(rows []check.Row) *plots.Table {
	t := &plots.Table{Columns: []plots.Column{{Name: "kernel"}, {Name: "verdict"}}}
	for _, r := range rows {
		t.Add(r.Check, verdict(r.Wrong))
	}
	return t
}

// verdict is a word on what was found wrong.
func verdict(wrong string) string {
	if wrong != "" {
		return "FAIL: " + wrong
	}
	return "agrees"
}

func checkTable(rows []bench.Checked) *plots.Table {
	t := &plots.Table{Columns: []plots.Column{{Name: "model"}, {Name: "pass"}, {Name: "bits", Right: true}, {Name: "positions", Right: true},
		{Name: "logits", Right: true}, {Name: "keys, values", Right: true}, {Name: "signals", Right: true}, {Name: "token", Right: true}, {Name: "verdict"}}}
	for _, r := range rows {
		t.Add(r.Model, r.Pass, strconv.Itoa(r.Bits), strconv.Itoa(r.Positions), fmt.Sprintf("%.1e", r.Logits), fmt.Sprintf("%.1e", r.Cache),
			fmt.Sprintf("%.1e", r.Signals), strconv.Itoa(r.Token), verdict(r.Wrong))
	}
	return t
}
