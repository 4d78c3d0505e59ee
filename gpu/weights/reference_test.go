package weights_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

// quantisedRow is a row as testdata/quantise/reference.py quantises it, which compares every way to cut it.
type quantisedRow struct {
	Name          string
	Seed          int
	Tied          bool // several ways are equally good
	Row           []uint16
	Sensitivities []float32
	Codes         []uint8           // of 8 bits
	Tables        map[int][]*uint16 // nil: no value has the code
	Errors        map[int]float64
}

func TestQuantiserEqualsTheReference(t *testing.T) {
	data, err := os.ReadFile("testdata/quantise/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []quantisedRow
	if err := json.Unmarshal(data, &rows); err != nil || len(rows) != 32 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		m := &weights.Matrix{Out: 1, In: len(r.Row), Half: r.Row}
		if err := m.Quantise(weights.QuantiseOptions{Seed: r.Seed, Sensitivities: r.Sensitivities}); err != nil {
			t.Errorf("%s: %v", r.Name, err)
			continue
		}
		if got := codesOf(m, 0, weights.Planes); !r.Tied && !slices.Equal(got, r.Codes) {
			t.Errorf("%s: codes\n%v\nwant\n%v", r.Name, got, r.Codes)
		}
		for n := weights.MinBits; n <= weights.Planes; n++ {
			if got, want := r.weighed(m, n), r.Errors[n]; math.Abs(got-want) > 1e-6*want+1e-12*r.Errors[2] {
				t.Errorf("%s: weighed squared error %g with %d bits, want %g", r.Name, got, n, want)
			}
			for c, want := range r.Tables[n] {
				if got := m.Tables[n][c]; !r.Tied && want != nil && got != *want {
					t.Errorf("%s: code %d of %d bits is %g, want %g", r.Name, c, n, value(got), value(*want))
				}
			}
		}
	}
}

// weighed is the squared error of a row about the weighed means of its clusters.
func (r *quantisedRow) weighed(m *weights.Matrix, bits int) (sum float64) {
	say := func(i int) float64 {
		if slices.Max(append([]float32{0}, r.Sensitivities...)) == 0 {
			return 1
		}
		return float64(r.Sensitivities[i])
	}
	codes := codesOf(m, 0, bits)
	mass, moment := make([]float64, 1<<bits), make([]float64, 1<<bits)
	for i, c := range codes {
		mass[c], moment[c] = mass[c]+say(i), moment[c]+say(i)*value(r.Row[i])
	}
	for i, c := range codes {
		d := value(r.Row[i]) - moment[c]/mass[c]
		sum += say(i) * d * d
	}
	return sum
}
