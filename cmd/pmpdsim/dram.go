package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/commands"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/dram/stream"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/plots/views"
)

func dramCommand() *cli.Command {
	return &cli.Command{
		Name: "dram", Usage: "run a stream of addresses on DRAM channels",
		Description: `Drives the channels of a DRAM standard, from power-on, with a stream from one generator, and prints what it
took, command by command. A stream is KEY=VALUE,... with
   bytes     reads and writes together; sizes may carry a unit (16MiB)
   unit      what the generator takes at once, 32 to 4096 bytes, a multiple of a burst (64)
   planes    regions of bytes/planes, read in turns (1)
   chunk     bytes of a region in one turn (unit)
   skew      by how much the distance between regions exceeds their size (0)
   pattern   sequential (also seq, multi, seqw) or random (rand): unit * (xorshift64 mod 2^24)
   write     share of the units that are writes, to 512 MiB and up: short for --write
   masked    share of the writes that are of part of each burst, of LPDDR and DDR5 (0%)
In front of each channel is a FIFO of 64 bursts, of which it takes at most 2 a clock; a full one stops the
generator. Mappings list address bits above a burst, lowest first: ch channel, ra rank or pseudo channel,
si stack, bg bank group, ba bank, ro row, co burst column; a field may stand in pieces, low part first.
ch2 is two bits; ch%6 takes the address above the fields below, modulo 6, and leaves the quotient to those above.

cycles are clocks of the controller (half CK with HBM3) until the last datum has been read and the last
write issued; the counts are those of all channels up to then. efficiency is the share of the peak
bandwidth of all channels, from 0 to 1. --exact steps every clock; the results are the same.

--addresses runs a trace of your own instead of a stream. A line is a read or a write of a burst (LD 0x1040,
ST 0x1040, as Ramulator's load-store trace has them; R and W, too), or one that comes at a clock of the
controller (31: read 0x1040, as DRAMSys' .stl has them; with a length in bytes: 31: (64) read 0x1040).

--background puts other agents of the chip (CPU, display) in front of each controller, beside the FIFO; it is
KEY=VALUE,... with
   bandwidth what they ask of all channels together: up to a quarter of the peak
   pattern   sequential or random requests of 64 B (sequential)
   write     share of the requests that are writes (0%)
What they move is in other_agents, and in none of bandwidth, efficiency, bursts, rows, latency and energy.

--commands writes every command with clock, channel, rank, bank group, bank, row and column, as Ramulator
2.1's command recorder does (ramulator), or as DRAMSys hands them to DRAMPower (dramsys).

EXAMPLES:
   pmpdsim dram --standard lpddr5-6400 --channels 4 --mapping co1,bg2,ch2,co5,ba2,ro16 \
      --stream bytes=16777216,unit=64,planes=4,chunk=1024,skew=0
   pmpdsim dram --standard hbm3-6400 --channels 16 --stream bytes=1GiB --write 10% --format json  # 4 s
   pmpdsim dram --standard lpddr5-6400 --channels 6 --mapping co3,ch%6,bg2,ba2,co3,ro16 --stream bytes=48MiB
   pmpdsim dram --standard ddr4-3200 --stream bytes=4194304,unit=64,pattern=random --exact
   pmpdsim dram --standard ddr5-6400 --refresh same-bank --stream bytes=16MiB,pattern=random
   pmpdsim dram --standard ddr5-6400 --fine-granularity 2x --temperature 95C --stream bytes=16MiB
   pmpdsim dram --standard lpddr5-6400 --stream bytes=64KiB --commands commands.csv
   printf 'LD 0x0\n40: write 0x1040\n' > my.stl && pmpdsim dram --standard lpddr5-6400 --addresses my.stl
   pmpdsim dram --standard lpddr5-6400 --page closed --queue 64 --stream bytes=16MiB,pattern=random,write=20%
   pmpdsim dram --standard lpddr5-6400 --channels 4 --background bandwidth=4GB/s,pattern=random,write=30% \
      --stream bytes=16MiB
   pmpdsim dram check  # 10 s
   pmpdsim dram layouts  # 4 s`,
		UsageText: "pmpdsim dram --standard STANDARD --stream STREAM [flags]\n" +
			"pmpdsim dram --standard STANDARD --addresses FILE [flags]\npmpdsim dram check|layouts|part|sensitivity [flags]",
		Flags: append([]cli.Flag{
			standardFlag(""),
			channelsFlag(),
			&cli.StringFlag{Name: "mapping", Usage: "`MAPPING` of address bits, lowest first", DefaultText: "the standard's"},
			&cli.BoolFlag{Name: "bank-hash", Usage: "XOR low row bits into bank group and bank"},
			refreshFlag(),
			&cli.IntFlag{Name: "ranks", Value: 1, Usage: "`N` ranks of a channel: 1, 2 or 4; HBM has 1"},
			postponeFlag(),
			&cli.StringFlag{Name: "stream", Usage: "`STREAM` as bytes=SIZE[,unit=SIZE][,planes=N][,chunk=SIZE][,skew=SIZE][,pattern=NAME]"},
			&cli.StringFlag{Name: "write", Usage: "`PERCENT` of the units are writes", DefaultText: "0%"},
			&cli.StringFlag{Name: "addresses", Usage: "run the addresses in `FILE` instead of a stream", TakesFile: true},
			&cli.StringFlag{Name: "background", Usage: "other agents beside it: `AGENTS` as bandwidth=RATE[,pattern=NAME][,write=PERCENT]"},
			&cli.BoolFlag{Name: "exact", Usage: "step every clock, the slow way"},
			formatFlag("table", "json"),
		}, slices.Concat(operationFlags(), schedulingFlags(), commandsFlags("commands", "the stream", 0))...),
		Subcommands: []*cli.Command{dramCheckCommand(), dramLayoutsCommand(), dramPartCommand(), dramSensitivityCommand()},
		Action:      action(fillDRAM),
	}
}

