package controller

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

func TestHBMControllerRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*spec.Standard)
		refresh spec.Refresh
		want    string
	}{
		"one pseudo channel":         {func(s *spec.Standard) { s.Ranks = 1 }, spec.AllBank, "has 1 pseudo channels of 2 stacks of 4 x 4 banks"},
		"a timing that is zero":      {func(s *spec.Standard) { s.Timing.TFAW = 0 }, spec.AllBank, "timing TFAW is 0; accepted: 1 or more"},
		"precharges on paired edges": {func(s *spec.Standard) { s.Timing.TPPD = 1 }, spec.AllBank, "TPPD is 1 half clocks; accepted: 2 or more"},
		"eight bank groups":          {func(s *spec.Standard) { s.Groups = 8 }, spec.AllBank, "8 x 4 banks"},
		"four stack identifiers":     {func(s *spec.Standard) { s.Stacks = 4 }, spec.AllBank, "of 4 stacks"},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec.MustLookup("hbm3-6400")
			c.change(s)
			if _, err := newHBMController(s, Options{Refresh: c.refresh}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
