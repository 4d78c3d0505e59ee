package spec

import (
	"encoding/json"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// The presets that tests change.
func lpddr56400() *Standard { return MustLookup("lpddr5-6400") }
func ddr43200() *Standard   { return MustLookup("ddr4-3200") }
func ddr56400() *Standard   { return MustLookup("ddr5-6400") }
func hbm3() *Standard       { return MustLookup("hbm3-6400") }

// TestPresets holds every value of the parts that machines use. A change of one is a changed result.
func TestPresets(t *testing.T) {
	data, err := json.MarshalIndent(append(All(), Fixtures()...), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	simtest.Golden(t, "testdata/presets.json", append(data, '\n'))
}
