package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu/qualify"
)

func gpuQualifyCommand() *cli.Command {
	return &cli.Command{
		Name: "qualify", Usage: "ask a GPU everything that is to be known of it, in minutes",
		Description: `Takes steps in the order of their value, each a process of its own with a limit: driver and kernels, every kernel alone, passes
beside the CPU's, products beside cuBLAS (where python3 has torch), decode passes, recorded traces under six schedules, times of
single operators, machine code, Nsight and the sanitizer where they are. A step that fails or hangs is ended and named, those that
need it are left out, the others go on; one starts only if its limit fits what is left of the budget.

DIR has at most eight files, none above 16 MiB; summary.jsonl has a line for each step the moment it ends, and rows are in their files
as soon as they are known: whatever ends the run, what was done is there. gpu adopt takes it over into the repository.
Exit code 3: there is no GPU, and no DIR. 1: a step failed, or was ended.

EXAMPLES:
   pmpdsim gpu qualify -o bundle  # needs a GPU
   pmpdsim gpu qualify -o bundle --budget 4m --only kernels --only products --only traces:vicuna-7b  # needs a GPU`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the bundle to the folder `DIR`, which is new or empty", DefaultText: "required"},
			&cli.DurationFlag{Name: "budget", Value: 9 * time.Minute, Usage: "`TIME` for all steps together", Action: someTime("budget")},
			&cli.DurationFlag{Name: "limit", Usage: "no step takes longer than this `TIME`", DefaultText: "each step's own", Action: someTime("limit")},
			&cli.StringSliceFlag{Name: "only", Usage: "take `STEP` only, besides driver (" + strings.Join(qualify.Groups(), ", ") + "); repeatable"},
			modelsFlag("`MODEL` (list models), or a config.json; repeatable", strings.Join(qualify.Models(), ", ")),
			&cli.IntFlag{Name: "prompt", Value: 512, Usage: "`TOKENS` of a trace's prompt", Action: between("prompt", 1, mostTokens)},
			&cli.IntFlag{Name: "gen", Value: 256, Usage: "`TOKENS` of a trace's answer", Action: between("gen", 5, mostTokens)},
			&cli.IntFlag{Name: "context", Value: 1024, Usage: "`TOKENS` in the cache of timed passes", Action: between("context", 1, mostTokens)},
			&cli.IntFlag{Name: "repeats", Value: 21, Usage: "medians are of `N` repeats", Action: between("repeats", 1, 10_000)},
			deviceFlag(),
		},
		Action: action(fillGPUQualify),
	}
}

// someTime refuses times that are none.
func someTime(flag string) func(*cli.Context, time.Duration) error {
	return func(_ *cli.Context, d time.Duration) error {
		if d <= 0 || d > 24*time.Hour {
			return fmt.Errorf("--%s %v: out of range; accepted: up to 24h, as in 9m", flag, d)
		}
		return nil
	}
}

// gpuQualifyOptions are what gpu qualify was asked for.
type gpuQualifyOptions struct{ qualify.Options }

func fillGPUQualify(c *cli.Context) (*gpuQualifyOptions, error) {
	dir, err := requiredOutput(c, "a folder, new or empty")
	if err != nil {
		return nil, err
	}
	return &gpuQualifyOptions{qualify.Options{Dir: dir, Budget: c.Duration("budget"), Limit: c.Duration("limit"), Only: c.StringSlice("only"), Models: c.StringSlice("model"),
		Prompt: c.Int("prompt"), Generate: c.Int("gen"), Context: c.Int("context"), Repeats: c.Int("repeats"), Device: c.Int("device"), Tool: program()}}, nil
}

func (o *gpuQualifyOptions) run(ctx context.Context, s streams) error {
	if _, err := loadWeights(o.Models); err != nil {
		return err
	}
	var err error
	if o.Program, err = os.Executable(); err != nil {
		return internal(err)
	}
	o.Created = time.Now()
	o.Say = func(line qualify.Outcome) { _ = s.line("%s", line.Text()) } // the bundle has it
	release := s.files.Hold()                                            // a signal ends the step under way, and the bundle says so
	defer release()
	all, err := qualify.Run(ctx, &o.Options)
	if len(all) == 0 {
		return err
	}
	s.files.Wrote(o.Dir)
	if err != nil {
		return stopped(ctx, err)
	}
	if bad := qualify.Bad(all); len(bad) > 0 {
		return internal(fmt.Errorf("%d of %d steps did not end well: %s; the others are in %s", len(bad), len(all), strings.Join(bad, ", "), o.Dir))
	}
	return nil
}

// line writes a line of a command's output at once.
func (s streams) line(format string, args ...any) error {
	_, err := fmt.Fprintf(s.out, format+"\n", args...)
	return err
}
