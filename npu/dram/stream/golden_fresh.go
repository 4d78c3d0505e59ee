package stream

import (
	_ "embed" // the file
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

//go:embed golden/fresh_streams.csv
var freshStreams []byte

// What the column table of fresh_streams.csv says.
const (
	tableRamulator = "ramulator2.1"               // Ramulator's own: a fixture of package spec
	tableShipped   = "ramulator-ddr5-as-shipped"  // likewise
	tableRanks     = "ramulator-ranks-as-shipped" // likewise, but Ramulator refreshes ranks otherwise
	tableEarlier   = "today"                      // our derived tables of the day of the run, in Ramulator's controller
	tableCorrected = "corrected"                  // values that the presets have had since
)

// fresh reads a row of fresh_streams.csv, in which args is the command line of the stream.
func (r *goldenRow) fresh() Golden {
	c := r.cells
	who, config, _ := strings.Cut(c["source"], "; ")
	simulator, _, _ := strings.Cut(who, "@")
	g := Golden{ID: c["id"], Simulator: simulator, Config: config, Standard: c["standard"], Channels: 1, Ranks: 1,
		Cycles: r.number("cycles_ref")}
	var stream, write string
	words := strings.Fields(c["args"])
	for i := 2; i < len(words) && r.err == nil; i++ { // after "pmpdsim dram"
		if words[i] == "--bank-hash" {
			g.BankHash = true
			continue
		}
		if i++; i == len(words) {
			r.err = fmt.Errorf("column args: %s has no value", words[i-1])
			break
		}
		switch flag, value := words[i-1], words[i]; flag {
		case "--standard", "--format":
		case "--stream":
			stream = value
		case "--write":
			write = ",write=" + value
		case "--mapping":
			g.Mapping = value
		case "--channels":
			g.Channels, r.err = strconv.Atoi(value)
		case "--ranks":
			g.Ranks, r.err = strconv.Atoi(value)
		case "--refresh":
			r.err = g.Refresh.UnmarshalText([]byte(value))
		default:
			r.err = fmt.Errorf("column args: flag %s is not known", flag)
		}
	}
	if r.err == nil {
		g.Stream, r.err = Parse(stream + write)
	}
	g.freshRule(c["table"])
	if s, err := g.standard(); err == nil && r.err == nil {
		g.Percent = 100 * (&Result{Bytes: g.Stream.Bytes, Cycles: g.Cycles, channels: g.Channels, standard: s}).Efficiency()
	}
	return g
}

// freshRule decides which of our tables the row is run with, and what it obliges us to.
func (g *Golden) freshRule(table string) {
	switch {
	case table == tableRanks:
		g.Standard, g.Rule = spec.Ramulator+g.Standard, Shown
		g.Reason = "Ramulator refreshes a bank of the channel where each rank needs one: half as many"
	case table == tableShipped:
		g.Standard = spec.Ramulator + g.Standard
	case table == tableRamulator:
		g.Standard = spec.Ramulator + g.Standard
	case table == tableEarlier && earlier[g.earlierName()] != nil:
		g.Standard = g.earlierName()
	case table == tableCorrected && g.Standard == "lpddr4x-4266":
		g.Rule, g.Reason = Near, "without tDQSCK and the clock between WL and the data, which the preset has"
	case g.Simulator == dramsim:
		g.rule()
	}
}

// earlierName is the name of the table in earlier that a row of ours was run with.
func (g *Golden) earlierName() string {
	name := "earlier/" + g.Standard
	if strings.HasPrefix(g.Config, "ddr5_ours") {
		name += "+2-clock"
	}
	return name
}

// earlier are the tables of the runs for which our derived presets of the day were put into Ramulator's controller, by
// their difference from the presets of today. hbm2e and hbm3e have not changed since.
var earlier = map[string]func(s *spec.Standard){
	"earlier/lpddr4x-4266": func(s *spec.Standard) {
		s.Commands = spec.CommandClocks{Activate: 1, Column: 1, Precharge: 1}
		s.Timing.TDQSCK, s.Timing.TWR, s.Timing.TWTRS, s.Timing.TWTRL = 0, 39, 22, 22
	},
	"earlier/lpddr5x-8533": func(s *spec.Standard) {
		s.Timing.TRRDS, s.Timing.TRRDL, s.Timing.TFAW = 6, 6, 22
		s.RefreshBanks, s.RefreshRounds = 1, 2
	},
	"earlier/ddr5-6400": func(s *spec.Standard) {
		earlierDDR5(s)
		s.Timing.TRTRS, s.Commands = 2, spec.CommandClocks{Activate: 1, Column: 1, Precharge: 1}
	},
	"earlier/ddr5-6400+2-clock": earlierDDR5,
}

// EarlierNames returns the names of tables that only rows of the check are run with, sorted.
func EarlierNames() []string { return slices.Sorted(maps.Keys(earlier)) }

func earlierDDR5(s *spec.Standard) {
	s.Timing.TRRDS, s.Timing.TFAW, s.Timing.TWTRS, s.Timing.TCCDLW = 16, 64, 5, 64
}

// standard returns the table that the row is run with.
func (g *Golden) standard() (*spec.Standard, error) {
	name := g.Standard
	change := earlier[name]
	if change != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(name, "earlier/"), "+2-clock")
	}
	s, err := spec.Lookup(name)
	if err != nil {
		return nil, err
	}
	if change != nil {
		change(s)
		s.Name = g.Standard
	}
	if s.Family == spec.SingleBus {
		s.Ranks = g.Ranks
	}
	return s, nil
}
