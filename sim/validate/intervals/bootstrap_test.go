package intervals

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// drawn returns clusters of three points each: normal errors of clusters, and of points within them.
func drawn(r *rand.Rand, n int, between, within float64) (all []cluster) {
	for i := range n {
		c := cluster{name: fmt.Sprint(i)}
		at := between * r.NormFloat64()
		for range 3 {
			c.logs = append(c.logs, at+within*r.NormFloat64())
		}
		all = append(all, c)
	}
	return all
}

// Of many sets of clusters whose distribution is known, a further point lies within about as often as is said.
func TestIntervalsHoldWhatTheySay(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const sets, further, between, within = 60, 200, 0.3, 0.1
	in := 0
	for range sets {
		i := bootstrap(drawn(r, 10, between, within))
		for _, c := range drawn(r, further, between, within) {
			if i.holds(math.Exp(c.logs[0])) {
				in++
			}
		}
	}
	if share := float64(in) / (sets * further); math.Abs(share-Share) > 0.04 {
		t.Errorf("%.3f of the points are within, want %v", share, Share)
	}
}

func TestIntervalsMoveWithTheErrors(t *testing.T) {
	all := drawn(rand.New(rand.NewPCG(3, 4)), 8, 0.3, 0.1)
	a := bootstrap(all)
	if again := bootstrap(all); a != again {
		t.Errorf("%v, then %v", a, again)
	}
	for _, c := range all {
		for i := range c.logs {
			c.logs[i] += math.Log(2)
		}
	}
	if b := bootstrap(all); math.Abs(b.Low/a.Low-2) > 0.01 || math.Abs(b.High/a.High-2) > 0.01 {
		t.Errorf("%v, with errors twice as large %v", a, b)
	}
}

// Errors that all machines share do not count where two are compared.
func TestWhatTwoMachinesShareCancels(t *testing.T) {
	all := []cluster{{"a", "graph", []float64{1, 1.01}}, {"b", "graph", []float64{1.2, 1.21}}, {"c", "per-op", []float64{3, 3.01}}}
	for p, most := range map[Pair]float64{SameMachine: 0.0101, SameClass: 0.2101, Others: 2.0101} {
		d := differences(all, p)
		if len(d) != Draws || math.Abs(d[0]+most) > 0.0002 || math.Abs(d[Draws-1]-most) > 0.0002 {
			t.Errorf("pair %d: %d draws, %v to %v, want %v", p, len(d), d[0], d[len(d)-1], most)
		}
	}
	d := differences(all, SameMachine)
	if s := faster(d, 1.05); s != 1 {
		t.Errorf("faster in %v of the draws, want all", s)
	}
	if s := faster(d, 1); math.Abs(s-0.5) > 0.02 {
		t.Errorf("as fast: faster in %v of the draws, want half", s)
	}
	if n := needed(d, Share); n != 1.02 {
		t.Errorf("a ratio of %v is needed, want 1.02", n)
	}
	if d := differences(all[:1], Others); len(d) != 0 {
		t.Errorf("%d draws of one device", len(d))
	}
}

// docs/validation.md says what the intervals are, how often they hold, and how sure a comparison is.
func TestTheDocumentSaysWhatTheIntervalsAre(t *testing.T) {
	text, err := os.ReadFile("../../../docs/validation.md")
	if err != nil {
		t.Fatal(err)
	}
	all := Embedded()
	var lines []string
	for _, q := range []struct {
		name string
		of   quantity
	}{{"decode", decode}, {"prefill", prefill}} {
		d := devices(all, unfitted, q.of)
		lines = append(lines, coverageLine("others", q.name, d))
		for _, c := range d {
			if m := models(all, c.name, q.of); len(m) >= leastModels && devicePresetOf(t, c.name) {
				lines = append(lines, coverageLine("`"+c.name+"`", q.name, m))
			}
		}
	}
	d := devices(all, unfitted, decode)
	p := devices(all, unfitted, prefill)
	for _, ratio := range []float64{1.05, 1.1, 1.25, 1.5, 2, 3} {
		line := fmt.Sprintf("| %v |", ratio)
		for _, of := range [][]cluster{d, p} {
			for _, pair := range []Pair{SameMachine, SameClass, Others} {
				line += fmt.Sprintf(" %.0f %% |", 100*faster(differences(of, pair), ratio))
			}
		}
		lines = append(lines, line)
	}
	for _, device := range []string{"rk3576", "ax650n"} {
		ratios := speedUps(all, device, own)
		lines = append(lines, fmt.Sprintf("%d on `%s`, %.2f to %.2f", len(ratios), device, slices.Min(ratios), slices.Max(ratios)))
	}
	if n := len(speedUps(all, "rk3576", own)) + len(speedUps(all, "ax650n", own)); n != len(speedUps(all, "", own)) {
		t.Errorf("there are pairs on other devices, too: %d", n)
	}
	for _, line := range lines {
		if !strings.Contains(string(text), line) {
			t.Errorf("docs/validation.md does not have\n%s", line)
		}
	}
}

// coverageLine is the row of the document's table of intervals.
func coverageLine(name, what string, all []cluster) string {
	in, of, mean := 0, 0, 0.0
	for _, c := range leaveOut(all) {
		in, of = in+c.in, of+c.of
		mean += float64(c.in) / float64(c.of)
	}
	i := bootstrap(all)
	return fmt.Sprintf("| %s | %s | %d, %d | %.2f to %.2f | %.0f %%, %.0f %% |", name, what, of, len(all), i.Low, i.High, 100*float64(in)/float64(of),
		100*mean/float64(len(all)))
}
