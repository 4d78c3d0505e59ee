package ops

import (
	"slices"
	"strconv"
	"strings"
)

// fusion stands between the names of operators that are computed as one.
const fusion = "+"

// Fused returns the name of operators that are computed as one, in execution order.
func Fused(names ...string) string { return strings.Join(names, fusion) }

// Members returns the names of the operators that are computed as one under a name.
func Members(name string) []string { return strings.Split(name, fusion) }

// Row is a group of operators that two engines compute, each in ways of its own. Left and Right are the places of its rows
// in the two lists; a side that has none of the group has none.
type Row struct {
	Members     []string
	Left, Right []int
}

// Join pairs the operators of two engines, given the names of each one's rows: a Row is the fewest operators that no fused
// one of either side reaches beyond. Rows come in the order of left, then what only right has.
//
//	left    q_proj │ k_proj │ v_proj │ o_proj+attention_residual │ mlp_norm
//	right   q_proj+k_proj+v_proj     │ o_proj │ attention_residual+mlp_norm
//	rows    q_proj k_proj v_proj     │ o_proj attention_residual mlp_norm
func Join(left, right []string) []Row {
	var rows []Row
	place := func(name string, note func(*Row)) {
		members := Members(name)
		var merged Row
		at := len(rows)
		for i := len(rows) - 1; i >= 0; i-- {
			if !slices.ContainsFunc(members, func(m string) bool { return slices.Contains(rows[i].Members, m) }) {
				continue
			}
			merged.absorb(&rows[i])
			rows = slices.Delete(rows, i, i+1)
			at = i
		}
		for _, m := range members {
			if !slices.Contains(merged.Members, m) {
				merged.Members = append(merged.Members, m)
			}
		}
		note(&merged)
		rows = slices.Insert(rows, min(at, len(rows)), merged)
	}
	for i, name := range left {
		place(name, func(r *Row) { r.Left = append(r.Left, i) })
	}
	for i, name := range right {
		place(name, func(r *Row) { r.Right = append(r.Right, i) })
	}
	return rows
}

// absorb puts what another row has before what r has.
func (r *Row) absorb(other *Row) {
	r.Members = slices.Concat(other.Members, r.Members)
	r.Left = slices.Concat(other.Left, r.Left)
	r.Right = slices.Concat(other.Right, r.Right)
}

// InLayer returns the name of an operator without the layer in front of it: "L3.q_proj" is q_proj.
func InLayer(name string) string {
	layer, rest, found := strings.Cut(name, ".")
	if _, err := strconv.Atoi(strings.TrimPrefix(layer, "L")); !found || err != nil || !strings.HasPrefix(layer, "L") {
		return name
	}
	return rest
}
