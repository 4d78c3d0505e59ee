package spec_test

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/dramtest"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// naive takes an address apart bit by bit, as the mapping's text says.
func naive(m *spec.Mapping, s *spec.Standard, hash bool, address int64) (channel int, local int64, p spec.Place) {
	value := map[string]int64{}
	filled := map[string]int{}
	take := func(f string, bit int64) {
		value[f] |= bit << filled[f]
		filled[f]++
	}
	local = address & (int64(s.Burst) - 1)
	at := int(spec.Log2(int(s.Burst)))
	rest := address >> at
	keep := func(bit int64) { // of the channel-local address
		local |= bit << at
		at++
	}
	for _, word := range strings.Split(m.String(), ",") {
		f := word[:2]
		var bits int
		_, _ = fmt.Sscan(word[2:], &bits)
		for range bits {
			take(f, rest&1)
			if f != "ch" {
				keep(rest & 1)
			}
			rest >>= 1
		}
	}
	for ; rest > 0; rest >>= 1 {
		take("ro", rest&1)
		keep(rest & 1)
	}
	if hash {
		row := value["ro"]
		value["bg"] ^= row & int64(s.Groups-1)
		value["ba"] ^= row >> spec.Log2(s.Groups) & int64(s.Banks-1)
	}
	group := (value["ra"]*int64(max(s.Stacks, 1))+value["si"])*int64(s.Groups) + value["bg"]
	return int(value["ch"]), local, spec.Place{value["ro"], uint8(group*int64(s.Banks) + value["ba"]), uint8(group)}
}

func TestMappingsOfScatteredBitsSplitAddressesBitByBit(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	standards := []*spec.Standard{spec.MustLookup("lpddr5-6400"), spec.MustLookup("ddr4-3200"), spec.MustLookup("hbm3-6400")}
	for n := range 150 {
		s := standards[n%len(standards)]
		channels := 1 << r.Intn(5)
		m := dramtest.RandomMapping(t, r, s, channels, n%2 == 0)
		for range 100 {
			a := r.Int63n(1 << (6 + r.Intn(34)))
			channel, local, want := naive(m, s, n%2 == 0, a)
			gotChannel, gotLocal := m.Split(a)
			if gotChannel != channel || gotLocal != local || m.Locate(local) != want {
				t.Fatalf("%s: address %#x is channel %d, local %#x, %+v; bit by bit %d, %#x, %+v", m, a, gotChannel, gotLocal,
					m.Locate(gotLocal), channel, local, want)
			}
		}
	}
}

// TestAChannelSeesItsBytesInOrder counts the bytes of a channel below every burst of an address space.
func TestAChannelSeesItsBytesInOrder(t *testing.T) {
	r := rand.New(rand.NewSource(6))
	s := spec.MustLookup("lpddr5-6400")
	for range 60 {
		channels := 1 << r.Intn(5)
		m := dramtest.RandomMapping(t, r, s, channels, false)
		for c := range channels {
			v := m.Interleave(c)
			var below int64
			for a := int64(0); a < 1<<18; a += 32 {
				if got := v.Local(a); got != below {
					t.Fatalf("%s: channel %d has %d B below %#x, want %d", m, c, got, a, below)
				}
				if channel, local := m.Split(a); channel == c {
					if local != below {
						t.Fatalf("%s: %#x is local %#x, with %#x B below", m, a, local, below)
					}
					below += 32
				}
			}
			if period := m.Stripe(); v.Local(1<<30+period) != v.Local(1<<30)+v.Share || v.Share*int64(channels) != period {
				t.Fatalf("%s: %d of %d B are on channel %d", m, v.Share, period, c)
			}
		}
	}
}