// dramOptions are what dram was asked for.
type dramOptions struct {
	standard string
	options  dram.Options // all but the standard
	mapping  string       // empty: the standard's
	ranks    int
	operated spec.Operation
	stream   string
	write    *string // share of writes
	trace    string  // of addresses; empty: a stream
	commands commandsOptions
	format   string
}

func fillDRAM(c *cli.Context) (*dramOptions, error) {
	o := &dramOptions{standard: c.String("standard"), mapping: c.String("mapping"), ranks: c.Int("ranks"), stream: c.String("stream"),
		write: optional(c, "write", c.String), trace: c.String("addresses"), format: c.String("format")}
	if o.standard == "" {
		return nil, fmt.Errorf("dram: --standard is missing; %s", spec.Accepted(""))
	}
	o.options = dram.Options{Channels: c.Int("channels"), BankHash: c.Bool("bank-hash"), Exact: c.Bool("exact"),
		Control: dram.Control{Postponed: c.Int("postpone")}}
	if o.trace != "" {
		for _, f := range []string{"stream", "write"} {
			if c.IsSet(f) {
				return nil, fmt.Errorf("--%s: the addresses come from a file; accepted: --%s, or --addresses", f, f)
			}
		}
	}
	var err error
	if o.commands, err = commandsFrom(c, "commands"); err != nil {
		return nil, err
	}
	o.operated, err = operationFrom(c)
	if c.IsSet("background") {
		background, wrong := stream.ParseBackground(c.String("background"))
		o.options.Background, err = background, errors.Join(err, flagged("background", "", wrong))
	}
	scheduling, wrong := schedulingFrom(c)
	o.options.Scheduling, err = scheduling, errors.Join(err, wrong)
	return o, errors.Join(flagged("refresh", "", o.options.Refresh.UnmarshalText([]byte(c.String("refresh")))), err)
}

func (o *dramOptions) run(ctx context.Context, s streams) error {
	j, err := o.load()
	if err != nil {
		return err
	}
	if !j.part.IsPreset() {
		s.notesOf(j.part)
	}
	var r *stream.Result
	ran, written := o.commands.record(s, j.options.Standard, j.options.Refresh, func(c *commands.Recorder) (last int64, err error) {
		j.options.Recorder = c
		if r, err = j.simulate(ctx, s); err != nil {
			return 0, err
		}
		return r.Cycles, nil
	})
	if ran != nil {
		return stopped(ctx, ran)
	}
	err = printed(s, o.format, []stream.Row{j.row(r)}, func(w io.Writer) error { return j.show(w, r) })
	return errors.Join(err, written) // neither takes the other with it
}

// simulate runs the stream or the addresses.
func (j *dramJob) simulate(ctx context.Context, s streams) (*stream.Result, error) {
	bursts := int64(j.stream.Bytes / j.options.Standard.Burst)
	if j.addresses != nil {
		bursts = j.addresses.Bursts()
	}
	p := newProgress(s.err, bursts, "bursts")
	defer p.end()
	if j.addresses != nil {
		return stream.RunAddresses(ctx, j.options, j.addresses, p.update)
	}
	return stream.Run(ctx, j.options, j.stream, p.update)
}

// stopped tells an interrupted run from a failed one.
func stopped(ctx context.Context, err error) error {
	return stoppedOr(ctx, internal(err))
}

// stoppedOr is the cause of an interruption, or else the error.
func stoppedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// dramJob is a stream on channels.
type dramJob struct {
	part      *spec.Part
	options   dram.Options
	stream    stream.Stream
	trace     string            // path of the addresses; empty: the stream is run
	addresses *stream.Addresses // nil: likewise
	mapping   bool              // given
}

// mappingError adds what is accepted to an error about a mapping, unless that says so itself.
func mappingError(err error, s *spec.Standard, channels int) error {
	if strings.Contains(err.Error(), "; accepted: ") {
		return err
	}
	return fmt.Errorf("%w; accepted: address bits, lowest first, such as the default %q", err, spec.DefaultMapping(s, channels))
}

