package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/vector"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name: "bench", Usage: "measure the machine that this runs on",
		Description: `Measures the machine that this runs on. gpu bench measures a GPU.

EXAMPLES:
   pmpdsim bench host -o cpu-host.yaml  # 30 s`,
		Subcommands: []*cli.Command{benchHostCommand()},
	}
}

func benchHostCommand() *cli.Command {
	return &cli.Command{
		Name: "host", Usage: "measure this host's decode engine, as an NPU that run and validate take",
		Description: `Measures what a pass of the CPU backend (record --backend cpu) consists of: the bandwidth of copies, multiply-accumulates
a second, weights a second that become operands at 2, 3, 4, 8 and 16 bits, elements a second of a norm, and the time in which the
threads are given an op. Prints an NPU's description with these figures, as changes to edge-lpddr5: with it, validate says how
near the simulator comes to a run that was recorded here (docs/validation.md). Medians; other work on the machine falsifies them.

EXAMPLES:
   pmpdsim bench host  # 30 s
   pmpdsim bench host --threads 1 -o cpu-host.yaml  # 30 s`,
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "threads", Usage: "`N` threads of the engine", Value: runtime.GOMAXPROCS(0), DefaultText: "all",
				Action: between("threads", 1, mostWorkers)},
			&cli.IntFlag{Name: "repeats", Value: 9, Usage: "medians are of `N` repeats", Action: between("repeats", 1, 1000)},
			outputFlag("write the description to `FILE`, YAML", "printed"),
		},
		Action: action(func(c *cli.Context) (*benchHostOptions, error) {
			return &benchHostOptions{c.Int("threads"), c.Int("repeats"), c.String("output")}, nil
		}),
	}
}

// benchHostOptions are what bench host was asked for.
type benchHostOptions struct {
	threads, repeats int
	output           string
}

func (o *benchHostOptions) run(ctx context.Context, s streams) error {
	source, err := hostModel()
	if err != nil {
		return internal(err)
	}
	start := time.Now()
	p := newProgress(s.err, 0, "measurements")
	h, err := cpu.Measure(ctx, source, cpu.MeasureOptions{Workers: o.threads, Repeats: o.repeats,
		Now:      func() time.Duration { return time.Since(start) },
		Progress: func(done, all int) { p.update(int64(done), int64(all)) }})
	p.end()
	if err != nil {
		return stopped(ctx, err)
	}
	text, err := hostNPU(h)
	if err != nil {
		return internal(err)
	}
	write := func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
	if o.output == "" {
		return s.emit(write)
	}
	return s.save("output", o.output, write)
}

// hostModel is one layer of Llama 3.2 1B with a narrower MLP and few tokens: its matrices are larger than caches, and
// random weights of them are made in seconds.
func hostModel() (weights.Source, error) {
	m, err := weights.Load("llama-3.2-1b")
	if err != nil {
		return nil, err
	}
	shape := *m.Model
	shape.Name, shape.Layers, shape.FFN, shape.Vocab, shape.MaxPositions, shape.Published = "host", 1, 4096, 256, 64, 0
	layer := *m
	layer.Model = &shape
	return weights.Random(&layer, 1)
}

// hostPEs is the square array that stands for the host: its clock is such that it makes the host's MACs a second.
const hostPEs = 8

// hostNPU writes the host as an NPU, and reads it to make sure that it is one.
func hostNPU(h *cpu.Host) (string, error) {
	clock := math.Round(h.MACs / (hostPEs * hostPEs))
	perCycle := func(rate float64) int { return max(1, int(math.Round(rate/clock))) }
	norms := h.NormsElements * float64(vector.Ops(isa.FnRMSNorm, 1000)) / 1000
	var b strings.Builder
	fmt.Fprintf(&b, `# The CPU backend of pmpdsim on the machine that wrote this, as an NPU: measured by pmpdsim bench host.
base: edge-lpddr5
name: cpu-host
description: the CPU backend on %s %s, %d threads
source: measured by pmpdsim bench host

# %.3g MAC/s on an array of %d x %d.
clock: %v
cores: 1
array:
  style: dequant-fp16
  activations: fp16
  rows: %d
  cols: %d
  dequant_lanes: %d # look-ups are in the figures below
  switch_cycles: 0
  unpack: # weights a second that become operands, before their products
    overlap: loads
`, runtime.GOOS, runtime.GOARCH, h.Workers, h.MACs, hostPEs, hostPEs, unit.Hertz(clock), hostPEs, hostPEs, 1<<20)
	for _, bits := range []int{2, 3, 4, 8, 16} {
		fmt.Fprintf(&b, "    bits%d: %d # %.3g a second\n", bits, perCycle(h.Unpacked[bits]), h.Unpacked[bits])
	}
	fmt.Fprintf(&b, `vector:
  lanes: %d # %.3g elements of an RMSNorm a second, three operations each
  latency: 0
scratchpad: # caches, which hold activations; nothing is known of their ports
  size: 64MiB
  bytes_per_cycle: 65536
dma:
  latency: 0
noc:
  bandwidth: 0B/s
runtime:
  class: per-op
  dispatch: %v # in which the threads are given an op
  host_per_token: 0us
  prefetch: program
dram: # a bandwidth: that of copies, read and written
  standard: ideal
  bandwidth: %v
  refresh: none
  mapping: ""
kv:
  bits: 16 # 32 in memory: what is stored of them is fp16
lm_head:
  bits: 16
`, perCycle(norms), h.NormsElements, max(1, unit.Femtoseconds(h.Handover.Nanoseconds())*1e6), unit.BytesPerSecond(h.CopyBytes))
	if _, err := config.Parse("cpu-host.yaml", []byte(b.String())); err != nil {
		return "", fmt.Errorf("bench host: %w", err)
	}
	return b.String(), nil
}
