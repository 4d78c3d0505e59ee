package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/layouts"
	"github.com/pmpdsim/pmpdsim/npu/dram/stream"
	"github.com/pmpdsim/pmpdsim/plots/views"
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
   pmpdsim dram layouts  # 4 s
   pmpdsim dram layouts --format csv -o layouts.png > layouts.csv  # 4 s
   pmpdsim dram layouts --standard lpddr4x-4266 --channels 4 --mapping page-interleaved --bank-hash  # 12 s
   pmpdsim dram layouts --layout packed --layout interleaved:1KiB --layout plane-major:64B+skew=8KiB -o bars.svg`,
		Flags: []cli.Flag{
			standardFlag("lpddr5-6400"),
			channelsFlag(),
			&cli.StringSliceFlag{Name: "mapping", Usage: "`MAPPING`: a name, or address bits; repeatable", DefaultText: "the three that have names"},
			&cli.BoolFlag{Name: "bank-hash", Usage: "also each mapping with low row bits XORed into bank group and bank"},
			refreshFlag(),
			postponeFlag(),
			&cli.StringFlag{Name: "planes", Usage: "numbers of planes that a pass reads: `N,...`", DefaultText: defaultPlanes + "; with --layout " + defaultPlanesRead},
			&cli.StringFlag{Name: "chunk", Value: defaultChunks, Usage: "bytes of a plane in a turn on a channel: `SIZE,...`"},
			&cli.StringFlag{Name: "skew", Value: defaultSkews, Usage: "how much further planes are apart than a power of two: `SIZE,...`"},
			&cli.StringSliceFlag{Name: "layout", Usage: "compare this `LAYOUT` with others, instead of --chunk and --skew; repeatable"},
			&cli.StringFlag{Name: "bytes", Value: "16MiB", Usage: "`SIZE` of what a pass reads"},
			workersFlag(),
			pictureFlag("a"),
			formatFlag("table", "csv", "json"),
		},
		Action: action(fillDRAMLayouts),
	}
}

// dramLayoutsOptions are what dram layouts was asked for.
type dramLayoutsOptions struct {
	standard     string
	channels     int
	mappings     []string
	bankHash     bool
	refresh      string
	postpone     int
	planes       string // a list; empty: the usual ones
	layouts      []string
	chunks, skew string // lists
	grid         bool   // chunks or skew are asked for
	bytes        string
	workers      int
	picture      picture
	format       string
}

func fillDRAMLayouts(c *cli.Context) (*dramLayoutsOptions, error) {
	return &dramLayoutsOptions{standard: c.String("standard"), channels: c.Int("channels"), mappings: c.StringSlice("mapping"), bankHash: c.Bool("bank-hash"),
		refresh: c.String("refresh"), postpone: c.Int("postpone"), planes: c.String("planes"), layouts: c.StringSlice("layout"), chunks: c.String("chunk"),
		skew: c.String("skew"), grid: c.IsSet("chunk") || c.IsSet("skew"), bytes: c.String("bytes"), workers: c.Int("workers"), picture: pictureFrom(c),
		format: c.String("format")}, nil
}

func (o *dramLayoutsOptions) run(ctx context.Context, s streams) error {
	sweep, err := o.load()
	if err != nil {
		return err
	}
	if err := o.picture.check(); err != nil {
		return err
	}
	p := newProgress(s.err, 0, "cells")
	sweep.Rows, err = stream.Layouts(ctx, sweep.Spec, p.update)
	p.end()
	if err != nil {
		return stopped(ctx, err)
	}
	figure, title := sweep.Figure()
	err = o.picture.draw(s, figure, title)
	return errors.Join(err, tabled(s, o.format, sweep.Rows, sweep.CSV, sweep.Table))
}

// load resolves the options.
func (o *dramLayoutsOptions) load() (*views.Layouts, error) {
	l := &views.Layouts{Spec: &layouts.Spec{Channels: o.channels, Workers: o.workers, Postpone: o.postpone}}
	var err error
	p, err := partNamed(o.standard)
	if err != nil {
		return nil, flagged("standard", "", err)
	}
	l.Standard = p.Standard(0)
	if err := l.Refresh.UnmarshalText([]byte(o.refresh)); err != nil {
		return nil, flagged("refresh", "", err)
	}
	if o.postpone < 0 || o.postpone > l.Standard.MaxPostponed {
		return nil, fmt.Errorf("--postpone %d: %s may postpone up to %d refreshes; accepted: 0 to %d", o.postpone, l.Standard.Name,
			l.Standard.MaxPostponed, l.Standard.MaxPostponed)
	}
	if err := o.loadMappings(l.Spec); err != nil {
		return nil, err
	}
	planes := o.planes
	if planes == "" {
		if planes = defaultPlanes; len(o.layouts) > 0 {
			planes = defaultPlanesRead
		}
	}
	if l.Planes, err = integers("planes", planes, fmt.Sprintf("1 to %d", layouts.MostPlanes),
		func(n int) bool { return n >= 1 && n <= layouts.MostPlanes }); err != nil {
		return nil, err
	}
	if err := o.loadLayouts(l); err != nil {
		return nil, err
	}
	if err := l.Bytes.UnmarshalText([]byte(o.bytes)); err != nil {
		return nil, flagged("bytes", "", err)
	}
	if err := l.CheckBytes(); err != nil {
		return nil, fmt.Errorf("--bytes %s: %w", o.bytes, err)
	}
	return l, nil
}

func (o *dramLayoutsOptions) loadMappings(s *layouts.Spec) error {
	if err := s.Choose(o.mappings, o.bankHash); err != nil {
		return blamed("mapping", o.mappings, mappingError(err, s.Standard, s.Channels))
	}
	_, err := dram.New(dram.Options{Standard: s.Standard, Channels: s.Channels, Mapping: s.Mappings[0].Fields, Control: dram.Control{Refresh: s.Refresh}})
	return flagged("refresh", "", err) // what is left to be wrong
}

func (o *dramLayoutsOptions) loadLayouts(l *views.Layouts) (err error) {
	if len(o.layouts) == 0 {
		if l.Chunks, err = sizes("chunk", o.chunks, layouts.AcceptedChunk, layouts.ChunkPossible); err != nil {
			return err
		}
		l.Skews, err = sizes("skew", o.skew, layouts.AcceptedSkew, layouts.SkewPossible)
		l.Layouts = layouts.Grid(l.Chunks, l.Skews)
		return err
	}
	if o.grid {
		return errors.New("--layout: a layout names its chunk and skew itself; accepted: no --chunk and --skew beside it")
	}
	for _, text := range o.layouts {
		w, err := layouts.Parse(text)
		if err != nil {
			return blamed("layout", o.layouts, err)
		}
		if slices.Contains(l.Layouts, w) {
			return fmt.Errorf("--layout %s: given twice; accepted: once", text)
		}
		l.Layouts = append(l.Layouts, w)
	}
	return nil
}

// blamed puts a flag in front of an error, which may start with one of the flag's values.
func blamed(flag string, values []string, err error) error {
	for _, v := range values {
		if strings.HasPrefix(err.Error(), v+": ") {
			return fmt.Errorf("--%s %w", flag, err)
		}
	}
	return flagged(flag, "", err)
}

// sizes reads the value of a flag: different sizes that a check accepts.
func sizes(flag, value, accepted string, check func(unit.Bytes) bool) ([]unit.Bytes, error) {
	var all []unit.Bytes
	for word := range strings.SplitSeq(value, ",") {
		var b unit.Bytes
		if word != "0" {
			if err := b.UnmarshalText([]byte(word)); err != nil {
				return nil, fmt.Errorf("--%s %s: %w", flag, value, err)
			}
		}
		if !check(b) || slices.Contains(all, b) {
			return nil, fmt.Errorf("--%s %s: %q is not possible; accepted: different sizes, each %s", flag, value, word, accepted)
		}
		all = append(all, b)
	}
	return all, nil
}