// load finds the standard, and what is wrong with the stream on it.
func (o *dramOptions) load() (*dramJob, error) {
	j := &dramJob{options: o.options, mapping: o.mapping != ""}
	var err error
	if j.part, err = partNamed(o.standard); err != nil {
		return nil, flagged("standard", "", err)
	}
	j.options.Standard = j.part.Standard(0)
	if err := operate(j.options.Standard, o.operated); err != nil {
		return nil, err
	}
	if err := j.ranks(o.ranks); err != nil {
		return nil, err
	}
	if j.options.Mapping = o.mapping; o.mapping == "" {
		j.options.Mapping = spec.DefaultMapping(j.options.Standard, j.options.Channels)
	}
	if _, err := spec.ParseMapping(j.options.Mapping, j.options.Standard, j.options.Channels, j.options.BankHash); err != nil {
		return nil, flagged("mapping", "", mappingError(err, j.options.Standard, j.options.Channels))
	}
	if err := j.background(); err != nil {
		return nil, err
	}
	if _, err := dram.New(j.options); err != nil { // what is left to be wrong
		return nil, flagged("refresh", "", err)
	}
	if j.trace = o.trace; o.trace != "" {
		j.addresses, err = readAddresses(o.trace, j.options.Standard, j.options.Channels)
		return j, flagged("addresses", "", err)
	}
	if j.stream, err = o.loadStream(); err == nil {
		err = flagged("stream", "", j.stream.Fits(j.options.Standard))
	}
	return j, err
}

// ranks sets what the standard leaves open.
func (j *dramJob) ranks(n int) error {
	s := j.options.Standard
	switch {
	case s.Family == spec.HBM && n != 1:
		return fmt.Errorf("--ranks %d: a channel of %s has one; accepted: 1", n, s.Name)
	case s.Family != spec.HBM:
		if !slices.Contains([]int{1, 2, 4}, n) {
			return fmt.Errorf("--ranks %d: not a number of ranks; accepted: 1, 2, 4", n)
		}
		s.Ranks = n
		if err := s.Validate(); err != nil {
			return flagged("ranks", "", err)
		}
	}
	if n := j.options.Postponed; n < 0 || n > s.MaxPostponed {
		return fmt.Errorf("--postpone %d: %s may postpone up to %d refreshes; accepted: 0 to %d", n, s.Name, s.MaxPostponed, s.MaxPostponed)
	}
	return nil
}

func (o *dramOptions) loadStream() (s stream.Stream, err error) {
	text := o.stream
	if text == "" {
		return s, errors.New("dram: --stream is missing; accepted: KEY=VALUE,... such as bytes=16MiB,planes=4,chunk=1024, or --addresses FILE")
	}
	if o.write != nil {
		if _, err := stream.ParsePercent(*o.write); err != nil {
			return s, fmt.Errorf("--write %s: %w", *o.write, err)
		}
		text += ",write=" + *o.write
	}
	s, err = stream.Parse(text)
	return s, flagged("stream", "", err)
}

// show writes the result for people.
func (j *dramJob) show(w io.Writer, r *stream.Result) error {
	o, n, own := &j.options, &r.Counts, &r.Access
	hash := ""
	if o.BankHash {
		hash = ", bank hash"
	}
	name, value := j.what()
	share := func(part int64) string {
		return fmt.Sprintf("%d (%.1f %%)", part, 100*float64(part)/float64(own.Reads+own.Writes))
	}
	lines := [][2]string{
		{"DRAM", fmt.Sprintf("%d x %s, %s refresh%s, %s GB/s peak", o.Channels, o.Standard.Name, o.Refresh, views.Operated(o.Standard.Operation, o.Scheduling),
			views.Gigabytes(float64(o.Standard.PeakBytesPerSecond(o.Channels))))},
		{"mapping", o.Mapping + views.ByDefault(!j.mapping) + hash},
		{name, value},
		{"beside it", "other agents, " + stream.BackgroundText(o.Background)},
		{"", ""},
		{"clocks", fmt.Sprintf("%d of %v", r.Cycles, o.Standard.TCK)},
		{"time", plots.Time.Text(r.Seconds())},
		{"bandwidth", fmt.Sprintf("%s GB/s, %.2f %% of the peak", views.Gigabytes(r.Bandwidth()), 100*r.Efficiency())},
		{"bursts", fmt.Sprintf("%d read, %d written%s", own.Reads, own.Writes, masked(n.Masked))},
		{"row hits", share(own.RowHits)},
		{"row misses", share(own.RowMisses)},
		{"conflicts", share(own.RowConflicts)},
		{"refreshes", fmt.Sprint(n.Refreshes)},
		{"turnarounds", fmt.Sprint(n.Turnarounds)},
		{"latency", plots.Time.Text(r.MeanLatency()) + " mean from a controller's queue to the last datum of a read"},
		{"energy", fmt.Sprintf("%s, %.2f pJ/bit", plots.Energy.Text(r.Joules()), r.PicojoulesPerBit())},
	}
	if o.Background.Bandwidth == 0 {
		lines = slices.Delete(lines, 3, 4)
	}
	for _, line := range append(lines, agents(r)...) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%-12s%s", line[0], line[1]), " ")); err != nil {
			return err
		}
	}
	return nil
}
