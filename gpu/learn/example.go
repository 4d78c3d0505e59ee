package learn

import (
	"math"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
)

// Classes is the number of switch points, each of which is a class.
const Classes = precision.CandidateCount

// Example is one prompt.
type Example struct {
	Prompt string              // what it is, for errors
	Input  *classifier.Input   // of the cache after decode pass 1
	Blocks []*classifier.Input // of those of other blocks, if they were asked for
	Rouge  [Classes]float64    // ROUGE-L of the continuation with each switch point, against that in fp16; the last one never switches
}

// Class is the right class: the earliest switch whose ROUGE-L is that of none, in three digits, or more.
func (e *Example) Class() int {
	digits := func(x float64) float64 { return math.RoundToEven(x * 1000) } // as Python's round
	for class, r := range e.Rouge {
		if digits(r) >= digits(e.Rouge[Classes-1]) {
			return class
		}
	}
	return Classes - 1
}

// count returns how many examples have each class.
func count(examples []Example) (n [Classes]int) {
	for i := range examples {
		n[examples[i].Class()]++
	}
	return n
}

// most returns the most frequent class; of equal ones the first.
func most(n [Classes]int) int {
	best := 0
	for class, of := range n {
		if of > n[best] {
			best = class
		}
	}
	return best
}
