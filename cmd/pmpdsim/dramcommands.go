package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/commands"
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/replay"
)

// passCommands is how many commands of a pass are written, if nothing is said: some 45 MB of text. A decode pass of a 1 B
// model has some 20 million.
const passCommands = 1_000_000

// mostCommands is the largest bound of a command trace.
const mostCommands = 1 << 40

// commandsFlags are those of a command trace; what says of what. Without a bound of its own, most commands are written;
// 0: all.
func commandsFlags(name, what string, most int64) []cli.Flag {
	return []cli.Flag{
		alsoFlag(name, "also write the DRAM commands of "+what+" to `FILE`; .zst and .gz compress"),
		&cli.StringFlag{Name: name + "-format", Value: commands.Ramulator.String(),
			Usage: "`FORMAT` of the command trace: " + strings.Join(commands.Formats(), " or ")},
		&cli.Int64Flag{Name: name + "-most", Value: most, Usage: "write no more than the first `N` commands; 0: all",
			Action: func(_ *cli.Context, n int64) error {
				if n < 0 || n > mostCommands {
					return fmt.Errorf("--%s-most %d: out of range; accepted: 0 to %d", name, n, int64(mostCommands))
				}
				return nil
			}},
	}
}

// commandsOptions are the command trace that was asked for: with no path none.
type commandsOptions struct {
	flag   string // that names the file
	path   string
	format commands.Format
	most   int64
}

// commandsFrom reads the flags of commandsFlags, and refuses the others of them without a file.
func commandsFrom(c *cli.Context, name string, others ...string) (o commandsOptions, err error) {
	o = commandsOptions{flag: name, path: c.String(name), most: c.Int64(name + "-most")}
	if o.path == "" {
		for _, f := range append([]string{name + "-format", name + "-most"}, others...) {
			if c.IsSet(f) {
				return o, fmt.Errorf("--%s: there is no command trace; accepted: with --%s FILE", f, name)
			}
		}
		return o, nil
	}
	o.format, err = commands.ParseFormat(c.String(name + "-format"))
	return o, flagged(name+"-format", c.String(name+"-format"), err)
}

// record runs what issues commands, and writes them. The recorder is nil if no trace is asked for. run returns its last
// clock. A file that cannot be written does not stop it.
func (o *commandsOptions) record(s streams, standard *spec.Standard, refresh spec.Refresh,
	run func(*commands.Recorder) (last int64, err error)) (ran, written error) {
	if o.path == "" {
		_, ran = run(nil)
		return ran, nil
	}
	var recorder *commands.Recorder
	written = s.save(o.flag, o.path, func(file io.Writer) error {
		out, err := packed(o.path, file)
		if err != nil {
			return err
		}
		text := commands.NewWriter(out, o.format, standard)
		var lost error
		recorder = commands.NewRecorder(standard, refresh, o.most, func(c *commands.Command) error {
			if lost == nil {
				lost = text.Write(c)
			}
			return nil
		})
		var last int64
		if last, ran = run(recorder); ran != nil {
			return ran
		}
		if err := recorder.Flush(controller.Never); err != nil {
			return err
		}
		if recorder.Cut() {
			last = recorder.Last()
		}
		if lost == nil {
			lost = text.End(last)
		}
		if closed := out.Close(); lost == nil {
			lost = closed
		}
		return lost
	})
	if ran != nil {
		return ran, nil
	}
	if written == nil && recorder.Cut() {
		s.say("note: %s holds the first %d commands, and no more (--%s-most)", o.path, recorder.Count(), o.flag)
	}
	return nil, written
}

// passFlags are those of the command trace of a simulated pass.
func passFlags() []cli.Flag {
	return append(commandsFlags("dram-commands", "a pass of the first schedule", passCommands),
		&cli.IntFlag{Name: "dram-commands-pass", Value: 1, Usage: "of the command trace: decode pass `N`; 0 is prefill",
			Action: between("dram-commands-pass", 0, mostTokens)})
}

// passOptions are the command trace of a pass that was asked for.
type passOptions struct {
	commandsOptions
	pass int
}

func passFrom(c *cli.Context) (o passOptions, err error) {
	o.pass = c.Int("dram-commands-pass")
	o.commandsOptions, err = commandsFrom(c, "dram-commands", "dram-commands-pass")
	return o, err
}

// check finds what is wrong before anything is simulated.
func (o *passOptions) check(j *replay.Prepared) error {
	switch {
	case o.path == "":
		return nil
	case j.Config.DRAM.Standard == config.IdealDRAM:
		return fmt.Errorf("--dram-commands: the DRAM of %s is ideal and has no commands; accepted: an NPU with another dram.standard (list dram)",
			j.Config.Name)
	case o.pass > j.Passes():
		return fmt.Errorf("--dram-commands-pass %d: there are %d decode passes; accepted: 0, which is prefill, to %d", o.pass, j.Passes(), j.Passes())
	}
	return nil
}

// write simulates the pass once more, clock by clock, and writes its commands.
func (o *passOptions) write(ctx context.Context, s streams, j *replay.Prepared) error {
	if o.path == "" {
		return nil
	}
	refresh, err := j.Config.RefreshPolicy()
	if err != nil {
		return err
	}
	ran, written := o.record(s, j.Config.Standard(), refresh, func(r *commands.Recorder) (last int64, err error) {
		p := newProgress(s.err, 0, "transfers of the pass whose commands are written")
		defer p.end()
		counts, err := replay.Commands(ctx, j, o.pass, r, p.update)
		return counts.DRAM.Clocks, err
	})
	if ran != nil {
		return stopped(ctx, ran)
	}
	return written
}
