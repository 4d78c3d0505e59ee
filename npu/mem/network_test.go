package mem

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func network(topology config.Topology, bandwidth unit.BytesPerSecond) *Network {
	return NewNetwork(&config.Config{Clock: 1e9, Cores: 2,
		Network: config.Network{Topology: topology, Bandwidth: bandwidth, Latency: 7}})
}

func TestALinkMovesDataWhileTheyAreBeingFetched(t *testing.T) {
	for _, c := range []struct {
		what  string
		link  unit.BytesPerSecond
		sends []Delivery
		want  []unit.Cycles
	}{
		{"as fast as DRAM: nothing shows", 1e9,
			[]Delivery{{0, 1000, 0, 1000}, {0, 1000, 0, 2000}}, []unit.Cycles{1000, 2000}},
		{"half as fast", 0.5e9, []Delivery{{0, 1000, 0, 1000}, {0, 1000, 0, 2000}}, []unit.Cycles{2000, 4000}},
		{"not limited", 0, []Delivery{{0, 1 << 40, 0, 1}}, []unit.Cycles{1}},
		{"what a link did not use before a request is lost to it", 1e9,
			[]Delivery{{0, 1000, 0, 9000}, {0, 1000, 9500, 9600}}, []unit.Cycles{9000, 10500}},
		{"a small late transfer that overtakes does not make the old one late", 1e9,
			[]Delivery{{0, 10, 8990, 9000}, {0, 5000, 0, 9001}}, []unit.Cycles{9000, 9001}},
		{"another core's link is free", 0.5e9,
			[]Delivery{{0, 1000, 0, 1000}, {1, 1000, 0, 2000}}, []unit.Cycles{2000, 2000}},
	} {
		t.Run(c.what, func(t *testing.T) {
			n := network(config.Crossbar, c.link)
			var waited unit.Cycles
			sends := slices.Clone(c.sends)
			slices.SortFunc(sends, func(a, b Delivery) int { return cmp.Compare(a.From, b.From) })
			for _, d := range sends {
				n.Request(d.Core, d.From)
			}
			for i, d := range c.sends {
				if got := n.Deliver(d); got != c.want[i] {
					t.Errorf("transfer %d: got %d, want %d", i, got, c.want[i])
				}
				waited += c.want[i] - d.Ready
			}
			if n.counts.NetworkWait != waited {
				t.Errorf("waited %d cycles, want %d", n.counts.NetworkWait, waited)
			}
		})
	}
}

func TestABusIsOneLink(t *testing.T) {
	n := network(config.Bus, 0.5e9)
	n.Request(0, 0)
	n.Request(1, 0)
	n.Deliver(Delivery{0, 1000, 0, 1000})
	if got := n.Deliver(Delivery{1, 1000, 0, 2000}); got != 4000 {
		t.Errorf("got %d, want 4000", got)
	}
	if got := n.Gather(0, 100, 5000); got != 5000+7+200 || n.counts.Exchanged != 100 {
		t.Errorf("got %d, want %d", got, 5000+7+200)
	}
	var c stats.Counts
	if n.Counts(&c); c.NetworkBusy != 2*(1000+1000+100) {
		t.Errorf("busy for %d cycles, want 2 a byte", c.NetworkBusy)
	}
	if n.Check(5206) == nil || n.Check(5207) != nil {
		t.Error("a link in use at the end is not noticed, or one that is not")
	}
}

// TestNoLinkOverDelivers compares the steps that a link keeps with all that there ever were: the doc comment's formula,
// term by term in rational numbers.
func TestNoLinkOverDelivers(t *testing.T) {
	const rate = 7 // bytes in 10 cycles
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2))
		n := network(config.Bus, rate*1e8)
		var open, sent []Delivery
		var now unit.Cycles
		for len(sent) < 60 {
			now += unit.Cycles(r.IntN(300))
			if len(open) < 5 {
				open = append(open, Delivery{Core: r.IntN(2), Size: unit.Bytes(1 + r.IntN(400)), From: now})
				n.Request(0, now)
				continue
			}
			i := r.IntN(len(open))
			d := open[i]
			open = append(open[:i:i], open[i+1:]...)
			d.Ready = now
			sent = append(sent, d)
			want := now
			for _, s := range sent {
				var bytes unit.Bytes
				for _, o := range sent {
					if o.From >= s.From {
						bytes += o.Size
					}
				}
				if s.From <= d.From {
					want = max(want, s.From+unit.Cycles((bytes*10+rate-1)/rate))
				}
			}
			if got := n.Deliver(d); got != want {
				t.Fatalf("seed %d, transfer %d: got %d, want %d", seed, len(sent), got, want)
			}
		}
		if steps := len(n.links[0].steps); steps > 2*len(open)+1 {
			t.Errorf("seed %d: %d steps kept for %d open requests", seed, steps, len(open))
		}
	}
}
