package replay

import (
	"math"
	"testing"
)

// The rows of a run are its result, pass by pass.
func TestRowsAddUpToTheResult(t *testing.T) {
	j := short(t, "edge-lpddr5", "llama-3.2-1b", "static:4>2@2", 40, 5)
	j.Batch = 2
	p, err := Prepare(j)
	if err != nil {
		t.Fatal(err)
	}
	rs, all, err := RunRows(t.Context(), []*Prepared{p}, Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	r, seconds, bytes, joules, bits := rs[0], 0.0, int64(0), 0.0, 0.0
	for i, row := range all[0] {
		times := 1
		if i == 0 {
			times = 2 // the prefill of each sequence
			if row.Position != 0 || row.WeightBits != 4 {
				t.Errorf("prefill: %+v", row)
			}
		} else if row.Position != 39+i || !row.Exact || *row.RowHits <= 0 || row.BoundBy == "" {
			t.Errorf("pass %d: %+v", i, row)
		} else {
			seconds, bits = seconds+row.Seconds, bits+row.WeightBits
		}
		bytes, joules = bytes+int64(times)*row.Bytes, joules+float64(times)*row.Joules
	}
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(b) }
	if len(all[0]) != 5 || !near(seconds, r.DecodeSeconds) || bytes != r.DRAMBytes || !near(joules, r.EnergyJoules) || !near(bits/4, r.AvgWeightBits) {
		t.Errorf("%d rows: %v s, %d bytes, %v J, %v bits; the result: %v s, %d bytes, %v J, %v bits", len(all[0]), seconds, bytes, joules, bits/4,
			r.DecodeSeconds, r.DRAMBytes, r.EnergyJoules, r.AvgWeightBits)
	}
}
