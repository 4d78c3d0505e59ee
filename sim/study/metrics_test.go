package study_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

// TestMetricsAreWhatResultsSay writes a result in which every number is another, and looks for each metric's below its key.
func TestMetricsAreWhatResultsSay(t *testing.T) {
	fp16, uniform := 3.5, 1.25
	r := &result.Result{TokensPerSecond: 11, TokensPerJoule: 12, EnergyPerToken: 13, SpeedupFP16: &fp16, SpeedupUniform: &uniform, TTFTSeconds: 14,
		TPOTSeconds: 15, DRAMBytesPerToken: 16, DRAMEfficiency: 17, RowHitRate: new(18.0), ArrayUtilisation: 19, AvgWeightBits: 20, AreaMM2: 21}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var written map[string]any
	if err := json.Unmarshal(data, &written); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range study.Metrics() {
		v, ok := m.Of(r)
		if !ok || written[m.Key] != v || v == 0 {
			t.Errorf("%s is %v (%v), the result says %v", m.Key, v, ok, written[m.Key])
		}
		if scaled, _ := m.Scaled(r); scaled != v*m.Scale || m.Scale == 0 {
			t.Errorf("%s in %s is %v, want %v", m.Key, m.Unit, scaled, v*m.Scale)
		}
		for _, text := range []string{m.Title, m.Name, m.Axis, m.Unit} {
			if text == "" {
				t.Errorf("%s lacks a text", m.Key)
			}
		}
		if seen[m.Key] {
			t.Errorf("%s is there twice", m.Key)
		}
		seen[m.Key] = true
		if same, err := study.MetricOf(m.Key); err != nil || same.Title != m.Title {
			t.Errorf("MetricOf(%s) is %q, %v", m.Key, same.Title, err)
		}
	}
	if _, ok := study.SpeedupFP16().Of(&result.Result{}); ok {
		t.Error("a result without its baseline has a speed-up")
	}
	if _, err := study.MetricOf("beauty"); err == nil || !strings.HasPrefix(err.Error(), "--value beauty: no number of a result; accepted: tokens_per_second, ") {
		t.Errorf("error %v", err)
	}
}

// TestFrontsAreWhatNoneBeats compares fronts of two and of three metrics with their definition.
func TestFrontsAreWhatNoneBeats(t *testing.T) {
	metrics := []study.Metric{study.TokensPerSecond(), study.Area(), study.EnergyPerToken()}
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 400 {
		some := metrics[:2+n%2]
		var all []*result.Result
		for range 1 + r.IntN(12) {
			all = append(all, &result.Result{Model: fmt.Sprint(r.IntN(2)), TokensPerSecond: float64(r.IntN(5)), AreaMM2: float64(r.IntN(5)),
				EnergyPerToken: float64(r.IntN(3)), Fits: r.IntN(4) > 0})
		}
		better := func(m study.Metric, a, b *result.Result) bool {
			x, _ := m.Of(a)
			y, _ := m.Of(b)
			return m.Better == study.More && x > y || m.Better == study.Less && x < y
		}
		got := study.Front(all, func(r *result.Result) *result.Result { return r }, func(r *result.Result) string { return r.Model }, some...)
		var want []*result.Result
		for _, a := range all {
			beaten := !a.Fits || slices.ContainsFunc(all, func(b *result.Result) bool {
				return b.Fits && b.Model == a.Model && slices.ContainsFunc(some, func(m study.Metric) bool { return better(m, b, a) }) &&
					!slices.ContainsFunc(some, func(m study.Metric) bool { return better(m, a, b) })
			})
			if !beaten {
				want = append(want, a)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("of %d results %d are on the front, want %d", len(all), len(got), len(want))
		}
	}
	t.Run("what lacks a metric is on no front", func(t *testing.T) {
		x := 2.0
		all := []*result.Result{{TokensPerSecond: 9, Fits: true}, {TokensPerSecond: 1, SpeedupFP16: &x, Fits: true}}
		got := study.Front(all, func(r *result.Result) *result.Result { return r }, func(*result.Result) string { return "" },
			study.TokensPerSecond(), study.SpeedupFP16())
		if len(got) != 1 || got[0] != all[1] {
			t.Errorf("front %v", got)
		}
	})
	t.Run("other workloads are no rivals", func(t *testing.T) {
		s := read(t, rate("n", "fp16", 5, 1), rate("n", "uniform:4", 9, 1), strings.Replace(rate("n", "fp16", 1, 2), "phi-1.5", "other", 1))
		var got []string
		for _, o := range s.Front(study.TokensPerSecond(), study.EnergyPerToken()) {
			got = append(got, o.Model+" "+o.Schedule)
		}
		if want := []string{"phi-1.5 uniform:4", "other fp16"}; !slices.Equal(got, want) {
			t.Errorf("front %q, want %q", got, want)
		}
	})
}
