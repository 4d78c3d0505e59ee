package sweep

import (
	"fmt"
	"math/big"
	"strings"
)

// MostPoints is how many combinations a spec may have unless the user wants more: each is a machine that is kept in memory,
// and at a hundred points a second they are half an hour's work.
const MostPoints = 200_000

// factor is a list of the spec, whose length multiplies the number of points.
type factor struct {
	n    int
	what string // of n > 1
}

// factors returns the lists of a spec in the order in which they vary.
func (s *Spec) factors() []factor {
	all := []factor{{len(s.npus), "NPUs"}}
	for _, a := range s.axes {
		all = append(all, factor{len(a.Values), "values of " + a.Name})
	}
	if len(s.workloads) > 0 && s.workloads[0].trace != nil {
		all = append(all, factor{len(s.workloads), "traces"})
	} else {
		all = append(all, factor{len(s.models), "models"}, factor{len(s.workloads), "tasks or lengths"})
	}
	return append(all, factor{len(s.batches), "batches"}, factor{len(s.schedules), "schedules"})
}

// Within returns an error if a spec has more than most combinations, filters aside: to expand it would take long, and much
// memory. The combinations are counted, not expanded.
func (s *Spec) Within(name string, most int) error {
	product := big.NewInt(1)
	var parts []string
	for _, f := range s.factors() {
		product.Mul(product, big.NewInt(int64(f.n)))
		if f.n > 1 {
			parts = append(parts, fmt.Sprintf("%d %s", f.n, f.what))
		}
	}
	if product.Cmp(big.NewInt(int64(most))) <= 0 {
		return nil
	}
	return fmt.Errorf("%s: %v combinations before filters: %s; accepted: at most %d, or --max-points %v", name, product, strings.Join(parts, " × "), most, product)
}
