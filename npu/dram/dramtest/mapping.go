// Package dramtest makes random address mappings, for tests of every package under npu/dram.
package dramtest

import (
	"math/rand"
	"strconv"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// RandomMapping shuffles single address bits of a standard, those of the channels among them: every field is in pieces.
// Of channels that are no power of two, the odd factor is a remainder somewhere between them.
func RandomMapping(t testing.TB, r *rand.Rand, s *spec.Standard, channels int, hash bool) *spec.Mapping {
	t.Helper()
	var words []string
	even := channels & -channels
	if odd := channels / even; odd > 1 {
		words = append(words, "ch%"+strconv.Itoa(odd))
	}
	for _, f := range []struct {
		name string
		bits uint
	}{{"ch", spec.Log2(even)}, {"ra", spec.Log2(s.Ranks)}, {"si", spec.Log2(max(s.Stacks, 1))},
		{"bg", spec.Log2(s.Groups)}, {"ba", spec.Log2(s.Banks)}, {"ro", 3}, {"co", spec.Log2(s.Columns)}} {
		for range f.bits {
			words = append(words, f.name+"1")
		}
	}
	r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	m, err := spec.ParseMapping(strings.Join(words, ","), s, channels, hash)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
