package ops_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

func TestJoin(t *testing.T) {
	for _, c := range []struct{ name, left, right, want string }{
		{"equal names are a row each", "a b c", "c a b", "a:0:1 b:1:2 c:2:0"},
		{"what one side fuses is a row", "a b c d", "a+b c+d", "a b:0,1:0 c d:2,3:1"},
		{"fusions that overlap are a row, in the order of left", "a b+c d", "a c+d b", "a:0:0 b c d:1,2:1,2"},
		{"a row that left has first stays first", "a b c", "b a+c", "a c:0,2:1 b:1:0"},
		{"what only one side has stays alone", "a switch b", "a merge b", "a:0:0 switch:1: b:2:2 merge::1"},
		{"a name twice is one row", "a b a", "a", "a:0,2:0 b:1:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, r := range ops.Join(strings.Fields(c.left), strings.Fields(c.right)) {
				places := func(at []int) string { return strings.Trim(strings.ReplaceAll(fmt.Sprint(at), " ", ","), "[]") }
				got = append(got, strings.Join(r.Members, " ")+":"+places(r.Left)+":"+places(r.Right))
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got %s, want %s", s, c.want)
			}
		})
	}
}

// Whatever two engines fuse: each of their rows is in one row of the join, no operator is in two, and no row could be cut.
func TestJoinIsComplete(t *testing.T) {
	m, err := workloads.Load("qwen3-8b")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range ops.Step(m) {
		if !slices.Contains(names, o.Name) {
			names = append(names, o.Name)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		fuse := func(side string) (all []string) {
			for at := 0; at < len(names); {
				n := min(rapid.IntRange(1, 4).Draw(t, side), len(names)-at)
				all = append(all, ops.Fused(names[at:at+n]...))
				at += n
			}
			return all
		}
		left, right := fuse("left"), fuse("right")
		rows := ops.Join(left, right)
		var members []string
		var lefts, rights []int
		for _, r := range rows {
			members = append(members, r.Members...)
			lefts, rights = append(lefts, r.Left...), append(rights, r.Right...)
			for _, side := range []struct {
				names []string
				at    []int
			}{{left, r.Left}, {right, r.Right}} {
				var own []string
				for _, i := range side.at {
					own = append(own, ops.Members(side.names[i])...)
				}
				if !slices.Equal(sorted(own), sorted(r.Members)) {
					t.Fatalf("row %v: one side has %v", r.Members, own)
				}
			}
		}
		if !slices.Equal(sorted(members), sorted(names)) || len(lefts) != len(left) || len(rights) != len(right) {
			t.Fatalf("%v and %v join to %+v", left, right, rows)
		}
		// Neighbours fused by either side bound the rows: as many rows as there are places where both sides begin anew.
		begins := 0
		for i := range names {
			if starts(left, names[i]) && starts(right, names[i]) {
				begins++
			}
		}
		if len(rows) != begins {
			t.Fatalf("%v and %v join to %d rows, want %d", left, right, len(rows), begins)
		}
	})
}

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }

// starts reports whether one of the fused operators begins with an operator.
func starts(fused []string, name string) bool {
	return slices.ContainsFunc(fused, func(f string) bool { return ops.Members(f)[0] == name })
}
