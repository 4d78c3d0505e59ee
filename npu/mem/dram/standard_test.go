package dram

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
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
			} else if channels > 1 && 1<<m.channelShift < minChannelRun {
				t.Errorf("%s: %s gives a channel runs of %d B", name, m, 1<<m.channelShift)
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
		"ddr4-3200": 8 * unit.GiB, "ddr5-6400": 8 * unit.GiB, "hbm2-2000": 2 * unit.GiB, "hbm2e": unit.GiB, "hbm3-6400": 512 * unit.MiB, "hbm3e": unit.GiB} {
		s, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.ChannelBytes(); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
}

func TestUnknownStandardIsRefusedWithTheAcceptedNames(t *testing.T) {
	_, err := Lookup("lpddr6")
	if err == nil || !strings.HasPrefix(err.Error(), `DRAM standard "lpddr6" is not known; accepted: ddr4-3200, ddr5-6400, `) {
		t.Errorf("error %v", err)
	}
}

func TestMappingsThatDoNotFitAreRefused(t *testing.T) {
	s := lpddr56400()
	for _, c := range []struct {
		text     string
		channels int
		want     string
	}{
		{"co2,xx1", 1, `DRAM mapping "co2,xx1": field "xx1" is not known; accepted: ch ra si bg ba ro co, each with a number of bits, such as "co2"`},
		{"co,bg2", 1, `DRAM mapping "co,bg2": "co" has no number of bits; accepted: 1 to 40, such as "co2"`},
		{"co5,bg2,ba2,ro16", 1, `DRAM mapping "co5,bg2,ba2,ro16": has 5 column bits (co); lpddr5-6400 has 6`},
		{"co6,bg2,ba2", 1, `DRAM mapping "co6,bg2,ba2": has 0 row bits; lpddr5-6400 has 1 to 16`},
		{"co6,bg2,ba2,ro16", 2, `DRAM mapping "co6,bg2,ba2,ro16": has 0 channel bits; 2 channels take 1 (ch1)`},
		{"ch1,co6,ch1,bg2,ba2,ro16", 4, `DRAM mapping "ch1,co6,ch1,bg2,ba2,ro16": the channel field appears twice; it must be one contiguous run of bits`},
		{"co6,bg2,ba2,ro16", 3, `DRAM mapping "co6,bg2,ba2,ro16": 3 channels; must be a power of two`},
	} {
		_, err := ParseMapping(c.text, s, c.channels, false)
		wantError(t, err, c.want)
	}
}

