package commands_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/commands"
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// run offers a channel two reads of a bank, then a write, and writes its commands.
func run(t *testing.T, s *spec.Standard, refresh spec.Refresh, f commands.Format, most int64) (string, *commands.Recorder) {
	t.Helper()
	c, err := controller.New(s, controller.Options{Refresh: refresh})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	w := commands.NewWriter(&b, f, s)
	r := commands.NewRecorder(s, refresh, most, w.Write)
	tapped := r.Tap(1, c)
	last := spec.Place{Row: 9, Column: 3, Bank: uint8(s.Banks*s.Groups*max(s.Stacks, 1)*s.Ranks - 1)}
	last.Group = last.Bank / uint8(s.Banks)
	for _, p := range []spec.Place{{Row: 5, Column: 2}, {Row: 6, Column: 7}} {
		if !tapped.Offer(p, false, 77) {
			t.Fatal("a burst was refused")
		}
	}
	tapped.Tick()
	tapped.Offer(last, true, 78)
	for tapped.View().Clock < s.Timing.TREFI+s.Timing.TRP+10 {
		if tapped.Tick() == controller.ColumnIssued {
			if tag := tapped.View().Issued.Tag; tag != 77 && tag != 78 {
				t.Errorf("a burst came back with tag %d", tag)
			}
		}
	}
	if err := r.Flush(controller.Never); err != nil {
		t.Fatal(err)
	}
	if err := w.End(tapped.View().Clock); err != nil {
		t.Fatal(err)
	}
	return b.String(), r
}

func TestForms(t *testing.T) {
	zeros := func(bytes int) string { return strings.Repeat("00", bytes) }
	for _, c := range []struct {
		standard string
		refresh  spec.Refresh
		format   commands.Format
		want     string
	}{
		{"lpddr5-6400", spec.AllBank, commands.Ramulator, `clock,command,Channel,Rank,BankGroup,Bank,Row,Column,type,source
1,ACT1,1,0,0,0,5,2,0,-1
2,ACT2,1,0,0,0,5,2,0,-1
16,CAS_RD,1,0,0,0,5,2,0,-1
17,RD,1,0,0,0,5,2,0,-1
35,PREpb,1,0,0,0,6,7,0,-1
50,ACT1,1,0,0,0,6,7,0,-1
51,ACT2,1,0,0,0,6,7,0,-1
54,ACT1,1,0,3,3,9,3,1,-1
55,ACT2,1,0,3,3,9,3,1,-1
65,CAS_RD,1,0,0,0,6,7,0,-1
66,RD,1,0,0,0,6,7,0,-1
78,WR,1,0,3,3,9,3,1,-1
3125,PREab,1,0,-1,-1,-1,-1,-1,-1
3140,REFab,1,0,-1,-1,-1,-1,-1,-1
`},
		{"lpddr5-6400", spec.PerBank, commands.DRAMSys, "1,ACT,0,0,0,5,2,,1\n17,RD,0,0,0,5,2," + zeros(32) + ",1\n"},
		{"hbm3-6400", spec.AllBank, commands.Ramulator, "clock,command,Channel,PseudoChannel,Sid,BankGroup,Bank,Row,Column,type,source\n" +
			"1,ACT,1,0,0,0,0,5,2,0,-1\n"},
		{"hbm2-2000", spec.AllBank, commands.Ramulator, "clock,command,Channel,PseudoChannel,BankGroup,Bank,Row,Column,type,source\n"},
		{"hbm3-6400", spec.AllBank, commands.DRAMSys, "1,ACT,0,0,0,5,2,,1\n"},
		{"ddr5-6400", spec.SameBank, commands.DRAMSys, "1,ACT,0,0,0,5,2,,1\n"},
		{"ddr5-6400", spec.AllBank, commands.Ramulator, "clock,command,Channel,Rank,BankGroup,Bank,Row,Column,type,source\n1,ACT,1,0,0,0,5,2,0,-1\n"},
	} {
		got, _ := run(t, spec.MustLookup(c.standard), c.refresh, c.format, 0)
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s, %v: got\n%.900s\nwant\n%s", c.standard, c.format, got, c.want)
		}
		if ended := strings.HasSuffix(got, ",END,0,0,0,0,0,,0\n"); ended != (c.format == commands.DRAMSys) {
			t.Errorf("%s, %v: ends with %q", c.standard, c.format, got[max(len(got)-40, 0):])
		}
	}
	text, _ := run(t, spec.MustLookup("lpddr5-6400"), spec.PerBank, commands.DRAMSys, 0)
	if strings.Contains(text, "CAS") || strings.Contains(text, "ACT2") || !strings.Contains(text, ",REFP2B,0,0,0,0,0,,1\n") {
		t.Errorf("DRAMSys has no CAS and no ACT2, and calls a refresh of two banks REFP2B:\n%s", text)
	}
}

