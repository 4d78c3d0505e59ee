package dram

import (
	"strings"
	"testing"
)

func TestHBMControllerRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*Standard)
		refresh Refresh
		want    string
	}{
		"per-bank refresh":           {func(*Standard) {}, PerBank, "per-bank refresh of HBM is not modelled; accepted: all-bank, none"},
		"one pseudo channel":         {func(s *Standard) { s.Ranks = 1 }, AllBank, "has 1 pseudo channels of 2 stacks of 4 x 4 banks"},
		"a timing that is zero":      {func(s *Standard) { s.Timing.TFAW = 0 }, AllBank, "timing TFAW is 0; must be positive"},
		"precharges on paired edges": {func(s *Standard) { s.Timing.TPPD = 1 }, AllBank, "TPPD is 1 half clocks; must be at least 2"},
		"eight bank groups":          {func(s *Standard) { s.Groups = 8 }, AllBank, "8 x 4 banks"},
		"four stack identifiers":     {func(s *Standard) { s.Stacks = 4 }, AllBank, "of 4 stacks"},
	} {
		t.Run(name, func(t *testing.T) {
			s := MustLookup("hbm3-6400")
			c.change(s)
			if _, err := newHBMController(s, c.refresh); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
