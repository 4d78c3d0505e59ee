package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// app is the command tree.
func app(stdout, stderr io.Writer) *cli.App {
	a := &cli.App{
		Name:    "pmpdsim",
		Usage:   "simulate an LLM NPU under precision schedules",
		Version: programVersion(),
		Description: `pmpdsim is a cycle-level simulator of an NPU that decodes language models. It compares progressive
mixed-precision decoding (PMPD, arXiv 2410.13461: weights go from 4 to 3 to 2 bits as the
generated sequence grows) with fp16 and with uniform quantisation on the same machine.

OUTPUTS:
A file that a flag names is proven before the work to be writable, and to be no input; it is replaced, with its mode, when the
new one is complete. Links are followed and stay; /dev/stdout and pipes are written into. If another program has written the
file meanwhile, that stays, and the new one is NAME.kept-RANDOM.EXT beside it. What nobody named is not written.

EXIT STATUS:
   0    done
   1    failed: a fault of the simulator's, a check that does not hold, an output that could not be written after the work
   2    wrong flags or files: nothing was simulated
   3    no GPU, or a program that was built without CUDA
   4    a sweep that is complete, some of whose points failed
   129  stopped by SIGHUP: the terminal is gone (not under nohup)
   130  stopped by SIGINT: Ctrl-C
   131  stopped by SIGQUIT: Ctrl-\
   134  a crash of the program (SIGABRT): please report it
   143  stopped by SIGTERM: a batch system's, or kill
A signal is obeyed within a second; a recording ends with its footer first. A second signal ends the program at once.

EXAMPLES:
   pmpdsim run
   pmpdsim run --npu edge-lpddr4x --model phi-1.5 --task dialogsum --schedule fp16 --schedule static:4-3@10
   pmpdsim list npus`,
		Commands: []*cli.Command{runCommand(), stylesCommand(), gemmCommand(), listCommand(), configCommand(), traceCommand(), scheduleCommand(), dramCommand(), paperCommand(),
			gpuCommand(), recordCommand(), cosimCommand(), qualityCommand(), sweepCommand(), jobCommand(), exportCommand(), compareCommand(), rerunCommand(), plotCommand(), reportCommand(), validateCommand(), benchCommand()},
		Writer:                    stdout,
		ErrWriter:                 stderr,
		EnableBashCompletion:      true,
		DisableSliceFlagSeparator: true, // static:4>3>2@85,170 is one schedule
		HideHelpCommand:           true,
		ExitErrHandler:            func(*cli.Context, error) {}, // run reports errors, once
	}
	for _, c := range a.Commands {
		prepare(c, a.Name)
	}
	return a
}

// prepare completes a command and those below it.
func prepare(c *cli.Command, above string) {
	c.HideHelpCommand = true
	c.OnUsageError = func(_ *cli.Context, err error, _ bool) error { return err } // without the help
	if c.UsageText == "" {
		c.UsageText = strings.TrimSpace(above + " " + c.Name + " [flags] " + c.ArgsUsage)
	}
	var names []string
	for _, s := range c.Subcommands {
		prepare(s, above+" "+c.Name)
		names = append(names, s.Name)
	}
	if len(names) > 0 && c.Action == nil {
		c.UsageText = above + " " + c.Name + " " + strings.Join(names, "|") + " [flags]"
		c.Action = func(*cli.Context) error {
			return fmt.Errorf("%s: what to do is missing; accepted: %s", c.Name, strings.Join(names, ", "))
		}
	}
}

// streams are what a command reads and writes beside files: results go to out, messages and progress to err.
type streams struct {
	in       io.Reader
	out, err io.Writer
	files    *files.Claims // that the command writes
}

// command is what a command was asked for, free of the command line: its options.
type command interface {
	run(ctx context.Context, s streams) error
}

// action runs a command that takes the arguments named. Only fill reads the command line; run does the work.
func action[C command](fill func(*cli.Context) (C, error), names ...string) cli.ActionFunc {
	return func(c *cli.Context) error {
		if err := arguments(c, names...); err != nil {
			return err
		}
		o, err := fill(c)
		if err != nil {
			return err
		}
		return launch(c, o)
	}
}

// launch claims what a command is to write, and runs it.
func launch(c *cli.Context, o command) error {
	claims, err := claim(c)
	if err != nil {
		return err
	}
	return o.run(c.Context, streams{c.App.Reader, c.App.Writer, c.App.ErrWriter, claims})
}

// printed prints values as JSON, one a line, if that is the format, or else the table.
func printed[T any](s streams, format string, values []T, table func(io.Writer) error) error {
	return s.emit(func(w io.Writer) error {
		if format == "json" {
			return jsonLines(w, values)
		}
		return table(w)
	})
}

// tabled prints values as CSV or as JSON, one a line, if that is the format, or else the table.
func tabled[T any](s streams, format string, values []T, csv, table func(io.Writer) error) error {
	if format == "csv" {
		return s.emit(csv)
	}
	return printed(s, format, values, table)
}

// arguments refuses more or fewer positional arguments than a command takes.
func arguments(c *cli.Context, names ...string) error {
	place := strings.TrimPrefix(c.Command.HelpName, c.App.Name+" ")
	all := strings.Join(names, " ")
	if c.NArg() < len(names) {
		return fmt.Errorf("%s: %s is missing; accepted: %s %s", place, names[c.NArg()], c.Command.HelpName, all)
	}
	if c.NArg() > len(names) {
		return fmt.Errorf("%s: unexpected argument %q; accepted: %s", place, c.Args().Get(len(names)), cmp.Or(all, "no arguments"))
	}
	return nil
}
