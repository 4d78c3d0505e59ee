package validate

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/optimize"
)

// TestTheSimplexTakesGonumsSteps holds the search against gonum's: smooth valleys, kinks and plateaus, in one to eight dimensions.
func TestTheSimplexTakesGonumsSteps(t *testing.T) {
	costs := map[string]func([]float64) float64{
		"squares": func(x []float64) (sum float64) {
			for i, v := range x {
				sum += float64(i+1) * (v - 0.3*float64(i+1)) * (v - 0.3*float64(i+1))
			}
			return sum
		},
		"a curved valley": func(x []float64) (sum float64) {
			sum = (1 - x[0]) * (1 - x[0])
			for i := range x[1:] {
				sum += 100*(x[i+1]-x[i]*x[i])*(x[i+1]-x[i]*x[i]) + (1-x[i])*(1-x[i])
			}
			return sum
		},
		"a kink": func(x []float64) (sum float64) {
			for i, v := range x {
				sum += math.Abs(v+0.7) + math.Abs(v*float64(i)-1)
			}
			return sum
		},
		"steps":        func(x []float64) (sum float64) { return math.Floor(10*math.Abs(x[0]-1)) + math.Abs(x[len(x)-1]) },
		"all the same": func([]float64) float64 { return 1 },
	}
	for name, cost := range costs {
		for n := 1; n <= 8; n++ {
			settings := &optimize.Settings{Converger: &optimize.FunctionConverge{Absolute: simplexGain, Iterations: simplexTurns}, FuncEvaluations: simplexCosts}
			want, err := optimize.Minimize(optimize.Problem{Func: cost}, make([]float64, n), settings, &optimize.NelderMead{})
			if err != nil {
				t.Fatal(err)
			}
			calls := 0
			got := minimise(func(x []float64) float64 { calls++; return cost(x) }, make([]float64, n))
			if !slices.Equal(got, want.X) || calls != want.FuncEvaluations {
				t.Errorf("%s in %d dimensions: %v after %d costs; gonum's is %v after %d", name, n, got, calls, want.X, want.FuncEvaluations)
			}
		}
	}
	if got := minimise(func([]float64) float64 { return math.NaN() }, []float64{3}); !slices.Equal(got, []float64{3}) {
		t.Errorf("a start without a cost led to %v", got)
	}
}
