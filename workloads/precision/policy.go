package precision

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// Policy gives the weight bits of a decode pass, counted from 1.
type Policy interface {
	At(pass int) Assignment
}

var (
	_ Policy = Static{}
	_ Policy = Passes(nil)
)

// Static goes from one precision to the next at fixed steps; uniform schedules and fp16 are Static with one precision.
// There is one precision more than steps, and steps do not decrease.
type Static struct {
	Precisions, Steps []int
}

// At returns the weight bits of a pass.
func (s Static) At(pass int) Assignment {
	mustCount(pass)
	return Uniform(s.Precisions[s.level(pass)])
}

// level returns how many switches come before a pass: as many as there are steps s with pass > max(s, 1).
func (s Static) level(pass int) int {
	i := 0
	for i < len(s.Steps) && pass > max(s.Steps[i], 1) {
		i++
	}
	return i
}

// Passes gives each pass bits of its own, the first pass first: those of a trace, for example.
type Passes []Assignment

// At returns the weight bits of a pass.
func (r Passes) At(pass int) Assignment {
	mustCount(pass)
	if pass > len(r) {
		panic(fmt.Sprintf("precision: pass %d of %d", pass, len(r)))
	}
	return r[pass-1]
}

func mustCount(pass int) {
	if pass < 1 {
		panic(fmt.Sprintf("precision: pass %d; passes count from 1", pass))
	}
}

// AverageBits returns the mean bits of a weight over the first passes of a model; 0 when there are none.
func AverageBits(m *workloads.Model, p Policy, passes int) float64 {
	if passes < 1 {
		return 0
	}
	sum := 0.0
	for pass := 1; pass <= passes; pass++ {
		sum += p.At(pass).Average(m)
	}
	return sum / float64(passes)
}
