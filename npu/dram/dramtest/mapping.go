package dramtest

import (
	"math/bits"
	"math/rand"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// RandomMapping shuffles single address bits of a standard, those of the channels among them: every field is in pieces.
func RandomMapping(t testing.TB, r *rand.Rand, s *spec.Standard, channels int, hash bool) *spec.Mapping {
	t.Helper()
	log2 := func(n int) int { return bits.Len(uint(n)) - 1 }
	var words []string
	for _, f := range []struct {
		name string
		bits int
	}{{"ch", log2(channels)}, {"ra", log2(s.Ranks)}, {"si", log2(max(s.Stacks, 1))}, {"bg", log2(s.Groups)}, {"ba", log2(s.Banks)},
		{"ro", 3}, {"co", log2(s.Columns)}} {
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
