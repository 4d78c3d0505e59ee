package spec

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestEveryPresetIsValidAndCited(t *testing.T) {
	names := Names()
	if !slices.IsSorted(names) {
		t.Errorf("names are not sorted: %v", names)
	}
	for _, name := range names {
		s, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
		for channels := 1; channels <= 16; channels *= 2 {
			m, err := ParseMapping(DefaultMapping(s, channels), s, channels, false)
			if err != nil {
				t.Errorf("default mapping: %v", err)
			} else if channels > 1 && 1<<m.pieces[0].shift < minChannelRun {
				t.Errorf("%s: %s gives a channel runs of %d B", name, m, 1<<m.pieces[0].shift)
			}
		}
	}
}

func TestPeakIsThatOfTheDataPins(t *testing.T) {
	for _, c := range []struct {
		name     string
		channels int
		want     float64 // GB/s
	}{{"lpddr5-6400", 4, 51.2}, {"lpddr4x-4266", 4, 34.1333}, {"lpddr5x-8533", 2, 34.1333}, {"ddr4-3200", 1, 25.6}, {"ddr5-6400", 2, 51.2},
		{"hbm2-2000", 8, 256}, {"hbm2e", 8, 409.6}, {"hbm3-6400", 16, 819.2}, {"hbm3e", 16, 1228.802}} { // the last: 1.6 ppm fast
		s, err := Lookup(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if got := float64(s.PeakBytesPerSecond(c.channels)) / 1e9; math.Abs(got-c.want) > 1e-3 {
			t.Errorf("%s ×%d: %.4f GB/s, want %.4f", c.name, c.channels, got, c.want)
		}
	}
}

func TestCapacityOfAChannel(t *testing.T) {
	for name, want := range map[string]unit.Bytes{"lpddr4x-4266": unit.GiB, "lpddr5-6400": 2 * unit.GiB, "lpddr5x-8533": 2 * unit.GiB,
		"ddr4-3200": 8 * unit.GiB, "ddr5-6400": 8 * unit.GiB, "hbm2-2000": 512 * unit.MiB, "hbm2e": unit.GiB, "hbm3-6400": unit.GiB, "hbm3e": unit.GiB,
		Ramulator + "hbm2-2000": 2 * unit.GiB, Ramulator + "hbm3-6400": 512 * unit.MiB} {
		s, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.ChannelBytes(); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestRefreshTakesWhatTheDensityAsksFor: tRFC in ns by the Gb of a channel (HBM), of a rank (LPDDR) or of a device
// (DDR), from JEDEC's standards (docs/sources.md E.1).
func TestRefreshTakesWhatTheDensityAsksFor(t *testing.T) {
	hbm := map[unit.Bytes]int64{4: 260, 8: 350, 16: 450}
	lpddr5 := map[unit.Bytes]int64{2: 130, 4: 180, 8: 210, 16: 280, 32: 380}
	times := map[string]map[unit.Bytes]int64{"hbm2-2000": hbm, "hbm2e": hbm, "hbm3-6400": hbm, "hbm3e": hbm, "lpddr5-6400": lpddr5,
		"lpddr5x-8533": lpddr5, "lpddr4x-4266": {4: 180, 8: 280, 16: 380}, "ddr4-3200": {4: 260, 8: 350, 16: 550}, "ddr5-6400": {8: 195, 16: 295, 32: 410}}
	for _, s := range append(All(), ramulatorLPDDR5(), ramulatorHBM3()) { // its DDR4 and HBM2 do not keep to it
		devices := unit.Bytes(1)
		if strings.HasPrefix(s.Name, "ddr") {
			devices = unit.Bytes(s.Width / 8) // x8
		}
		density := s.ChannelBytes() * 8 / devices / unit.GiB
		of, known := times[strings.TrimPrefix(s.Name, Ramulator)]
		if !known {
			t.Logf("%s: no table of tRFC by density", s.Name)
			continue
		}
		ns := of[density]
		clocks := (ns*1_000_000 + int64(s.TCK) - 1) / int64(s.TCK)
		if off := s.Timing.TRFC - clocks; ns == 0 || off < -1 || off > 1 {
			t.Errorf("%s: tRFC is %d clocks; %d Gb take %d ns, %d clocks", s.Name, s.Timing.TRFC, density, ns, clocks)
		}
	}
}

func TestUnknownStandardIsRefusedWithTheAcceptedNames(t *testing.T) {
	_, err := Lookup("lpddr6")
	if err == nil || !strings.HasPrefix(err.Error(), `DRAM standard "lpddr6" is not known; accepted: lpddr4x-4266, lpddr5-6400, `) {
		t.Errorf("error %v", err)
	}
}

func TestMappingsThatDoNotFitAreRefused(t *testing.T) {
	s := MustLookup("lpddr5-6400")
	for _, c := range []struct {
		text     string
		channels int
		want     string
	}{
		{"co2,xx1", 1, `DRAM mapping "co2,xx1": field "xx1" is not known; accepted: ch ra si bg ba ro co, each with a number of bits, such as "co2"`},
		{"co,bg2", 1, `DRAM mapping "co,bg2": "co" has no number of bits; accepted: 1 to 40, such as "co2"`},
		{"co5,bg2,ba2,ro16", 1, `DRAM mapping "co5,bg2,ba2,ro16": has 5 column bits (co); lpddr5-6400 has 6`},
		{"co6,bg2,ba2", 1, `DRAM mapping "co6,bg2,ba2": has 0 row bits; lpddr5-6400 has 1 to 16`},
		{"co6,bg2,ba2,ro16", 2, `DRAM mapping "co6,bg2,ba2,ro16": tells 1 channels apart; accepted: channel fields for 2, such as ch1`},
		{"ch1,co6,ch1,bg2,ba2,ro16", 2, `DRAM mapping "ch1,co6,ch1,bg2,ba2,ro16": tells 4 channels apart; accepted: channel fields for 2, such as ch1`},
		{"ch1,co1,ch1,co1,ch1,co1,ch1,co1,ch1,co1,ch1,bg1,ch1,bg1,ch1,ba1,ch1,ba1,co1,ro16", 512,
			`DRAM mapping "ch1,co1,ch1,co1,ch1,co1,ch1,co1,ch1,co1,ch1,bg1,ch1,bg1,ch1,ba1,ch1,ba1,co1,ro16": has the channel field in 9 pieces; at most 8 are modelled`},
		{"co6,bg2,ba2,ro16", 2048, `DRAM mapping "co6,bg2,ba2,ro16": 2048 channels; accepted: 1 to 1024`},
		{"co6,bg2,ba2,ro16", 3, `DRAM mapping "co6,bg2,ba2,ro16": tells 1 channels apart; accepted: channel fields for 3, such as ch%3`},
	} {
		_, err := ParseMapping(c.text, s, c.channels, false)
		simtest.WantError(t, err, c.want)
	}
}

func TestMappingSplitsAddressesAsWritten(t *testing.T) {
	m, err := ParseMapping("co2,ch2,bg2,ba2,co4,ro16", MustLookup("lpddr5-6400"), 4, false)
	if err != nil {
		t.Fatal(err)
	}
	// row 5, column high 9, bank 2, group 3, channel 1, column low 2, byte 7
	address := int64(((((((5<<4|9)<<2|2)<<2|3)<<2|1)<<2 | 2) << 5) | 7)
	channel, local := m.Split(address)
	if want := int64((((((5<<4|9)<<2|2)<<2|3)<<2 | 2) << 5) | 7); channel != 1 || local != want {
		t.Errorf("channel %d local %#x, want 1 and %#x", channel, local, want)
	}
	if got, want := m.Locate(local), (Place{Row: 5, Column: 9<<2 | 2, Bank: 3<<2 | 2, Group: 3}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	h, err := ParseMapping("co2,ch2,bg2,ba2,co4,ro16", MustLookup("lpddr5-6400"), 4, true)
	if err != nil {
		t.Fatal(err)
	}
	// group 3 XOR row bits 01, bank 2 XOR row bits 01
	if got, want := h.Locate(local), (Place{Row: 5, Column: 9<<2 | 2, Bank: 2<<2 | 3, Group: 2}); got != want {
		t.Errorf("hashed: %+v, want %+v", got, want)
	}
}

func TestUnknownRefreshPolicyIsRefusedWithTheAcceptedNames(t *testing.T) {
	var r Refresh
	simtest.WantError(t, r.UnmarshalText([]byte("sometimes")), `refresh policy "sometimes" is not known; accepted: all-bank, per-bank, same-bank, none`)
	for _, want := range []Refresh{AllBank, PerBank, NoRefresh} {
		if err := r.UnmarshalText([]byte(want.String())); err != nil || r != want {
			t.Errorf("%v read as %v, %v", want, r, err)
		}
	}
}

func TestHBMPresetsAreValid(t *testing.T) {
	for std, peak := range map[*Standard]int64{MustLookup("hbm2-2000"): 32_000_000_000, MustLookup("hbm3-6400"): 51_200_000_000} {
		t.Run(std.Name, func(t *testing.T) {
			if err := std.Validate(); err != nil {
				t.Error(err)
			}
			if got := int64(std.Width) / 8 * 2 * peakClocks(std); got != peak {
				t.Errorf("the pins carry %d B/s, want %d", got, peak)
			}
		})
	}
}

// peakClocks is the number of data transfers per pin and second, halved: both edges of the data clock carry data.
func peakClocks(s *Standard) int64 {
	perBurst := int64(s.Burst) * 8 / int64(s.Width/PseudoChannels) // transfers of a pin
	return perBurst * 1_000_000_000_000_000 / (s.Timing.TBL * int64(s.TCK)) / 2
}
