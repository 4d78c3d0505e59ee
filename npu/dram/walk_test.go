package dram

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/dramtest"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// offered offers a burst, of which maybe only part is wanted.
func offered(c *port, p spec.Place, write, partial bool, tag uint32) bool {
	if write && partial {
		return c.OfferMasked(p, tag)
	}
	return c.Offer(p, write, tag)
}

// visit is a burst that a walk comes to.
type visit struct {
	local   int64
	partial bool // some of its bytes are not wanted
}

// burstsOf lists the channel-local bursts of a pattern by channel, from its definition. Planes side by side are one
// turn, and so are turns that follow one another: only the whole is rounded outwards.
func burstsOf(p isa.Pattern, m *spec.Mapping, channels int, burst int64) [][]visit {
	if p.PlaneStride == p.Turn {
		p.Turn, p.Planes = p.Turn*unit.Bytes(p.Planes), 1
	}
	if p.Planes == 1 && p.OuterStride == p.Turn {
		p.Turn, p.Outer = p.Turn*unit.Bytes(p.Outer), 1
	}
	list := make([][]visit, channels)
	for o := range p.Outer {
		for q := range p.Planes {
			from := int64(p.Base) + int64(o)*int64(p.OuterStride) + int64(q)*int64(p.PlaneStride)
			for a := from / burst * burst; a < from+int64(p.Turn); a += burst {
				c, local := m.Split(a)
				list[c] = append(list[c], visit{local, a < from || a+burst > from+int64(p.Turn)})
			}
		}
	}
	return list
}

func TestWalksVisitTheBurstsOfTheirPatternInOrder(t *testing.T) {
	cases := 3000
	if testing.Short() {
		cases = 600
	}
	r := rand.New(rand.NewSource(3))
	s := spec.MustLookup("lpddr5-6400")
	for n := range cases {
		channels := 1 + r.Intn(8)
		text := []string{"co6,ch,bg2,ba2,ro16", "co2,ch,bg2,ba2,co4,ro16", "ch,co6,bg2,ba2,ro16",
			"co1,bg2,ch,co5,ba2,ro16"}[n%4]
		m := mustMap(t, s, text, channels)
		if n%3 == 0 {
			m = dramtest.RandomMapping(t, r, s, channels, false)
		}
		p := randomWalk(r, 30_000, nil)
		if n%7 == 0 {
			p.PlaneStride, p.OuterStride = unit.Bytes(r.Int63n(9000)), unit.Bytes(r.Int63n(9000))
		}
		want := burstsOf(p, m, channels, 32)
		for c := range channels {
			w := newWalk(&p, m.Interleave(c), 32, true)
			var got []visit
			if w.bursts > 0 {
				var cur cursor
				for cur.begin(&w); cur.left > 0; cur.step() {
					got = append(got, visit{cur.next(), cur.partialNext()})
					if cur.next() < w.low || cur.next() >= w.high {
						t.Fatalf("case %d: burst %#x outside [%#x, %#x)", n, cur.next(), w.low, w.high)
					}
				}
			}
			if !slices.Equal(got, want[c]) {
				t.Fatalf("case %d: %+v over %d channels, %s: channel %d visits %d bursts, want %d",
					n, p, channels, m, c, len(got), len(want[c]))
			}
		}
	}
}

func mustMap(t *testing.T, s *spec.Standard, text string, channels int) *spec.Mapping {
	t.Helper()
	word := ""
	if channels > 1 {
		word = fmt.Sprintf("ch%%%d,", channels)
	}
	for _, old := range []string{",ch,", "ch,"} {
		if i := indexOf(text, old); i >= 0 {
			text = text[:i+len(old)-3] + word + text[i+len(old):]
			break
		}
	}
	m, err := spec.ParseMapping(text, s, channels, false)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func indexOf(text, part string) int {
	for i := range len(text) - len(part) + 1 {
		if text[i:i+len(part)] == part {
			return i
		}
	}
	return -1
}

// TestSystemEqualsItsChannelsOneByOne drives every channel on its own, burst by burst, without groups and walks.
func TestSystemEqualsItsChannelsOneByOne(t *testing.T) {
	cases := 60
	if testing.Short() {
		cases = 15
	}
	if simtest.Racing {
		cases = 3
	}
	for seed := range int64(cases) {
		r := rand.New(rand.NewSource(seed))
		o := randomOptions(t, r)
		o.Queues, o.Window, o.Pace, o.Background = 1, 0, 0, Background{}
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		m := s.Mapping()
		var channels []*port
		for range o.Channels {
			c, err := controller.New(o.Standard, o.Control)
			if err != nil {
				t.Fatal(err)
			}
			channels = append(channels, newPort(c, rules{exact: true, grant: 32}, m))
		}
		var release int64
		var got []Done
		for id := range int64(12) {
			w, write := randomWalk(r, 20_000, nil), r.Intn(3) == 0
			s.Submit(Transfer{ID: id, Walk: w, Write: write, Release: release})
			got = append(got, s.TakeDone()...)
			accepted := release
			for n, list := range burstsOf(w, m, o.Channels, int64(o.Standard.Burst)) {
				c := channels[n]
				c.run(release, false)
				for i, v := range list {
					place := m.Locate(v.local)
					if i == 0 {
						c.inside = append(c.inside, outstanding{tag: uint32(id)})
					}
					for c.Offered == controller.OffersPerClock || !offered(c, place, write, v.partial, uint32(id)) {
						c.advance(false, controller.Never)
					}
					e := &c.inside[len(c.inside)-1]
					e.left++
					e.fed = i == len(list)-1
				}
				if len(list) > 0 {
					accepted = max(accepted, c.Clock)
				}
			}
			if s.Accepted() != accepted {
				t.Fatalf("seed %d: transfer %d accepted at %d, its channels say %d", seed, id, s.Accepted(), accepted)
			}
			if r.Intn(2) == 0 {
				release = accepted + r.Int63n(2000)
			}
		}
		end := release + s.Accepted() + 5000
		s.Finish(end)
		got = append(got, s.TakeDone()...)
		counts, last := s.Counts(), map[int64]int64{}
		reads := int64(0)
		for _, c := range channels {
			c.run(end, false)
			reads += c.Counts.Reads
			counts.Activates -= c.Counts.Activates
			counts.RowConflicts -= c.Counts.RowConflicts
			for _, d := range c.done {
				last[int64(d.tag)] = max(last[int64(d.tag)], d.clock)
			}
		}
		if counts.Reads != reads || counts.Activates != 0 || counts.RowConflicts != 0 {
			t.Fatalf("seed %d: counts differ from those of the channels", seed)
		}
		for _, d := range got {
			if want, ok := last[d.ID]; ok && want != d.Clock {
				t.Fatalf("seed %d: transfer %d done at %d, its channels say %d", seed, d.ID, d.Clock, want)
			}
		}
		if len(got) != 12 {
			t.Fatalf("seed %d: %d of 12 transfers complete", seed, len(got))
		}
	}
}
