package views

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/validate/rows"
)

// A device of which nothing could be predicted has no errors, not errors of 0.
func TestDevicesWithoutPredictions(t *testing.T) {
	var b strings.Builder
	if err := DevicesTable(&b, []rows.Row{{Device: "chip", Model: "m", MeasuredDecode: 10}}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	want := []string{"chip", "0", "-", "-", "-", "-", "-", "-", "0", "-", "-"}
	if got := strings.Fields(lines[len(lines)-1]); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %q, want %q", got, want)
	}
}
