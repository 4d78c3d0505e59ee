package eval

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
)

// oracle is what testdata/measures.py wrote: rouge-score's and NumPy's numbers.
type oracle struct {
	Rouge []struct {
		Reference, Continuation []int
		F                       float64
	}
	KL []struct {
		P, Q       []float32
		Nats       float64
		BitsOfLast float64 `json:"bits_of_last"`
	}
	Intervals []struct {
		Values          []float64
		Mean, Low, High float64
	}
}

func oracles(t *testing.T) (o oracle) {
	t.Helper()
	data, err := os.ReadFile("testdata/measures.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	if len(o.Rouge) == 0 || len(o.KL) == 0 || len(o.Intervals) == 0 {
		t.Fatal("the oracle says nothing")
	}
	return o
}

func TestRougeL(t *testing.T) {
	for i, c := range oracles(t).Rouge {
		if got := RougeL(c.Reference, c.Continuation); math.Abs(got-c.F) > 1e-12 {
			t.Errorf("case %d: %v, rouge-score has %v", i, got, c.F)
		}
	}
}

func TestPrefix(t *testing.T) {
	for _, c := range []struct {
		a, b []int
		want int
	}{
		{nil, []int{1}, 0}, {[]int{1, 2, 3}, []int{1, 2, 3}, 3}, {[]int{1, 2, 3}, []int{1, 2}, 2}, {[]int{1, 2, 3}, []int{1, 9, 3}, 1},
	} {
		if got := Prefix(c.a, c.b); got != c.want {
			t.Errorf("%v and %v: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestKL(t *testing.T) {
	for i, c := range oracles(t).KL {
		p, q := gpu.LogSoftmax(c.P, nil), gpu.LogSoftmax(c.Q, nil)
		if got := gpu.KL(p, q); math.Abs(got-c.Nats) > 1e-9*c.Nats {
			t.Errorf("case %d: KL %v, NumPy has %v", i, got, c.Nats)
		}
		if got := Bits(-q[len(q)-1]); math.Abs(got-c.BitsOfLast) > 1e-9*c.BitsOfLast {
			t.Errorf("case %d: %v bits, NumPy has %v", i, got, c.BitsOfLast)
		}
		if got := gpu.KL(p, p); got != 0 {
			t.Errorf("case %d: KL %v from itself", i, got)
		}
	}
}

// TestBootstrap: ends are those that NumPy finds with other draws, within 3 % of the interval.
func TestBootstrap(t *testing.T) {
	for i, c := range oracles(t).Intervals {
		got := Bootstrap(c.Values, 1)
		if math.Abs(got.Mean-c.Mean) > 1e-12 {
			t.Errorf("case %d: mean %v, NumPy has %v", i, got.Mean, c.Mean)
		}
		for _, end := range [][2]float64{{got.Low, c.Low}, {got.High, c.High}} {
			if off := math.Abs(end[0]-end[1]) / (c.High - c.Low); off > 0.03 {
				t.Errorf("case %d: %+v, NumPy has %v to %v", i, got, c.Low, c.High)
			}
		}
		if again := Bootstrap(c.Values, 1); again != got {
			t.Errorf("case %d: %+v and %+v of one seed", i, got, again)
		}
		if other := Bootstrap(c.Values, 2); other.Low == got.Low && other.High == got.High {
			t.Errorf("case %d: two seeds draw the same", i)
		}
	}
	if got := Bootstrap(nil, 1); got != (Interval{}) {
		t.Errorf("of nothing %+v", got)
	}
}
