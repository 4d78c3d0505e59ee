package config

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestShares(t *testing.T) {
	for text, want := range map[string]unit.Cycles{"1": 700, "1.0": 700, "0.5": 1400, "0.35": 2000, "0.3": 2334, "0.0001": 7_000_000} {
		var s Share
		if err := s.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := s.Of(700); got != want {
			t.Errorf("%s: 700 cycles become %d, want %d", text, got, want)
		}
		if got := s.String(); got != strings.TrimSuffix(text, ".0") {
			t.Errorf("%s is written %s", text, got)
		}
	}
	for _, text := range []string{"0", "-0.5", "1.1", "0.00001", "0.12345", "half", "", "NaN", "0x1p-1", "5e-1"} {
		if err := new(Share).UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "; accepted: a share above 0") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if got := Share(1).Of(1 << 60); got != 1<<61 {
		t.Errorf("more cycles than there can be: %d", got)
	}
}
