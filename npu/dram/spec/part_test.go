package spec

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
)

func mustParse(t *testing.T, text string) *Part {
	t.Helper()
	p, err := ParsePart("dir/my-part.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// inline reads a part as a configuration carries it.
func inline(t *testing.T, name string, data []byte) *Part {
	t.Helper()
	f := &strict.Faults{File: "inline"}
	top := f.Document(data, "a part")
	if top == nil {
		t.Fatal(f.Err())
	}
	p := ReadPart(f, top, "dram.part.", name)
	if err := f.Err(); err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	return p
}

func TestAPartChangesItsBase(t *testing.T) {
	p := mustParse(t, "base: lpddr5-6400\ndata_rate: 5500MT/s\ntiming: {tRCD: 21ns, tCL: 15, tCWL: 8}\ndensity: 32Gb\n")
	s := p.Standard(0)
	base := MustLookup("lpddr5-6400")
	if s.Name != "my-part" || s.TCK != 1_454_545 || s.Rows != 2*base.Rows || s.Width != 16 {
		t.Errorf("%s: tCK %v, %d rows, x%d", s.Name, s.TCK, s.Rows, s.Width)
	}
	tm := s.Timing
	if tm.TRCD != 15 || tm.TCL != 15 || tm.TRP != 13 || tm.TRC != tm.TRAS+tm.TRP || tm.TRFC != 262 { // 21, 18, 380 ns
		t.Errorf("%+v", tm)
	}
	if want := "lpddr5-6400, changed: data_rate=5500MT/s, density=32Gb, timing.tCL=15, timing.tCWL=8, timing.tRCD=21ns"; s.Source != want {
		t.Errorf("source %q, want %q", s.Source, want)
	}
	if p.Evidence() != "" || MustLookupPart("lpddr5-6400").Evidence() != "verified" {
		t.Errorf("evidence %q: that of the base is not of what was changed", p.Evidence())
	}
	if e := s.Energy; e.Refresh != base.Energy.Refresh || e.Read != base.Energy.Read {
		t.Errorf("%+v", e)
	}
	if !slices.ContainsFunc(p.Notes(), func(n string) bool { return strings.HasPrefix(n, "source: ") }) {
		t.Errorf("notes %q", p.Notes())
	}
}

func TestRowsAndRefreshFollowTheDensity(t *testing.T) {
	p := MustLookupPart("lpddr5-6400")
	own, other := p.Standard(0), p.Standard(32*1024)
	if own.Rows != 65536 || other.Rows != 131072 || other.Timing.TRFC != 304 || other.Timing.TRFCPB != 152 || other.Energy.Refresh != 2*own.Energy.Refresh {
		t.Errorf("%d rows, %+v, %v", other.Rows, other.Timing, other.Energy.Refresh)
	}
	for _, name := range Names() {
		p := MustLookupPart(name)
		for _, d := range p.Densities() {
			if text, _ := p.Standard(d).Problem(); text != "" {
				t.Errorf("%s of %v: %s", name, d, text)
			}
		}
	}
}

// TestShownPartsAreReadBack: what part show prints, and what results carry, is the part again.
func TestShownPartsAreReadBack(t *testing.T) {
	for _, name := range Names() {
		p := MustLookupPart(name)
		shown, err := p.Shown()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParsePart("x.yaml", shown)
		switch {
		case err != nil:
			t.Errorf("%s: %v from\n%s", name, err, shown)
		case p.own().IsFixture(): // whose name no file may have
			if again.Text() != strings.Replace(p.Text(), "/", "-", 1) {
				t.Errorf("%s: read back as %s", name, again.Text())
			}
		case again != p:
			t.Errorf("%s: read back as %s", name, again.Text())
		}
		renamed := &Part{Name: "other", values: maps.Clone(p.values), comments: p.comments, rows: p.rows}
		renamed.finish()
		data, err := yaml.Marshal(renamed)
		if err != nil {
			t.Fatal(err)
		}
		text, err := renamed.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range [][]byte{data, text} {
			if again := inline(t, "other", data); !again.equal(renamed) || again.Text() != renamed.Text() {
				t.Errorf("%s: %s read back as %s", name, renamed.Text(), again.Text())
			}
		}
	}
}

func TestTheContentOfAPartCounts(t *testing.T) {
	a := mustParse(t, "base: ddr5-6400\nname: x\ntiming: {tRCD: 15ns}\n")
	b := mustParse(t, "# another file\nname: x\ntiming:\n  tRCD: 15 ns # in other words\nbase: ddr5-6400\n")
	if a.Text() != b.Text() {
		t.Errorf("%s\n%s", a.Text(), b.Text())
	}
	if p := mustParse(t, "base: ddr5-6400\nname: ddr5-6400\n"); p != MustLookupPart("ddr5-6400") {
		t.Error("a preset under its own name is not the preset")
	}
}

func TestAPartWithoutBaseGivesEverything(t *testing.T) {
	shown, err := MustLookupPart("ddr5-6400").Shown()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(shown), "name: ddr5-6400", "name: mine", 1)
	if p := mustParse(t, text); p.Standard(0).Timing != MustLookup("ddr5-6400").Timing {
		t.Errorf("%+v", p.Standard(0))
	}
	_, err = ParsePart("p.yaml", []byte("data_rate: 6400MT/s\nwidth: 16\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "p.yaml:1:1: base: the part names no base and does not give controller, burst, page, ranks, ") {
		t.Error(err)
	}
}

func TestPartsThatCannotBeAreRefused(t *testing.T) {
	const clocks = "clocks of 1.25ns: "
	for text, want := range map[string]string{
		"base: lpddr5": `p.yaml:1:7: base: "lpddr5" is not known; ` + Accepted("lpddr5"),
		"base: lpddr5-6400\ntiming: {tRDC: 18ns}":                 "p.yaml:2:10: timing.tRDC: unknown key; accepted: " + strings.Join(TimingNames(), ", ") + `; did you mean "timing.tRCD"?`,
		"base: lpddr5-6400\ntRCD: 18ns":                           "p.yaml:2:1: tRCD: unknown key; accepted: " + strings.Join(keysOf(""), ", ") + `; did you mean "timing.tRCD"?`,
		"base: lpddr5-6400\ntiming: {tRC: 40ns}":                  "p.yaml:2:15: timing.tRC: " + clocks + "tRC 32 is shorter than tRAS 34 + tRP 15; accepted: values that a DRAM can have together",
		"base: lpddr5-6400\ntiming: {tRCD: 18}\ntiming: {tRP: 3}": "p.yaml:3:1: timing: given a second time, first in line 2; accepted: each key once",
		"base: lpddr5-6400\ntiming: 3":                            "p.yaml:2:9: timing: got the number 3; accepted: a mapping of " + strings.Join(keysOf("timing"), ", "),
		"base: lpddr5-6400\ndensity: 12Gb":                        "p.yaml:2:10: density: no refresh time of 12Gb is known; accepted: 2Gb, 4Gb, 8Gb, 16Gb, 32Gb",
		"base: lpddr5-6400\ndensity: 2GiB":                        `p.yaml:2:10: density: "2GiB" is not a density; accepted: a density such as "16Gb" (Gb, Mb: bits, not bytes)`,
		"base: lpddr5-6400\nrows: 100":                            "p.yaml:2:7: rows: rows is 100; accepted: a power of two",
		"base: lpddr5-6400\npage: 100B":                           "p.yaml:2:7: page: page is 0; accepted: a power of two",
		"base: lpddr5-6400\ntiming: {tBL: 3}":                     "p.yaml:2:15: timing.tBL: clocks of 833.333ps: tBL 3 clocks do not divide the 16 transfers of a burst of 32 B on 16 pins; accepted: values that a DRAM can have together",
		"base: lpddr5-6400\ntiming: {tBL: 2ns}":                   "p.yaml:2:15: timing.tBL: a time, but the clock follows from data_rate and tBL; accepted: a number of clocks such as 2",
		"base: lpddr5-6400\ntCK: 1ns\ndata_rate: 6400MT/s":        "p.yaml:2:6: tCK: given beside data_rate, which it follows from; accepted: one of them",
		"base: lpddr5-6400\nname: ddr5-6400":                      `p.yaml:2:7: name: "ddr5-6400" is the name of a part that pmpdsim has, with other values; accepted: a name of its own`,
		"base: lpddr5-6400\nname: a/b":                            `p.yaml:2:7: name: "a/b" is not a name for a part; accepted: a line of at most 100 bytes without / \ and comma, other than ideal, that does not end as a file does`,
		"base: lpddr5-6400\nwck: 1":                               "p.yaml:2:6: wck: got the number 1; accepted: true or false",
		"base: lpddr5-6400\nenergy: {read: 842}":                  `p.yaml:2:16: energy.read: "842" has no unit; accepted: pJ nJ uJ mJ J, such as "1.5nJ"`,
		"base: lpddr5-6400\nenergy: {refresh_bank: 1uJ}":          "p.yaml:2:24: energy.refresh_bank: energy refresh_bank 1uJ is more than refresh 50.715nJ, of all banks; accepted: values that a DRAM can have together",
		"base: lpddr5-6400\nspeeds: {}":                           "p.yaml:2:1: speeds: unknown key; accepted: " + strings.Join(keysOf(""), ", "),
		"base: lpddr5-6400\ncontroller: hbm4":                     `p.yaml:2:13: controller: controller "hbm4" is not known; accepted: single-bus, hbm`,
		"- 1":                                                     "p.yaml:1:1: the file is a list; accepted: one mapping of keys such as base, data_rate, timing",
	} {
		_, err := ParsePart("p.yaml", []byte(text))
		simtest.WantError(t, err, want)
	}
}

func TestDataRatesAreJEDECs(t *testing.T) {
	for text, want := range map[string]int64{"8533MT/s": 937_500, "4266MT/s": 1_875_000, "4267MT/s": 1_875_000, "6400MT/s": 1_250_000, "10667MT/s": 750_000,
		"6401MT/s": 1_249_804, "9.6GT/s": 833_333} {
		var r DataRate
		if err := r.UnmarshalText([]byte(text)); err != nil || int64(r.tck(16, 2)) != want {
			t.Errorf("%s: %d fs, want %d (%v)", text, r.tck(16, 2), want, err)
		}
	}
}

// TestEnergiesFollowFromCurrents: those of the LPDDR5 presets come of these currents of Micron's die (docs/sources.md
// E.2), but for the refresh of VDD1, which the sheet does not give.
func TestEnergiesFollowFromCurrents(t *testing.T) {
	const text = `base: lpddr5-6400
currents:
  data_rate: 7500MT/s
  VDD2H: {volts: 1.05V, IDD0: 53mA, IDD2N: 32.5mA, IDD3N: 40mA, IDD4R: 390mA, IDD4W: 265mA, IDD5: 205mA}
  VDD1: {volts: 1.8V, IDD0: 3.8mA, IDD2N: 1.5mA, IDD3N: 2.8mA, IDD4R: 18mA, IDD4W: 16.5mA, IDD5: 1.5mA}
`
	got, want := mustParse(t, text).Standard(0).Energy, MustLookup("lpddr5-6400").Energy
	want.Source = got.Source
	near := func(a, b unit.Picojoules) bool { return a-b <= 1 && b-a <= 1 }
	if !near(got.Activate, want.Activate) || !near(got.Read, want.Read) || !near(got.Write, want.Write) || got.Refresh != want.Refresh ||
		!near(got.RefreshBank, want.RefreshBank) || got.Active != want.Active || got.Standby != want.Standby || got.ReadIO != want.ReadIO {
		t.Errorf("%+v, want %+v", got, want)
	}
	if source := mustParse(t, text).Standard(0).Source; source != "lpddr5-6400, changed: currents" {
		t.Errorf("source %q", source)
	}
	// DDR4: eight devices, IDD3N of all banks open: 8 x 1.2 (57 x 46.25 - 37.94 x 32.5 - 37 x 13.75) = 8588.
	ddr4 := mustParse(t, `base: ddr4-3200
currents: {devices: 8, data_rate: 3200MT/s, open_banks: all, VDD: {volts: 1.2V, IDD0: 57mA, IDD2N: 37mA, IDD3N: 52mA, IDD4R: 168mA, IDD4W: 150mA, IDD5: 250mA}}
energy: {standby: 415.2mW}
`).Standard(0).Energy
	if !near(ddr4.Activate, 8588) || ddr4.Read != 2784 || ddr4.Write != 2352 || ddr4.Refresh != 715_680 || ddr4.Standby != 415_200 || ddr4.RefreshBank != 0 {
		t.Errorf("%+v", ddr4)
	}
	for text, want := range map[string]string{
		"base: ddr4-3200\ncurrents: 3":            "p.yaml:2:11: currents: got the number 3; accepted: " + currentsAccepted,
		"base: ddr4-3200\ncurrents: {devices: 8}": "p.yaml:2:11: currents: lacks data_rate or a supply; accepted: " + currentsAccepted,
		"base: ddr4-3200\ncurrents: {data_rate: 3200MT/s, VDD: {volts: 1.2V, IDD0: 1mA, IDD2N: 37mA, IDD3N: 52mA, IDD4R: 168mA, IDD4W: 150mA, IDD5: 250mA}}": "p.yaml:2:11: currents: " +
			"make an energy activate of -2583pJ; accepted: IDD0, IDD4 and IDD5 above IDD3N and IDD2N",
		"base: ddr4-3200\ncurrents: {data_rate: 3200MT/s, VDD: {volts: 1.2V, IDD0: 57mA, IDD2N: 37mA, IDD3N: 52mA, IDD4R: 168mA, IDD4W: 150, IDD5: 250mA, IDD7: 1A}}": "p.yaml:2:111: " +
			`currents.VDD.IDD4W: "150" has no unit; accepted: uA mA A, such as "53mA"` + "\np.yaml:2:129: currents.VDD.IDD7: unknown key; accepted: volts, IDD0, IDD2N, IDD3N, IDD4R, IDD4W, IDD5",
	} {
		_, err := ParsePart("p.yaml", []byte(text))
		simtest.WantError(t, err, want)
	}
}
