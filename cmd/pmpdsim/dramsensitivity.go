package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/study/timings"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// mostOff is by how many percent timings may be off.
const mostOff = 50

func dramSensitivityCommand() *cli.Command {
	return &cli.Command{
		Name: "sensitivity", Usage: "show how much each DRAM timing matters to decode and prefill",
		Description: `Sets each timing of the NPU's DRAM off by some percent, less and more, one at a time and in groups, and prints what
becomes of tokens/s, of the time to the first token (TTFT), and of the speed-up over the first schedule. One decode pass is
simulated, the middle one of --gen, and one prefill.

Timings are whole clocks: each goes to the nearest, or as far as the others let it (tRRD_S is at most tRRD_L). tRC goes with
tRAS and tRP, tREFIpb with tREFI. The data clocks of a burst, which are the bandwidth, are never off.

-o also draws a picture: two bars for each timing and group, of the last schedule.

EXAMPLES:
   pmpdsim dram sensitivity  # 10 s
   pmpdsim dram sensitivity --npu laptop-lpddr5x --model phi-1.5 --by 10% --schedule uniform:2 -o off.png  # 10 s
   pmpdsim dram sensitivity --schedule fp16 --schedule uniform:4 --prompt 64 --gen 64 --format csv  # 15 s`,
		Flags: slices.Concat(npuFlags(), []cli.Flag{
			modelFlag("`MODEL` (list models)", defaultModel, ""),
			&cli.IntFlag{Name: "prompt", Value: 128, Usage: "`TOKENS` of the prompt", Action: between("prompt", 1, mostTokens)},
			&cli.IntFlag{Name: "gen", Value: 128, Usage: "`TOKENS` that are generated; the middle decode pass is simulated", Action: between("gen", 2, mostTokens)},
			&cli.StringSliceFlag{Name: "schedule", Usage: "precision `SCHEDULE` (list schedules); repeatable", DefaultText: "uniform, with the model's higher precision"},
			&cli.StringFlag{Name: "by", Value: "20%", Usage: "`PERCENT` by which timings are off, 1% to 50%"},
			workersFlag(),
			pictureFlag("a"),
			formatFlag("table", "csv", "json"),
		}),
		Action: action(fillSensitivity),
	}
}

// sensitivityOptions are what dram sensitivity was asked for.
type sensitivityOptions struct {
	npu         npuOptions
	model       string
	prompt, gen int
	schedules   []string
	by          string
	workers     int
	picture     picture
	format      string
}

func fillSensitivity(c *cli.Context) (*sensitivityOptions, error) {
	o := &sensitivityOptions{model: c.String("model"), prompt: c.Int("prompt"), gen: c.Int("gen"), schedules: c.StringSlice("schedule"), by: c.String("by"),
		workers: c.Int("workers"), picture: pictureFrom(c), format: c.String("format")}
	var err error
	o.npu, err = npuFrom(c)
	return o, err
}

func (o *sensitivityOptions) run(ctx context.Context, s streams) error {
	study, err := o.load()
	if err != nil {
		return err
	}
	if err := o.picture.check(); err != nil {
		return err
	}
	points, err := o.simulate(ctx, s, study)
	if err != nil {
		return err
	}
	rows := study.Rows(points)
	figure := views.TimingsFigure(study, rows)
	err = o.picture.draw(s, figure, figure.Title+": "+figure.Subtitle)
	return errors.Join(err, tabled(s, o.format, rows, func(w io.Writer) error { return views.TimingsCSV(w, rows) },
		func(w io.Writer) error { return views.TimingsTable(w, study, rows) }))
}

// load resolves the options.
func (o *sensitivityOptions) load() (*timings.Study, error) {
	cfg, err := o.npu.load()
	if err != nil {
		return nil, err
	}
	study := &timings.Study{Config: cfg, Prompt: o.prompt, Generated: o.gen}
	if study.Model, err = loadModel(o.model); err != nil {
		return nil, flagged("model", o.model, err)
	}
	names := o.schedules
	if len(names) == 0 {
		names = []string{"uniform"}
	}
	for _, name := range names {
		p, err := parseSchedule(name, study.Model)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(study.Schedules, func(x precision.Schedule) bool { return x.String() == p.String() }) {
			return nil, fmt.Errorf("--schedule %s: given twice; accepted: once", name)
		}
		study.Schedules = append(study.Schedules, p)
	}
	if study.By, err = strconv.Atoi(strings.TrimSuffix(o.by, "%")); err != nil || study.By < 1 || study.By > mostOff {
		return nil, fmt.Errorf("--by %s: not by how much timings are off; accepted: 1%% to %d%%, whole", o.by, mostOff)
	}
	return study, flagged("npu", "", study.Vary())
}

// simulate runs all cells, those of a configuration together: no more than one memory a worker is remembered.
func (o *sensitivityOptions) simulate(ctx context.Context, s streams, study *timings.Study) ([]timings.Point, error) {
	cells := study.Cells()
	p := newProgress(s.err, int64(len(cells)), "timings")
	defer p.end()
	prepared := make([]*replay.Prepared, len(cells))
	for i, x := range cells {
		var err error
		if prepared[i], err = replay.Prepare(replay.Job{Config: x.Config, Model: study.Model, Task: workloads.CustomTask, Prompt: study.Prompt,
			Generated: study.Generated, Schedule: x.Schedule}); err != nil {
			return nil, fmt.Errorf("schedule %s: %w", x.Schedule, err)
		}
	}
	points := make([]timings.Point, len(cells))
	each := len(study.Schedules) // the schedules of a configuration share what is remembered of its DRAM
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(max(1, o.workers))
	for first := 0; first < len(cells); first += each {
		g.Go(func() error {
			steps := slices.Repeat([][]int{{0, study.Pass()}}, each)
			counts, err := replay.Steps(inner, prepared[first:first+each], steps, replay.Options{Workers: 1})
			if err != nil {
				return err
			}
			for i, c := range counts {
				clock := cells[first+i].Config.Clock
				points[first+i] = timings.Point{TokensPerSecond: 1 / c[1].Cycles.Seconds(clock), TTFT: c[0].Cycles.Seconds(clock)}
			}
			p.add(int64(each))
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, stopped(ctx, err)
	}
	return points, nil
}
