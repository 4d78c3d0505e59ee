package paper

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/paper/rows"
	"github.com/pmpdsim/pmpdsim/sim/replay"
)

func figure(t testing.TB) []Bar {
	t.Helper()
	bars, err := Figure()
	if err != nil {
		t.Fatal(err)
	}
	return bars
}

func preset(t testing.TB, name string) *config.Config {
	t.Helper()
	c, err := config.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func find(t testing.TB, panel, model string, s rows.Scheme) Bar {
	t.Helper()
	b, err := Find(figure(t), panel, model, s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func simulated(t testing.TB, npu string, bars []Bar, o Options) []rows.Bar {
	t.Helper()
	if o.Workers == 0 {
		o.Workers = 2
	}
	all, err := Run(t.Context(), preset(t, npu), bars, o)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheFigureHas32Bars(t *testing.T) {
	count := map[string]int{}
	for _, b := range figure(t) {
		count[b.Panel]++
		count[string(b.Scheme)]++
		if (b.Label == "") != (b.Scheme == rows.FP16) {
			t.Errorf("%s %s %s: label %q", b.Panel, b.Model, b.Scheme, b.Label)
		}
	}
	for name, want := range map[string]int{"CNN/DM": 12, "Dialogsum": 12, "IWSLT": 8, "fp16": 8, "uniform": 8, "static": 8, "learned": 8} {
		if count[name] != want {
			t.Errorf("%d bars of %s, want %d", count[name], name, want)
		}
	}
	t.Run("a bar that is not there is answered with those that are", func(t *testing.T) {
		_, err := Find(figure(t), "IWSLT", "Phi-1.5", rows.Static)
		if err == nil || !strings.Contains(err.Error(), "accepted: panel CNN/DM or cnn_dm, ") {
			t.Errorf("%v", err)
		}
	})
	t.Run("this program's names do, too", func(t *testing.T) {
		if b := find(t, "dialogsum", "phi-1.5", rows.Static); b.Published != 65.10 || b.Step != 11 || b.High != 4 || b.Low != 3 {
			t.Errorf("%+v", b)
		}
	})
}

// No factor is fitted: the machine has 32 GB/s and counts block linears and an 8-bit cache.
func TestThePublishedBars(t *testing.T) {
	bars := figure(t)
	if testing.Short() {
		bars = bars[16:20] // MobileLLaMA on DialogSum
	}
	all := simulated(t, NPU, bars, Options{})
	for _, r := range all {
		t.Logf("%-10s %-12s %-8s published %6.2f simulated %6.2f: %+.2f %%", r.Panel, r.Model, r.Scheme, r.Published, r.Simulated, *r.Residual)
		most := map[rows.Scheme]float64{rows.FP16: 1, rows.Uniform: 1, rows.Static: 2, rows.Learned: 1}[r.Scheme]
		if math.Abs(*r.Residual) > most {
			t.Errorf("%s %s %s: published %.2f, simulated %.2f", r.Panel, r.Model, r.Scheme, r.Published, r.Simulated)
		}
		if r.Inferred != (r.Scheme == rows.Learned) {
			t.Errorf("%s %s %s: inferred %v", r.Panel, r.Model, r.Scheme, r.Inferred)
		}
	}
	if testing.Short() {
		return
	}
	t.Run("inferred bars do not count in the residuals", func(t *testing.T) {
		if s := rows.Summarise(all, rows.Schemes()...); s.Bars != 24 {
			t.Errorf("%d bars", s.Bars)
		}
		if s := rows.Summarise(all, rows.Learned); s.Bars != 0 || s.RMS != 0 {
			t.Errorf("%+v", s)
		}
	})
	t.Run("the headline of the abstract holds", func(t *testing.T) {
		published, simulated := rows.Headlines(all)
		for _, x := range [][3]float64{{3.80, published.LeastFP16, simulated.LeastFP16}, {7.96, published.MostFP16, simulated.MostFP16},
			{1.53, published.MostUniform, simulated.MostUniform}} {
			if math.Abs(x[1]/x[0]-1) > 0.002 || math.Abs(x[2]/x[0]-1) > 0.02 {
				t.Errorf("want %.2f: published %.3f, simulated %.3f", x[0], x[1], x[2])
			}
		}
	})
}

// By hand, from the model's shape and the bandwidth: 24 layers of MobileLLaMA with four matrices of 2048 x 2048 and
// three of 2048 x 5632, a cache of 2 x 24 x 2048 bytes a token, read and, for the new token, written.
func TestBarsByHand(t *testing.T) {
	const (
		weights   = 24 * (4*2048*2048 + 3*2048*5632)
		cache     = 2 * 24 * 2048
		prompt    = 281
		tokens    = 33
		bandwidth = 32e9
	)
	seconds := func(from, to int, bits func(pass int) float64) float64 {
		bytes := 0.0
		for pass := from; pass <= to; pass++ {
			bytes += weights*bits(pass)/8 + cache*float64(prompt+pass-1+1)
		}
		return bytes / bandwidth
	}
	always := func(b float64) func(int) float64 { return func(int) float64 { return b } }
	some := []Bar{find(t, "Dialogsum", "MobileLLaMA", rows.FP16), find(t, "Dialogsum", "MobileLLaMA", rows.Uniform), find(t, "Dialogsum", "MobileLLaMA", rows.Static)}
	moved := some[2] // a switch behind the third decode pass, the second that counts
	moved.Step = 3
	want := []float64{
		tokens / seconds(1, tokens-1, always(16)),
		tokens / seconds(1, tokens-1, always(4)),
		tokens / seconds(2, tokens-1, always(3)), // the first pass has 4 bits, and does not count
		tokens / seconds(2, tokens-1, func(pass int) float64 {
			if pass <= 3 {
				return 4
			}
			return 3
		}),
	}
	for i, r := range simulated(t, NPU, append(some, moved), Options{}) {
		if math.Abs(r.Simulated/want[i]-1) > 0.007 { // first tiles in, last tiles out: 0.6 % of a pass of 15 ms
			t.Errorf("%s: %.3f tokens/s, by hand %.3f", r.Schedules, r.Simulated, want[i])
		}
	}
}

func TestLearnedSchedulesHaveTheAverageThatTheBarImplies(t *testing.T) {
	for _, b := range figure(t) {
		if b.Scheme != rows.Learned {
			continue
		}
		mix, err := b.schedules()
		if err != nil {
			t.Fatal(err)
		}
		bits, shares := 0.0, 0.0
		for _, p := range mix {
			if p.share < 0 || p.share > 1 || !slices.Contains([]int{0, b.Generated / 3, 2 * (b.Generated / 3), b.Generated}, p.schedule.Steps[0]) {
				t.Errorf("%s %s: %.2f of %s", b.Panel, b.Model, p.share, p.schedule)
			}
			mean, err := b.meanBits(p.schedule)
			if err != nil {
				t.Fatal(err)
			}
			bits += p.share * mean
			shares += p.share
		}
		if math.Abs(bits-b.MeanBits) > 1e-9 || math.Abs(shares-1) > 1e-12 {
			t.Errorf("%s %s: %.4f bits of %.3f sequences, want %.4f of 1", b.Panel, b.Model, bits, shares, b.MeanBits)
		}
	}
}

// The time of a pass grows with the cache all but linearly, so a few passes tell the others.
func TestSampledPassesAreAsGoodAsAll(t *testing.T) {
	if testing.Short() {
		t.Skip("every pass on a real memory: left to the full run")
	}
	for _, b := range []Bar{find(t, "Dialogsum", "MobileLLaMA", rows.Uniform), find(t, "CNN/DM", "Phi-1.5", rows.Static)} {
		var rates []float64
		for _, sampling := range []replay.Sampling{{}, sampled()} {
			times, err := simulate(t.Context(), preset(t, rows.Target), []Bar{b}, Options{Sampling: sampling, Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			rate, err := throughput(&b, times)
			if err != nil {
				t.Fatal(err)
			}
			rates = append(rates, rate)
		}
		off := 100 * (rates[1]/rates[0] - 1)
		t.Logf("%s %s %s: all %.4f tokens/s, sampled %.4f: %+.4f %%", b.Panel, b.Model, b.Scheme, rates[0], rates[1], off)
		if math.Abs(off) > 0.1 {
			t.Errorf("sampled passes are %+.3f %% off", off)
		}
	}
}

// sampled is what is asked of a real memory.
func sampled() replay.Sampling { return replay.Sampling{Tolerance: replay.DefaultTolerance} }

func TestRowsDoNotDependOnWorkers(t *testing.T) {
	var first []byte
	var sampling replay.Sampling
	if testing.Short() {
		sampling = sampled()
	}
	for _, workers := range []int{1, 2} {
		all := simulated(t, NPU, figure(t)[24:28], Options{Workers: workers, Sampling: sampling})
		data, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = data
		} else if !bytes.Equal(first, data) {
			t.Errorf("1 worker:\n%s\n%d workers:\n%s", first, workers, data)
		}
	}
}

func TestAnotherNPUHasNoResidual(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds of a real memory")
	}
	r := simulated(t, "edge-lpddr5", []Bar{find(t, "IWSLT", "MobileLLaMA", rows.Static)}, Options{Sampling: sampled()})[0]
	if r.Residual != nil || r.Published != 58.05 || r.NPU != "edge-lpddr5" || r.Simulated < 38 || r.Simulated > 50 {
		t.Errorf("%+v", r) // 51.2 GB/s instead of 32, less head, codebooks, refresh and dispatches
	}
}
