package spec

import (
	"reflect"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestEveryTimingHasANameOfItsOwn(t *testing.T) {
	names := TimingNames()
	if len(names) > mostTimings {
		t.Errorf("%d timings; at most %d have room", len(names), mostTimings)
	}
	for i, name := range names {
		if name == "" || slices.Index(names, name) != i {
			t.Errorf("field %s is called %q", reflect.TypeFor[Timing]().Field(i).Name, name)
		}
	}
}

func TestTimesInClocks(t *testing.T) {
	for _, c := range []struct {
		text string
		tck  unit.Femtoseconds
		up   int64
		down int64
	}{
		{"15", 1_250_000, 15, 15},
		{"0", 1_250_000, 0, 0},
		{"18ns", 1_250_000, 15, 14}, // 14.4
		{"20ns", 1_250_000, 16, 16}, // 16.0
		{"3.9us", 312_500, 12480, 12480},
		{"350ns", 208_333, 1680, 1680},   // 1680.0 clocks of 208 1/3 ps, 1680.003 of 208.333
		{"350.1ns", 208_333, 1681, 1680}, // 1680.5
		{"1fs", 1_250_000, 1, 0},
	} {
		var x Time
		if err := x.UnmarshalText([]byte(c.text)); err != nil {
			t.Fatal(err)
		}
		if x.Clocks(c.tck, 1, false) != c.up || x.Clocks(c.tck, 1, true) != c.down || x.String() != c.text {
			t.Errorf("%s is %d or %d clocks of %v, and written as %v; want %d, %d", c.text, x.Clocks(c.tck, 1, false), x.Clocks(c.tck, 1, true), c.tck, x, c.up, c.down)
		}
	}
	for text, want := range map[string]string{
		"-3":         `"-3" is not a timing; accepted: a number of clocks such as 15, or a time such as "18ns" (fs ps ns us ms)`,
		"0ns":        `"0ns" is not a timing; accepted: more than 0 and at most a second, or a number of clocks`,
		"1073741825": `1073741825 clocks are too many; accepted: at most 1073741824`,
	} {
		var x Time
		simtest.WantError(t, x.UnmarshalText([]byte(text)), want)
	}
}

func TestWhatIsMadeOfChangedTimingsFollows(t *testing.T) {
	changed := func(name string, to map[string]string) Timing {
		t.Helper()
		s, c := MustLookup(name), Changes{}
		for timing, text := range to {
			if err := c[slices.Index(TimingNames(), timing)].UnmarshalText([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		s.Change(&c)
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
		return s.Timing
	}
	own := MustLookup("lpddr5-6400").Timing
	if got := changed("lpddr5-6400", map[string]string{"tRP": "20", "tRAS": "36"}); got.TRC != own.TRC+5+2 || got.TRPAB != own.TRPAB+5 {
		t.Errorf("tRC %d, tRPab %d", got.TRC, got.TRPAB)
	}
	if got := changed("lpddr5-6400", map[string]string{"tRP": "20", "tRC": "60", "tRPab": "21"}); got.TRC != 60 || got.TRPAB != 21 {
		t.Errorf("tRC %d, tRPab %d, which were given", got.TRC, got.TRPAB)
	}
	if got := changed("lpddr5-6400", map[string]string{"tREFI": "1.953us"}); got.TREFI != 1562 || got.TREFIPB != 195 {
		t.Errorf("tREFI %d, tREFIpb %d: half of 3125 and of 391", got.TREFI, got.TREFIPB)
	}
	if got := changed("hbm3-6400", nil); got != MustLookup("hbm3-6400").Timing {
		t.Errorf("nothing changed: %+v", got)
	}
}

func TestProblemsNameTimingsAsFilesDo(t *testing.T) {
	s := MustLookup("lpddr5-6400")
	s.Timing.TRRDL = 3
	text, about := s.Problem()
	if text != "tRRD_L 3, of one bank group, is shorter than tRRD_S 4" || !slices.Equal(about, []string{"timing.tRRD_L", "timing.tRRD_S"}) {
		t.Errorf("%q about %q", text, about)
	}
}
