package spec_test

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/dramtest"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// naive takes an address apart bit by bit, as the mapping's text says.
func naive(m *spec.Mapping, s *spec.Standard, hash bool, address int64) (channel int, local int64, p spec.Place) {
	value := map[string]int64{}
	weight := int64(1) // of the next part of the channel's number
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
		if n, ok := strings.CutPrefix(word, "ch%"); ok {
			var ways int64
			_, _ = fmt.Sscan(n, &ways)
			value["ch"] += rest % ways * weight
			rest, weight = rest/ways, weight*ways
			continue
		}
		_, _ = fmt.Sscan(word[2:], &bits)
		for range bits {
			if f == "ch" {
				value[f] += rest & 1 * weight
				weight *= 2
			} else {
				take(f, rest&1)
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
	return int(value["ch"]), local, spec.Place{Row: value["ro"], Column: uint32(value["co"]), Bank: uint8(group*int64(s.Banks) + value["ba"]),
		Group: uint8(group)}
}

func TestMappingsOfScatteredBitsSplitAddressesBitByBit(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	standards := []*spec.Standard{spec.MustLookup("lpddr5-6400"), spec.MustLookup("ddr4-3200"), spec.MustLookup("hbm3-6400")}
	for n := range 150 {
		s := standards[n%len(standards)]
		channels := 1 + r.Intn(16)
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
		channels := 1 + r.Intn(16)
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

// TestEveryAddressHasAPlaceOfItsOwn: the bursts of whole stripes fill the channels from their first byte on, without a
// gap and without two of them at one place.
func TestEveryAddressHasAPlaceOfItsOwn(t *testing.T) {
	r := rand.New(rand.NewSource(7))
	s := spec.MustLookup("lpddr5-6400")
	for channels := 1; channels <= 48; channels++ {
		for _, m := range []*spec.Mapping{defaultMap(t, s, channels), dramtest.RandomMapping(t, r, s, channels, false)} {
			stripe := m.Stripe()
			if int64(channels) != m.Channels() || stripe%m.Run() != 0 {
				t.Fatalf("%s: a stripe of %d B, runs of %d B on %d channels", m, stripe, m.Run(), m.Channels())
			}
			if stripe > 1<<21 {
				continue // minutes; the mappings beside it have smaller ones
			}
			periods := max(1, 1<<12/stripe)
			taken := map[[2]int64]int64{}
			for a := int64(0); a < periods*stripe; a += int64(s.Burst) {
				channel, local := m.Split(a)
				if channel < 0 || channel >= channels || local < 0 || local >= periods*stripe/int64(channels) {
					t.Fatalf("%s: address %#x is byte %#x of channel %d", m, a, local, channel)
				}
				if other, ok := taken[[2]int64{int64(channel), local}]; ok {
					t.Fatalf("%s: addresses %#x and %#x are both byte %#x of channel %d", m, other, a, local, channel)
				}
				taken[[2]int64{int64(channel), local}] = a
			}
		}
	}
}

func defaultMap(t *testing.T, s *spec.Standard, channels int) *spec.Mapping {
	t.Helper()
	m, err := spec.ParseMapping(spec.DefaultMapping(s, channels), s, channels, false)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestChannelFields(t *testing.T) {
	s := spec.MustLookup("lpddr5-6400")
	for _, c := range []struct {
		channels int
		text     string
		want     string // of the error; empty: none
		stripe   int64
	}{
		{6, "co3,ch%6,bg2,ba2,co3,ro16", "", 6 * 256},
		{6, "co1,ch1,co2,ch%3,bg2,ba2,co3,ro16", "", 6 * 256},
		{6, "ch%3,co3,bg2,ba2,co3,ch1,ro16", "", 6 << 15},
		{4, "co3,ch%4,bg2,ba2,co3,ro16", "", 4 * 256},
		{6, "co3,ch%3,bg2,ba2,co3,ro16", "tells 3 channels apart; accepted: channel fields for 6, such as ch%6", 0},
		{9, "ch%3,co3,ch%3,bg2,ba2,co3,ro16", `has two remainders, ch%3 and ch%3; accepted: one, such as "ch%9"`, 0},
		{3, "co3,ch2,bg2,ba2,co3,ro16", "tells 4 channels apart; accepted: channel fields for 3, such as ch%3", 0},
		{1, "co3,ch%2,bg2,ba2,co3,ro16", "tells 2 channels apart; accepted: no channel field, for one channel", 0},
		{3, "co3,ch%x,bg2,ba2,co3,ro16", `"ch%x" has no number of channels; accepted: 2 to 1024, such as "ch%6"`, 0},
		{3, "co3,ch%1,bg2,ba2,co3,ro16", `"ch%1" has no number of channels; accepted: 2 to 1024, such as "ch%6"`, 0},
		{1025, "co3,ch%1000,bg2,ba2,co3,ro16", "1025 channels; accepted: 1 to 1024", 0},
	} {
		m, err := spec.ParseMapping(c.text, s, c.channels, false)
		switch {
		case c.want != "":
			simtest.WantError(t, err, fmt.Sprintf("DRAM mapping %q: %s", c.text, c.want))
		case err != nil:
			t.Error(err)
		case m.Stripe() != c.stripe:
			t.Errorf("%s: a stripe is %d B, want %d", c.text, m.Stripe(), c.stripe)
		}
	}
}
