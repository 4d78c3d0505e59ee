package intervals

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
	"github.com/pmpdsim/pmpdsim/sim/validate"
	"github.com/pmpdsim/pmpdsim/sim/validate/rows"
)

// predicted returns the points of some measurements, as they are predicted today. Models are left out of the devices that
// leaveOut names.
func predicted(t *testing.T, all []validate.Measurement, leaveOut func(npu string) bool) []Point {
	t.Helper()
	plain, err := validate.New(validate.Options{Unfitted: true, Workers: 2}).Predict(t.Context(), all, nil)
	if err != nil {
		t.Fatal(err)
	}
	left := make([]rows.Row, len(all))
	for _, npu := range []string{"rk3588", "rk3576", "ax650n", "sd-8-elite", "amd-kraken-xdna2"} {
		var some []validate.Measurement
		var at []int
		for i, m := range all {
			if validate.Slug(m.Device) == npu && leaveOut(npu) {
				some, at = append(some, m), append(at, i)
			}
		}
		if len(some) == 0 {
			continue
		}
		r, err := validate.New(validate.Options{Workers: 2}).FitAndPredict(t.Context(), some, validate.Free, true)
		if err != nil {
			t.Fatal(err)
		}
		for j, row := range r.Rows {
			left[at[j]] = row
		}
	}
	return points(t, plain, left)
}

// points puts rows with the defaults and rows of models that were left out beside each other.
func points(t *testing.T, plain, left []rows.Row) (out []Point) {
	t.Helper()
	for i, r := range plain {
		c, err := config.Preset(validate.Slug(r.Device))
		if err != nil {
			t.Fatal(err)
		}
		p := Point{NPU: c.Name, Config: c.Fingerprint(), Class: c.Runtime.Class, Model: r.Model, Bits: r.WeightBits, Group: r.GroupSize, Prompt: r.Prompt,
			Excluded: r.Excluded != "", Unfitted: speeds(&r)}
		if left[i].HeldOut {
			p.LeftOut = speeds(&left[i])
		}
		out = append(out, p)
	}
	return out
}

func speeds(r *rows.Row) (s Speeds) {
	if r.DecodeError != nil {
		s.Decode = 1 / (1 + *r.DecodeError/100)
	}
	if r.PrefillError != nil {
		s.Prefill = 1 / (1 + *r.PrefillError/100)
	}
	return s
}

func written(t *testing.T, all []Point) []byte {
	t.Helper()
	records := [][]string{strings.Split(head, ",")}
	for i := range all {
		records = append(records, all[i].record())
	}
	var b bytes.Buffer
	if err := sheet.Write(&b, records); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestErrorsAreThoseOfThePredictions(t *testing.T) {
	if simtest.Long() || simtest.Update() {
		known := Embedded()
		leaveOut := func(npu string) bool { // an update adds the others
			return simtest.Update() || slices.ContainsFunc(known, func(p Point) bool { return p.NPU == npu && p.LeftOut != (Speeds{}) })
		}
		simtest.Golden(t, "errors.csv", written(t, predicted(t, validate.Embedded(), leaveOut)))
		return
	}
	if testing.Short() {
		t.Skip("simulates seconds")
	}
	some := slices.DeleteFunc(validate.Embedded(), func(m validate.Measurement) bool {
		return m.Device != "Lunar Lake NPU4" && m.Device != "SD 8 Gen 3"
	})
	known := slices.DeleteFunc(Embedded(), func(p Point) bool { return p.NPU != "lunar-lake-npu4" && p.NPU != "sd-8-gen-3" })
	if got, want := written(t, predicted(t, some, func(string) bool { return false })), written(t, known); !bytes.Equal(got, want) {
		t.Errorf("got\n%swant\n%s-update writes all of them anew (minutes)", got, want)
	}
}

// A preset that has changed needs new errors.
func TestErrorsAreOfThePresetsAsTheyAre(t *testing.T) {
	all := Embedded()
	if got, want := len(all), len(validate.Embedded()); got != want {
		t.Errorf("%d points of %d measurements; -update writes them anew", got, want)
	}
	for i, m := range validate.Embedded()[:min(len(all), len(validate.Embedded()))] {
		p := all[i]
		c, err := config.Preset(validate.Slug(m.Device))
		if err != nil {
			t.Fatal(err)
		}
		if p.NPU != c.Name || p.Model != m.Model || p.Bits != m.Bits || p.Group != m.Group || p.Prompt != m.Prompt || p.Excluded != (m.Excluded != "") {
			t.Errorf("point %d is %+v, the measurement %+v; -update writes them anew", i+1, p, m)
		}
		if p.Config != c.Fingerprint() || p.Class != c.Runtime.Class {
			t.Errorf("%s has changed since its errors were written; -update writes them anew (minutes)", c.Name)
		}
	}
}