func TestARecorderStopsAtItsBound(t *testing.T) {
	s := spec.MustLookup("lpddr5-6400")
	text, r := run(t, s, spec.AllBank, commands.Ramulator, 3)
	if strings.Count(text, "\n") != 4 || !r.Cut() || r.Count() != 3 {
		t.Errorf("cut %v after %d commands:\n%s", r.Cut(), r.Count(), text)
	}
	if _, r := run(t, s, spec.AllBank, commands.Ramulator, 14); r.Cut() || r.Count() != 14 {
		t.Errorf("14 commands of 14: cut %v after %d", r.Cut(), r.Count())
	}
	full := errors.New("disk full")
	r = commands.NewRecorder(s, spec.AllBank, 0, func(*commands.Command) error { return full })
	c, err := controller.New(s, controller.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tapped := r.Tap(0, c)
	tapped.Offer(spec.Place{}, false, 0)
	tapped.Tick()
	if err := r.Flush(controller.Never); !errors.Is(err, full) || !errors.Is(r.Err(), full) {
		t.Errorf("%v, %v", err, r.Err())
	}
}

// TestEveryCommandHasAName: a command that a controller has, and that no form knows, would be written as nothing.
func TestEveryCommandHasAName(t *testing.T) {
	for _, c := range controller.Commands() {
		if !commands.Known(c) {
			t.Errorf("%v has no name in the forms: see names in format.go", c)
		}
	}
}

func TestClonesAreNotRecorded(t *testing.T) {
	s := spec.MustLookup("ddr4-3200")
	c, err := controller.New(s, controller.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var n int
	r := commands.NewRecorder(s, spec.AllBank, 0, func(*commands.Command) error { n++; return nil })
	tapped := r.Tap(0, c)
	tapped.Offer(spec.Place{Row: 1}, false, 5)
	clone := tapped.Clone()
	for range 100 {
		if clone.Tick() == controller.ColumnIssued && clone.View().Issued.Tag != 5 {
			t.Errorf("tag %d", clone.View().Issued.Tag)
		}
	}
	if err := r.Flush(controller.Never); err != nil || n != 0 {
		t.Errorf("%d commands of a clone, %v", n, err)
	}
}

// TestNamesOfCommands: what the forms call each command of DDR4, which has no activate in two parts. Empty: it is not written.
func TestNamesOfCommands(t *testing.T) {
	want := map[string][2]string{"ACT": {"ACT", "ACT"}, "ACT2": {"ACT2", ""}, "PRE": {"PREpb", "PRE"}, "PREA": {"PREab", "PREA"},
		"RD": {"RD", "RD"}, "WR": {"WR", "WR"}, "REF": {"REFab", "REFA"}, "CAS": {"CAS_RD", ""}, "PREsb": {"PREsb", "PRESB"},
		"RDA": {"RDA", "RDA"}, "WRA": {"WRA", "WRA"}}
	for _, c := range controller.Commands() {
		for i, f := range []commands.Format{commands.Ramulator, commands.DRAMSys} {
			var b strings.Builder
			w := commands.NewWriter(&b, f, spec.MustLookup("ddr4-3200"))
			if err := errors.Join(w.Write(&commands.Command{Clock: 7, Command: c}), w.End(8)); err != nil {
				t.Fatal(err)
			}
			_, after, _ := strings.Cut("\n"+b.String(), "\n7,")
			if name, _, _ := strings.Cut(after, ","); name != want[c.String()][i] {
				t.Errorf("%v, %v: %q, want %q", f, c, name, want[c.String()][i])
			}
		}
	}
}
