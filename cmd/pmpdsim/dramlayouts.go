package main

import (
	"io"
	"runtime"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/layouts"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Defaults of dram layouts. They show the contrast: planes a power of two apart, and moved by four rows of the banks.
const (
	defaultChunks     = "64B,256B,1KiB,4KiB,16KiB"
	defaultSkews      = "0B,8KiB"
	defaultPlanes     = "1,2,3,4,8,16"
	defaultPlanesRead = "2,3,4" // with --layout
)

func dramLayoutsCommand() *cli.Command {
	return &cli.Command{
		Name: "layouts", Usage: "show what layouts of bit-planes leave of the bandwidth",
		Description: `Streams a pass over bit-planes from DRAM, for every mapping, layout and number of planes, and prints the share
of the peak bandwidth that it reaches. Planes are regions of equal size; they start a power of two apart (the
least that holds one), and SKEW further. A pass reads CHUNK bytes of the first on each channel, then of the
next, in turns. Everything is read, in saturation, from power-on.

A mapping is row-linear, row-local, page-interleaved (what NPUs have by default), or a list of address bits
above a burst, lowest first, such as co2,bg2,ba2,co4,ro16.

With --layout it compares layouts, as an NPU stores weights (weights.layout), instead:
   ` + config.LayoutForms + `
As many planes are stored as the largest of --planes.

-o also draws a picture: coloured cells over chunks and planes; bars with --layout.

EXAMPLES:
   pmpdsim dram layouts
   pmpdsim dram layouts --format csv -o layouts.png > layouts.csv
   pmpdsim dram layouts --standard lpddr4x-4266 --channels 4 --mapping page-interleaved --bank-hash
   pmpdsim dram layouts --layout packed --layout interleaved:1KiB --layout plane-major:64B+skew=8KiB -o bars.svg`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "standard", Value: "lpddr5-6400", Usage: "DRAM `STANDARD` (list dram)"},
			&cli.IntFlag{Name: "channels", Value: 1, Usage: "`N` channels, a power of two"},
			&cli.StringSliceFlag{Name: "mapping", Usage: "`MAPPING`: a name, or address bits; repeatable", DefaultText: "the three that have names"},
			&cli.BoolFlag{Name: "bank-hash", Usage: "also each mapping with low row bits XORed into bank group and bank"},
			&cli.StringFlag{Name: "refresh", Value: spec.AllBank.String(), Usage: "`MODE` of refresh: all-bank, per-bank or none"},
			&cli.IntFlag{Name: "postpone", Usage: "`N` refreshes may wait for requests"},
			&cli.StringFlag{Name: "planes", Usage: "numbers of planes that a pass reads: `N,...`", DefaultText: defaultPlanes + "; with --layout " + defaultPlanesRead},
			&cli.StringFlag{Name: "chunk", Value: defaultChunks, Usage: "bytes of a plane in a turn on a channel: `SIZE,...`"},
			&cli.StringFlag{Name: "skew", Value: defaultSkews, Usage: "how much further planes are apart than a power of two: `SIZE,...`"},
			&cli.StringSliceFlag{Name: "layout", Usage: "compare this `LAYOUT` with others, instead of --chunk and --skew; repeatable"},
			&cli.StringFlag{Name: "bytes", Value: "16MiB", Usage: "`SIZE` of what a pass reads"},
			&cli.IntFlag{Name: "workers", Usage: "simulate on `N` cores; results do not depend on it", Value: runtime.GOMAXPROCS(0), DefaultText: "all"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "draw a picture into `FILE`, by its name .png, .svg or .pdf"},
			formatFlag("table", "csv", "json"),
		},
		Action: runDRAMLayouts,
	}
}

// layoutSweep is what was asked for.
type layoutSweep struct {
	layouts.Spec
	named  bool // layouts were given by name
	chunks []unit.Bytes
	skews  []unit.Bytes
}

func runDRAMLayouts(c *cli.Context) error {
	if err := arguments(c); err != nil {
		return err
	}
	s, err := loadLayoutSweep(c)
	if err != nil {
		return err
	}
	picture, format, err := pictureOf(c)
	if err != nil {
		return err
	}
	p := newProgress(c.App.ErrWriter, 0, "cells")
	rows, err := layouts.Run(c.Context, &s.Spec, p.update)
	p.end()
	if err != nil {
		return stopped(c.Context, err)
	}
	if picture != "" {
		figure, origin := s.figure(rows)
		origin.Command, origin.Program = commandLine(c), c.App.Name+" "+c.App.Version
		if err := emit(nil, picture, func(w io.Writer) error { return plots.Write(w, figure, format, origin) }); err != nil {
			return err
		}
	}
	return emit(c.App.Writer, "", func(w io.Writer) error {
		switch c.String("format") {
		case "csv":
			return writeCSV(w, rows)
		case "json":
			return jsonLines(w, rows)
		}
		return s.table(w, rows)
	})
}
