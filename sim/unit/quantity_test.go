package unit

import "testing"

func TestQuantitiesHaveTheirUnit(t *testing.T) {
	for text, want := range map[string]Measure{
		"64": {64, ""}, "-1": {-1, ""}, "1KiB": {1024, "B"}, "1kHz": {1000, "Hz"}, "2kB/s": {2000, "B/s"}, "12ns": {12e6, "fs"},
		"95C": {95, "C"}, "30%": {30, "%"}, "16Gb": {16384, "Mb"}, "512Mb": {512, "Mb"},
	} {
		if got, ok := Quantity(text); !ok || got != want {
			t.Errorf("%s: %v, %t", text, got, ok)
		}
	}
	for _, text := range []string{"", "C", "Gb", "16gb", "1.5Gb", "99999999Gb", "130%", "standard", "2x"} {
		if got, ok := Quantity(text); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}
