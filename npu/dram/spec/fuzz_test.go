package spec_test

import (
	"bytes"
	"encoding"
	"fmt"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func FuzzMapping(f *testing.F) {
	for _, text := range []string{"co2,bg1,ch2,bg1,ba2,co4,ro16", "ro16,ba2,bg2,co6,ch2", "co99999999999", "co2,,ro", "ra1,ps1,bg2"} {
		f.Add(text, uint8(0), 4, false)
		f.Add(text, uint8(3), 1, true)
	}
	f.Fuzz(func(t *testing.T, text string, standard uint8, channels int, hash bool) {
		simtest.Budget(t, func() {
			all := spec.All()
			m, err := spec.ParseMapping(text, all[int(standard)%len(all)], channels, hash)
			if err != nil {
				return
			}
			if again, err := spec.ParseMapping(m.String(), all[int(standard)%len(all)], channels, hash); err != nil || again.String() != m.String() {
				t.Errorf("%q is read as %v, whose text is read as %v: %v", text, m, again, err)
			}
		})
	})
}

func FuzzRefresh(f *testing.F) {
	for _, text := range []string{"all-bank", "per-bank", "same-bank", "none", "", "ALL-BANK", "2x", "channel", "8-bank", "32", "bank-group, 8-bank", "95C: 2x, 105C: 4x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		simtest.Budget(t, func() {
			var r spec.Refresh
			if r.UnmarshalText([]byte(text)) == nil && r.String() != text {
				t.Errorf("%q is read as %v", text, r)
			}
			kept[spec.FineGranularity](t, text)
			kept[spec.WCK](t, text)
			kept[spec.BankMode](t, text)
			kept[spec.BurstLength](t, text)
			var modes, hot = spec.BankModes{}, spec.HotSteps{}
			if modes.UnmarshalText([]byte(text)) == nil && len(modes) == 0 || hot.UnmarshalText([]byte(text)) == nil && len(hot) == 0 {
				t.Errorf("%q is read as an empty list", text)
			}
		})
	})
}

// kept fails if what was read from a text has another text.
func kept[T fmt.Stringer, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, text string) {
	var v T
	if P(&v).UnmarshalText([]byte(text)) == nil && v.String() != text {
		t.Errorf("%q is read as %v", text, v)
	}
}

// Whatever bytes a file holds, reading it as a part ends in an error or in a part that is possible, that a mapping
// fits, and that is written as what is read as it; never in a panic. (Run it with -fuzzminimizetime 10x: its seeds are
// long.)
func FuzzPart(f *testing.F) {
	for _, name := range spec.Names() {
		shown, err := spec.MustLookupPart(name).Shown()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(shown)
		f.Add(bytes.Replace(shown, []byte("name: "), []byte("name: own "), 1))
	}
	for _, text := range []string{"base: lpddr5-6400\ndata_rate: 5500MT/s\ndensity: 32Gb\ntiming: {tRCD: 21ns, tCL: 15}\n", "base: hbm3e\ntCK: 0.25ns\n",
		"base: ddr5-6400\npage: 128B\nrows: 2\n", "base: ddr4-3200\nbank_groups: 1\nbanks: 1\ncomments: []\nwidth: 4\n", "base: x", "densities: {1Mb: {}}",
		"base: ddr4-3200\ncurrents: {devices: 8, data_rate: 3200MT/s, open_banks: all, VDD: {volts: 1.2V, IDD0: 57mA, IDD2N: 37mA, IDD3N: 52mA, IDD4R: 168mA, IDD4W: 150mA, IDD5: 250mA}}\n",
		"base: lpddr5-6400\ntiming: {tREFI: 1000ms, tRFC: 999ms}\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		simtest.Budget(t, func() {
			p, err := spec.ParsePart("fuzz.yaml", data)
			if err != nil {
				return
			}
			s := p.Standard(0)
			if err := s.Validate(); err != nil {
				t.Fatalf("accepted, but %v", err)
			}
			for _, mapping := range []string{spec.DefaultMapping(s, 2), spec.RowLocalMapping(s, 1), spec.RowLinearMapping(s, 1)} {
				_, _ = spec.ParseMapping(mapping, s, 1+strings.Count(mapping, "ch"), false) // an odd organisation may need one of its own
			}
			for _, d := range p.Densities() {
				p.Standard(d).Problem()
			}
			for _, o := range []spec.Operation{{BankMode: spec.Bank8}, {BurstLength: spec.Burst32}, {FineGranularity: spec.Fine2x, Temperature: 95},
				{FineGranularity: spec.Fine4x, BankMode: spec.Bank8}, {Temperature: 105, WCK: spec.WCKOfChannel, BurstLength: spec.Burst32}} {
				s := p.Standard(0)
				if faults := s.Operate(o, nil); len(faults) > 0 {
					continue
				}
				if err := s.Validate(); err != nil {
					t.Errorf("operated with %v: %v", o, err)
				}
				_, _ = spec.ParseMapping(spec.DefaultMapping(s, 2), s, 2, false)
			}
			p.Notes()
			shown, err := p.Shown()
			if err != nil {
				t.Fatal(err)
			}
			again, err := spec.ParsePart("shown.yaml", shown)
			if err != nil || again.Text() != p.Text() {
				t.Errorf("%v: read back as\n%s\nfrom\n%s", err, again.Text(), shown)
			}
		})
	})
}

func FuzzTime(f *testing.F) {
	for _, text := range []string{"15", "18ns", "3.9us", "0", "", "1fs", "999999999999999999999", "-1", "1e3ns"} {
		f.Add(text, int64(1_250_000))
	}
	f.Fuzz(func(t *testing.T, text string, tck int64) {
		simtest.Budget(t, func() {
			var x spec.Time
			if tck <= 0 || tck > 1e12 || x.UnmarshalText([]byte(text)) != nil {
				return
			}
			up, down := x.Clocks(unit.Femtoseconds(tck), 1, false), x.Clocks(unit.Femtoseconds(tck), 1, true)
			if up < 0 || down < 0 || up < down-1 {
				t.Errorf("%v of %d fs: %d up, %d down", x, tck, up, down)
			}
			var again spec.Time
			if err := again.UnmarshalText([]byte(x.String())); err != nil || again != x {
				t.Errorf("%q is read as %v, and that as %v", text, x, again)
			}
		})
	})
}
