package stream

import (
	"bytes"
	"context"
	_ "embed" // the golden files
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// What other simulators measured, with sources: golden/README.md.
var (
	//go:embed golden/golden_streams.csv
	goldenStreams []byte
	//go:embed golden/more_streams.csv
	moreStreams []byte
)

// Rule says how far our result may be from a golden one.
type Rule uint8

// The rules.
const (
	Equal        Rule = iota // to the clock
	EqualDecimal             // to one decimal of the efficiency in percent, which is all that was kept of the run
	Near                     // within NearPercent of the clocks, because the reference had other values of a few timings
	Close                    // within ClosePoints of efficiency
	Shown                    // any distance, because the scheduling policies differ
	Skipped                  // not run, because we do not model its settings
)

var ruleNames = []string{"equal", "equal-decimal", "near", "close", "shown", "skipped"}

// String returns the name used in JSON.
func (r Rule) String() string { return ruleNames[r] }

// ClosePoints is how far apart controllers with different policies may be on sequential reads, in percent of the peak.
const ClosePoints = 1.5

// NearPercent and NearPercentHarder are how far the clocks may be from those of a run with slightly other values: of
// reads in order, and of random reads and writes.
const (
	NearPercent       = 1.0
	NearPercentHarder = 3.0
)

// roundingPoints bounds, in percent of the peak, the error of an efficiency that was rounded to two decimals, then to
// one.
const roundingPoints = 0.055

// dramsim is the simulator whose policy differs from ours.
const dramsim = "DRAMsim3"

// Golden is a stream that another simulator has run.
type Golden struct {
	ID        string
	Simulator string
	Config    string // its settings
	Standard  string // name of our table for what it simulates: of package spec, or in earlier
	Channels  int
	Ranks     int
	Mapping   string
	BankHash  bool
	Refresh   spec.Refresh
	Stream    Stream
	Cycles    int64   // controller clocks; 0: not kept
	Percent   float64 // of the peak; to one decimal where Cycles were not kept

	Rule   Rule
	Reason string // why not a stricter rule
}

// Goldens returns all golden streams, in the order of the files. It fails only if one of the embedded files is
// malformed.
func Goldens() ([]Golden, error) {
	var all []Golden
	for _, file := range []struct {
		text []byte
		row  func(r *goldenRow) Golden
	}{{goldenStreams, (*goldenRow).golden}, {moreStreams, (*goldenRow).golden}, {freshStreams, (*goldenRow).fresh}} {
		records, err := csv.NewReader(bytes.NewReader(file.text)).ReadAll()
		if err != nil {
			return nil, fmt.Errorf("dram: golden streams: %w", err)
		}
		for _, rec := range records[1:] {
			r := goldenRow{cells: map[string]string{}}
			for i, key := range records[0] {
				r.cells[key] = rec[i]
			}
			g := file.row(&r)
			if r.err != nil {
				return nil, fmt.Errorf("dram: golden stream %s: %w", rec[0], r.err)
			}
			all = append(all, g)
		}
	}
	return all, nil
}

// goldenRow is a row of a golden file by column, and the first error met in it.
type goldenRow struct {
	cells map[string]string
	err   error
}

func (r *goldenRow) number(key string) int64 {
	n, err := strconv.ParseInt(r.cells[key], 10, 64)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("column %s: %w", key, err)
	}
	return n
}

func (r *goldenRow) golden() Golden {
	c := r.cells
	g := Golden{ID: c["id"], Simulator: c["simulator"], Config: c["config"], Standard: c["standard"],
		Channels: int(r.number("channels")), Ranks: 1, Mapping: c["mapping_lsb_first"], BankHash: c["bank_hash"] == "1"}
	g.Stream = Stream{Bytes: unit.Bytes(r.number("total_bytes")), Unit: 64, Random: c["pattern"] == "rand",
		Planes: int(r.number("streams")), Chunk: unit.Bytes(r.number("gran_B")), Skew: unit.Bytes(r.number("skew_B")),
		Write: int(r.number("write_pct"))}
	if c["cycles"] != "" {
		g.Cycles = r.number("cycles")
	}
	var err error
	if g.Percent, err = strconv.ParseFloat(c["eff_pct"], 64); err != nil && r.err == nil {
		r.err = err
	}
	if err := g.Refresh.UnmarshalText([]byte(c["refresh"])); err != nil && r.err == nil {
		r.err = err
	}
	g.rule()
	return g
}

// rule decides what the row obliges us to.
func (g *Golden) rule() {
	std, err := g.standard()
	if err != nil {
		g.Rule, g.Reason = Skipped, "no preset is named "+g.Standard
		return
	}
	m, err := spec.ParseMapping(g.Mapping, std, g.Channels, g.BankHash)
	switch {
	case g.Config == "lpddr4_2400_shipped":
		g.Rule, g.Reason = Skipped, "DRAMsim3's own preset, of another speed: bank groups, tREFI 7.19 us"
	case strings.HasSuffix(g.Config, "_legacy"):
		g.Rule, g.Reason = Skipped, "a channel of 128 bits without pseudo channels, tRFC 260 ns; ours has two of 64 and 350 ns"
	case err != nil:
		g.Rule, g.Reason = Skipped, err.Error()
	case g.Simulator == dramsim && (g.Stream.Random || g.Stream.Planes > 1 || g.Stream.Write > 0):
		g.Rule, g.Reason = Shown, "DRAMsim3 schedules otherwise: 32 + 16 x 8 commands ahead, four hits of a row in turn"
	case g.Simulator == dramsim && std.Groups > 1 && m.GroupRun() > 4:
		g.Rule, g.Reason = Shown, "long runs in one bank group, of which DRAMsim3 sees more at once"
	case g.Simulator == dramsim:
		g.Rule = Close
	case g.Cycles == 0:
		g.Rule = EqualDecimal
	}
}

// Run runs the stream on our table, with every clock stepped if exact.
func (g *Golden) Run(ctx context.Context, exact bool) (*Result, error) {
	std, err := g.standard()
	if err != nil {
		return nil, err
	}
	o := dram.Options{Standard: std, Channels: g.Channels, Mapping: g.Mapping, BankHash: g.BankHash, Control: dram.Control{Refresh: g.Refresh},
		Exact: exact}
	return Run(ctx, o, g.Stream, nil)
}

// Points returns how much more of the peak we reach, in percentage points.
func (g *Golden) Points(r *Result) float64 { return float64(100*r.Efficiency()) - g.Percent }

// PercentOff returns how many more clocks we take, in percent.
func (g *Golden) PercentOff(r *Result) float64 {
	return 100 * float64(r.Cycles-g.Cycles) / float64(g.Cycles)
}

// near is how far a row of rule Near may be off, in percent.
func (g *Golden) near() float64 {
	if g.Stream.Random || g.Stream.Write > 0 {
		return NearPercentHarder
	}
	return NearPercent
}

// Met reports whether a result keeps the rule.
func (g *Golden) Met(r *Result) bool {
	points := math.Abs(g.Points(r))
	switch g.Rule {
	case Equal:
		return r.Cycles == g.Cycles && points <= roundingPoints
	case EqualDecimal:
		return points <= roundingPoints
	case Near:
		return math.Abs(g.PercentOff(r)) <= g.near()
	case Close:
		return points <= ClosePoints
	}
	return true
}
