package sweep

import (
	"fmt"
	"math/big"
	"strings"

	"go.yaml.in/yaml/v4"
)

// MostPoints is how many combinations a spec may have unless the user wants more: each is a machine that is kept in memory,
// and at a hundred points a second they are half an hour's work.
const MostPoints = 200_000

// HighestPoints is the most that the user can want: the rows, of some 18 kB, of one worker are in one file (docs/limits.md).
const HighestPoints = 2 * MostPoints

// factor is a list of the spec, whose length multiplies the number of points.
type factor struct {
	n    int
	what string // of n > 1
}

// factors returns the lists of a spec in the order in which they vary, before anything in them is read.
func factors(top *yaml.Node) []factor {
	of := map[string]*yaml.Node{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		of[top.Content[i].Value] = top.Content[i+1]
	}
	all := []factor{{length(of["npu"]), "NPUs"}}
	if axes := of["axes"]; axes != nil && axes.Kind == yaml.SequenceNode {
		for _, a := range axes.Content {
			if a.Kind == yaml.MappingNode && len(a.Content) > 1 {
				all = append(all, factor{length(a.Content[1]), "values of " + a.Content[0].Value})
			}
		}
	}
	if of["traces"] != nil {
		all = append(all, factor{length(of["traces"]), "traces"})
	} else {
		all = append(all, factor{length(of["models"]), "models"}, factor{length(of["tasks"]) * length(of["lengths"]), "tasks or lengths"})
	}
	return append(all, factor{length(of["batch"]), "batches"}, factor{length(of["schedules"]), "schedules"}, factor{length(of["precision"]), "rules of precision"})
}

// length is how many values a node has: one that is not there, and a text, count as one.
func length(n *yaml.Node) int {
	switch {
	case n != nil && n.Kind == yaml.SequenceNode:
		return len(n.Content)
	case n != nil && n.Kind == yaml.MappingNode:
		return len(n.Content) / 2
	}
	return 1
}

// within returns an error if a spec has more than most combinations, filters aside: to expand it would take long, and much
// memory. The combinations are counted, not expanded.
func within(name string, top *yaml.Node, most int) error {
	product := big.NewInt(1)
	var parts []string
	for _, f := range factors(top) {
		product.Mul(product, big.NewInt(int64(f.n)))
		if f.n > 1 {
			parts = append(parts, fmt.Sprintf("%d %s", f.n, f.what))
		}
	}
	if product.Cmp(big.NewInt(int64(most))) <= 0 {
		return nil
	}
	return fmt.Errorf("%s: %v combinations before filters: %s; accepted: at most %d (--max-points, up to %d)",
		name, product, strings.Join(parts, " × "), most, HighestPoints)
}
