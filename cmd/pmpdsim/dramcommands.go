package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/dram/commands"
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

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
