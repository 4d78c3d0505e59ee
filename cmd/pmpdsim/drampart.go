package main

import (
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/plots/views"
)

func dramPartCommand() *cli.Command {
	return &cli.Command{Name: "part", Usage: "show and check DRAM parts",
		Description: `A DRAM part is a YAML file: a base and what differs from it, or every key. docs/memory.md has an example. Its path is a
value of dram.standard and of --standard.

EXAMPLES:
   pmpdsim dram part show lpddr5-6400
   pmpdsim dram part show ddr5-5600 > my-part.yaml && pmpdsim dram part check my-part.yaml`,
		Subcommands: []*cli.Command{dramPartShowCommand(), dramPartCheckCommand()}}
}

func dramPartShowCommand() *cli.Command {
	return &cli.Command{Name: "show", Usage: "print a whole DRAM part", ArgsUsage: "NAME|FILE",
		Description: `Prints every key of a part that pmpdsim has (list dram), or of a file, as a file that can be changed and fed back: times
as they were given, with the clocks beside them, and clocks with the time.

EXAMPLES:
   pmpdsim dram part show hbm3-6400
   pmpdsim dram part show lpddr5x-9600 --format json`,
		Flags: []cli.Flag{formatFlag("yaml", "json")},
		Action: action(func(c *cli.Context) (*partOptions, error) {
			return &partOptions{c.Args().First(), c.String("format")}, nil
		}, "NAME|FILE"),
	}
}

func dramPartCheckCommand() *cli.Command {
	return &cli.Command{Name: "check", Usage: "say what is wrong with the file of a DRAM part", ArgsUsage: "FILE",
		Description: `Refuses a file that no DRAM can be, with every fault and its line, and notes what it leaves open: sources that it does
not name, timings that nothing ever waits for.

EXAMPLES:
   pmpdsim dram part show ddr5-5600 > my-part.yaml && pmpdsim dram part check my-part.yaml`,
		Action: action(func(c *cli.Context) (*partOptions, error) { return &partOptions{c.Args().First(), "check"}, nil }, "FILE"),
	}
}

// partOptions are the part that dram part was asked for.
type partOptions struct {
	name   string
	format string // yaml, json, or check
}

func (o *partOptions) run(_ context.Context, s streams) error {
	p, err := partNamed(o.name)
	if err != nil {
		return err
	}
	if !p.IsPreset() {
		s.notesOf(p)
	}
	return printed(s, o.format, []*spec.Part{p}, func(w io.Writer) error {
		if o.format != "check" {
			data, err := p.Shown()
			if err == nil {
				_, err = w.Write(data)
			}
			return err
		}
		std := p.Standard(0)
		_, err := fmt.Fprintf(w, "%s: %v, x%d, %d banks, %s a channel, %s GB/s\n", p.Name, p.DataRate(), std.Width,
			std.Groups*std.Banks*max(std.Stacks, 1), std.ChannelBytes(), views.Gigabytes(float64(std.PeakBytesPerSecond(1))))
		return err
	})
}

// partNamed is the part of a name, or of a file.
func partNamed(name string) (*spec.Part, error) {
	if config.NamesPart(name) {
		return config.ReadPart(name)
	}
	return spec.LookupPart(name)
}

// notesOf says what a part of the user's leaves open.
func (s streams) notesOf(p *spec.Part) {
	if p == nil {
		return
	}
	for _, note := range p.Notes() {
		s.say("note: DRAM part %s: %s", p.Name, note)
	}
}