func TestMappingSplitsAddressesAsWritten(t *testing.T) {
	m, err := ParseMapping("co2,ch2,bg2,ba2,co4,ro16", lpddr56400(), 4, false)
	if err != nil {
		t.Fatal(err)
	}
	// row 5, column high 9, bank 2, group 3, channel 1, column low 2, byte 7
	address := int64(((((((5<<4|9)<<2|2)<<2|3)<<2|1)<<2 | 2) << 5) | 7)
	channel, local := m.Split(address)
	if want := int64((((((5<<4|9)<<2|2)<<2|3)<<2 | 2) << 5) | 7); channel != 1 || local != want {
		t.Errorf("channel %d local %#x, want 1 and %#x", channel, local, want)
	}
	if got, want := m.locate(local), (place{row: 5, bank: 3<<2 | 2, group: 3}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	h, err := ParseMapping("co2,ch2,bg2,ba2,co4,ro16", lpddr56400(), 4, true)
	if err != nil {
		t.Fatal(err)
	}
	// group 3 XOR row bits 01, bank 2 XOR row bits 01
	if got, want := h.locate(local), (place{row: 5, bank: 2<<2 | 3, group: 2}); got != want {
		t.Errorf("hashed: %+v, want %+v", got, want)
	}
}

func TestPerBankRefreshIsRefusedWhereThereIsNone(t *testing.T) {
	_, err := New(Options{Standard: ddr43200(), Channels: 1, Refresh: PerBank})
	wantError(t, err, `DRAM standard "ddr4-3200" has no per-bank refresh; accepted: all-bank, none`)
}

func TestUnknownRefreshPolicyIsRefusedWithTheAcceptedNames(t *testing.T) {
	var r Refresh
	wantError(t, r.UnmarshalText([]byte("sometimes")), `refresh policy "sometimes" is not known; accepted: all-bank, per-bank, none`)
	for _, want := range []Refresh{AllBank, PerBank, NoRefresh} {
		if err := r.UnmarshalText([]byte(want.String())); err != nil || r != want {
			t.Errorf("%v read as %v, %v", want, r, err)
		}
	}
}

// sample is how much a sequential read takes to show its efficiency.
func sample() unit.Bytes {
	if testing.Short() {
		return 8 * unit.MiB
	}
	return 64 * unit.MiB
}

// efficiency is the share of the peak that walks reach, one after the other.
func efficiency(t *testing.T, s *System, walks []isa.Pattern) float64 {
	t.Helper()
	s.Reset()
	var bytes unit.Bytes
	for i, w := range walks {
		s.Submit(Transfer{ID: int64(i), Walk: w})
		bytes += w.Bytes()
	}
	done := s.Settle()
	clocks := done[len(done)-1].Clock
	std := s.options.Standard
	perClock := float64(std.Burst) / float64(std.Timing.TBL) * float64(s.options.Channels)
	return 100 * float64(bytes) / (float64(clocks) * perClock)
}

func TestSequentialReadsReachWhatTheReferencesReach(t *testing.T) {
	whole := []isa.Pattern{isa.Contiguous(0, sample())}
	for _, c := range []struct {
		name, standard, mapping string
		refresh                 Refresh
		want, within            float64
	}{
		{"LPDDR4X-4266, DRAMsim3 91.51 %", "lpddr4x-4266", "co2,ba3,co4,ro16", AllBank, 91.51, 1.5},
		{"LPDDR4X-4266 row-linear, DRAMsim3 91.51 %", "lpddr4x-4266", "co6,ba3,ro16", AllBank, 91.51, 1.5},
		{"LPDDR5-6400, DRAMsim3 90.50 %", "lpddr5-6400", "co1,bg2,co5,ba2,ro16", AllBank, 90.50, 1.5},
		{"DDR4-3200, DRAMsim3 95.0 %", "ddr4-3200", "bg2,co7,ba2,ro16", AllBank, 95.0, 1.5},
		{"LPDDR5-6400 without refresh, all of it", "lpddr5-6400", "", NoRefresh, 100, 0.1},
		{"LPDDR5X-8533 without refresh, all of it", "lpddr5x-8533", "", NoRefresh, 100, 0.1},
		{"LPDDR4X-4266 without refresh, all of it", "lpddr4x-4266", "", NoRefresh, 100, 0.1},
		{"DDR4-3200 without refresh, all of it", "ddr4-3200", "", NoRefresh, 100, 0.1},
		{"DDR5-6400 without refresh, all of it", "ddr5-6400", "", NoRefresh, 100, 0.1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustNew(t, Options{Channels: 1, Mapping: c.mapping, Refresh: c.refresh}, c.standard)
			got := efficiency(t, s, whole)
			t.Logf("%.2f %%", got)
			if math.Abs(got-c.want) > c.within {
				t.Errorf("%.2f %% of the peak, want %.2f ± %.2f", got, c.want, c.within)
			}
		})
	}
}

func TestRefreshCostsAtLeastItsOwnTime(t *testing.T) {
	for _, name := range []string{"lpddr5-6400", "lpddr5x-8533", "lpddr4x-4266", "ddr4-3200", "ddr5-6400"} {
		s := mustNew(t, Options{Channels: 1}, name)
		tm := s.options.Standard.Timing
		bound := 100 * (1 - float64(tm.TRFC)/float64(tm.TREFI))
		got := efficiency(t, s, []isa.Pattern{isa.Contiguous(0, sample())})
		t.Logf("%s: %.2f %% of at most %.2f %%", name, got, bound)
		if got > bound+0.05 || got < bound-6 {
			t.Errorf("%s: %.2f %% of the peak; 1 - tRFC/tREFI is %.2f %%", name, got, bound)
		}
	}
}
