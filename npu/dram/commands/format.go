package commands

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// Format is how commands are written.
type Format uint8

// The formats.
const (
	// Ramulator is the text of Ramulator 2.1's CmdTraceRecorder: a heading, then clock, command, a number for each
	// level of the standard, type (0 read, 1 write, -1 maintenance) and source, which is -1. Ramulator writes a file
	// for each channel; here all are in one, by clock.
	Ramulator Format = iota
	// DRAMSys is what DRAMSys hands to DRAMPower, in the text that DRAMPower 5 reads: timestamp, command, rank, bank
	// group, bank, row, column, data, and an END. DRAMSys itself keeps its commands in a database. The data of RD and
	// WR are zeros. A ninth column has the channel, which DRAMPower does not read. An activate in two parts is one ACT,
	// at the clock of the first; there is no CAS. What a command does not have is 0.
	DRAMSys
)

var formatNames = []string{"ramulator", "dramsys"}

// Formats returns the names that ParseFormat reads.
func Formats() []string { return slices.Clone(formatNames) }

// String returns the name.
func (f Format) String() string { return formatNames[f] }

// ParseFormat reads the name of a format.
func ParseFormat(name string) (Format, error) {
	if i := slices.Index(formatNames, name); i >= 0 {
		return Format(i), nil
	}
	return 0, fmt.Errorf("unknown format %q of a command trace; %s", name, suggest.Accepted(name, formatNames))
}

// Writer writes commands.
type Writer struct {
	out    *bufio.Writer
	format Format
	levels []level
	split  bool
	banks  int // that a per-bank refresh refreshes
	data   string
	line   []byte
	begun  bool
}

// level is a column of an address.
type level struct {
	name  string // Ramulator's
	value func(*Command) int64
}

// NewWriter writes commands of a standard to w, in a format.
func NewWriter(w io.Writer, f Format, s *spec.Standard) *Writer {
	n := &Writer{out: bufio.NewWriter(w), format: f, split: s.Split, banks: s.RefreshBanks}
	rank := "Rank"
	if s.Family == spec.HBM {
		rank = "PseudoChannel"
	}
	n.levels = []level{{"Channel", func(c *Command) int64 { return int64(c.Channel) }},
		{rank, func(c *Command) int64 { return int64(c.Rank) }}, {"Sid", func(c *Command) int64 { return int64(c.Stack) }},
		{"BankGroup", func(c *Command) int64 { return int64(c.Group) }}, {"Bank", func(c *Command) int64 { return int64(c.Bank) }},
		{"Row", func(c *Command) int64 { return c.Row }}, {"Column", func(c *Command) int64 { return c.Column }}}
	if f == DRAMSys {
		n.levels = n.levels[1:]
		n.data = strings.Repeat("00", int(s.Burst))
	}
	if s.Stacks < 2 || f == DRAMSys {
		n.levels = slices.DeleteFunc(n.levels, func(l level) bool { return l.name == "Sid" })
	}
	return n
}

// Write writes a command.
func (w *Writer) Write(c *Command) error {
	w.begin()
	name := w.name(c)
	if name == "" {
		return nil
	}
	w.line = append(strconv.AppendInt(w.line[:0], c.Clock, 10), ',')
	w.line = append(w.line, name...)
	for _, l := range w.levels {
		v := l.value(c)
		if w.format == DRAMSys {
			v = max(v, 0)
		}
		w.line = strconv.AppendInt(append(w.line, ','), v, 10)
	}
	switch {
	case w.format == Ramulator:
		w.line = strconv.AppendInt(append(w.line, ','), int64(c.Kind), 10)
		w.line = append(w.line, ",-1"...)
	case c.Command.MovesData():
		w.line = append(append(append(w.line, ','), w.data...), ',')
		w.line = strconv.AppendInt(w.line, int64(c.Channel), 10)
	default:
		w.line = strconv.AppendInt(append(w.line, ",,"...), int64(c.Channel), 10)
	}
	_, err := w.out.Write(append(w.line, '\n'))
	return err
}

// begin writes the heading.
func (w *Writer) begin() {
	if w.begun || w.format != Ramulator {
		return
	}
	w.begun = true
	_, _ = w.out.WriteString("clock,command") // the error stays, and comes with Flush
	for _, l := range w.levels {
		_, _ = w.out.WriteString("," + l.name)
	}
	_, _ = w.out.WriteString(",type,source\n")
}

// End ends the trace at a clock.
func (w *Writer) End(clock int64) error {
	w.begin()
	if w.format == DRAMSys {
		if _, err := fmt.Fprintf(w.out, "%d,END,0,0,0,0,0,,0\n", clock); err != nil {
			return err
		}
	}
	return w.out.Flush()
}

// names are what the formats call commands; empty: they have none.
var names = map[string][2]string{
	"ACT": {"ACT", "ACT"}, "ACT2": {"ACT2", ""}, "PRE": {"PREpb", "PRE"}, "PREA": {"PREab", "PREA"}, "RD": {"RD", "RD"},
	"PREsb": {"PREsb", "PRESB"}, "WR": {"WR", "WR"}, "REF": {"REFab", "REFA"}, "CAS": {"CAS_RD", ""},
	"RDA": {"RDA", "RDA"}, "WRA": {"WRA", "WRA"},
}

// name returns what the format calls a command.
func (w *Writer) name(c *Command) string {
	switch name := c.Command.String(); {
	case w.format == Ramulator && name == "ACT" && w.split:
		return "ACT1"
	case w.format == Ramulator && name == "CAS" && c.Kind == Write:
		return "CAS_WR"
	case c.Refresh == spec.SameBank:
		return [...]string{"REFsb", "REFSB"}[w.format]
	case c.Refresh == spec.PerBank && w.banks == 2:
		return [...]string{"REFpb", "REFP2B"}[w.format]
	case c.Refresh == spec.PerBank:
		return [...]string{"REFpb", "REFB"}[w.format]
	default:
		return names[name][w.format]
	}
}

// Known reports whether all formats know a command.
func Known(c controller.Command) bool { _, ok := names[c.String()]; return ok }
