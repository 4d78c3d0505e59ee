package spec

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
)

// currents are what a data sheet gives instead of energies: IDD of each supply, of one device. Energies follow by
// Micron's TN-40-07 and TN-41-01, with the part's own timings:
//
//	ACT + PRE = V (IDD0 tRC - IDD3N tRAS - IDD2N (tRC - tRAS))
//	RD        = V (IDD4R - IDD3N) tBurst, WR likewise; tBurst at the data rate at which they were measured
//	REF       = V (IDD5 - IDD2N) tRFC
//	Active, Standby = V IDD3N, V IDD2N
//
// Where IDD3N is measured with all banks open (DDR), one open bank is taken to be IDD2N + (IDD3N - IDD2N) / banks in
// ACT. A per-bank refresh is as much of REF as its banks are of all.
type currents struct {
	devices  int // of a channel
	rate     DataRate
	allOpen  bool // IDD3N is of all banks open
	supplies []supply
	at       strict.Place
}

// supply is a supply with its currents.
type supply struct {
	volts unit.Microvolts
	idd   map[string]unit.Microamperes
}

// iddNames are the currents of a supply.
func iddNames() []string { return []string{"IDD0", "IDD2N", "IDD3N", "IDD4R", "IDD4W", "IDD5"} }

const currentsAccepted = "devices, data_rate, open_banks, and supplies as in " +
	"VDD2: {volts: 1.1V, IDD0: 45mA, IDD2N: 27mA, IDD3N: 30mA, IDD4R: 275mA, IDD4W: 210mA, IDD5: 90mA}"

// currents reads currents.
func (r *partReader) currents(n *yaml.Node) *currents {
	c := &currents{devices: 1, at: strict.PlaceOf(n)}
	if n.Kind != yaml.MappingNode {
		r.add(c.at, "currents", "got "+strict.Describe(n)+"; accepted: "+currentsAccepted)
		return nil
	}
	var seen []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, value := n.Content[i], n.Content[i+1]
		key := "currents." + k.Value
		if k.Kind != yaml.ScalarNode || slices.Contains(seen, k.Value) {
			r.add(strict.PlaceOf(k), "currents", "got "+strict.Describe(k)+", or a second time; accepted: "+currentsAccepted)
			continue
		}
		seen = append(seen, k.Value)
		switch {
		case k.Value == "devices":
			r.scalar(value, key, &c.devices)
			if c.devices < 1 || c.devices > 64 {
				r.add(strict.PlaceOf(value), key, fmt.Sprintf("%d is out of range; accepted: 1 to 64", c.devices))
			}
		case k.Value == "data_rate":
			r.scalar(value, key, &c.rate)
		case k.Value == "open_banks":
			open, ok := r.text(value, key)
			if c.allOpen = open == "all"; ok && open != "all" && open != "one" {
				r.add(strict.PlaceOf(value), key, fmt.Sprintf("%q is not known; accepted: one (LPDDR), all (DDR): those open in IDD3N", open))
			}
		case value.Kind == yaml.MappingNode:
			c.supplies = append(c.supplies, r.supply(value, key))
		default:
			r.add(strict.PlaceOf(value), key, "got "+strict.Describe(value)+"; accepted: "+currentsAccepted)
		}
	}
	if len(c.supplies) == 0 || c.rate == 0 {
		r.add(c.at, "currents", "lacks data_rate or a supply; accepted: "+currentsAccepted)
		return nil
	}
	return c
}

// supply reads a supply, which has to have all of its currents.
func (r *partReader) supply(n *yaml.Node, key string) supply {
	s := supply{idd: map[string]unit.Microamperes{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i].Value, n.Content[i+1]
		switch {
		case name == "volts":
			r.scalar(value, key+".volts", &s.volts)
		case slices.Contains(iddNames(), name):
			var a unit.Microamperes
			r.scalar(value, key+"."+name, &a)
			s.idd[name] = a
		default:
			r.add(strict.PlaceOf(n.Content[i]), key+"."+name, "unknown key; accepted: volts, "+strings.Join(iddNames(), ", "))
		}
	}
	const most = 100 // of either unit: far more than any device has
	if s.volts <= 0 || s.volts > most*1_000_000 {
		r.add(strict.PlaceOf(n), key+".volts", "is missing or out of range; accepted: more than 0V, up to 100V")
	}
	for _, name := range iddNames() {
		if a, given := s.idd[name]; !given || a > most*1_000_000 {
			r.add(strict.PlaceOf(n), key+"."+name, "is missing or out of range; accepted: 0mA to 100A")
		}
	}
	return s
}

// into gives a part the energies that follow from currents, but for those that its file gives itself. What is negative
// is refused.
func (c *currents) into(r *partReader, p *Part, l *layer) {
	s := p.build(0)
	if s.TCK <= 0 || s.Burst <= 0 || s.BusWidth() <= 0 || s.Groups*s.Banks <= 0 {
		return // what is wrong is said elsewhere
	}
	tm, banks := &s.Timing, int64(s.Groups*s.Banks*max(s.Stacks, 1))
	fs := func(clocks int64) *big.Rat {
		return new(big.Rat).Mul(big.NewRat(clocks, 1), big.NewRat(int64(s.TCK), 1))
	}
	burst := new(big.Rat).Mul(big.NewRat(3_000_000_000_000_000, int64(c.rate.thirds())), big.NewRat(int64(s.Burst)*8/int64(s.BusWidth()), 1))
	sums := map[string]*big.Rat{}
	add := func(name string, volts unit.Microvolts, terms ...*big.Rat) { // a current in uA and a time in fs, in turns
		if sums[name] == nil {
			sums[name] = new(big.Rat)
		}
		for i := 0; i < len(terms); i += 2 {
			t := new(big.Rat).Mul(terms[i], terms[i+1])
			sums[name].Add(sums[name], t.Mul(t, big.NewRat(int64(volts)*int64(c.devices), 1)))
		}
	}
	for _, from := range c.supplies {
		i := func(name string) *big.Rat { return big.NewRat(int64(from.idd[name]), 1) }
		minus := func(a, b *big.Rat) *big.Rat { return new(big.Rat).Sub(a, b) }
		open := i("IDD3N")
		if c.allOpen {
			open = minus(open, i("IDD2N"))
			open.Mul(open, big.NewRat(1, banks)).Add(open, i("IDD2N"))
		}
		negative := func(x *big.Rat) *big.Rat { return new(big.Rat).Neg(x) }
		add("activate", from.volts, i("IDD0"), fs(tm.TRC), negative(open), fs(tm.TRAS), negative(i("IDD2N")), fs(tm.TRC-tm.TRAS))
		add("read", from.volts, minus(i("IDD4R"), i("IDD3N")), burst)
		add("write", from.volts, minus(i("IDD4W"), i("IDD3N")), burst)
		add("refresh", from.volts, minus(i("IDD5"), i("IDD2N")), fs(tm.TRFC))
		add("active", from.volts, i("IDD3N"), big.NewRat(1, 1_000_000)) // uA uV are pW
		add("standby", from.volts, i("IDD2N"), big.NewRat(1, 1_000_000))
	}
	if s.RefreshBanks > 0 {
		sums["refresh_bank"] = new(big.Rat).Mul(sums["refresh"], big.NewRat(int64(s.RefreshBanks), banks))
	}
	for _, name := range []string{"activate", "read", "write", "refresh", "refresh_bank", "active", "standby"} {
		x := sums[name]
		if x == nil || l.values["energy."+name] != "" {
			continue
		}
		text := ""
		if name == "active" || name == "standby" {
			text = unit.Microwatts(rounded(x)).String()
		} else { // uA uV fs = 1e-27 J: 1e15 of them are a pJ
			text = unit.Picojoules(rounded(x.Mul(x, big.NewRat(1, 1_000_000_000_000_000)))).String()
		}
		if x.Sign() < 0 {
			r.add(c.at, "currents", fmt.Sprintf("make an energy %s of %s; accepted: IDD0, IDD4 and IDD5 above IDD3N and IDD2N", name, text))
			return
		}
		p.values["energy."+name] = text
	}
}

// rounded returns the nearest whole number, within what any device has.
func rounded(x *big.Rat) int64 {
	f, _ := x.Float64()
	return int64(math.Round(min(max(f, -1e15), 1e15)))
}

// scalar reads a value that is none of a key.
func (r *partReader) scalar(n *yaml.Node, key string, to any) {
	v := reflect.ValueOf(to).Elem()
	if !strict.Fits(n, v) {
		r.add(strict.PlaceOf(n), key, "got "+strict.Describe(n)+"; accepted: "+strict.KindOf(v))
		return
	}
	if err := strict.SetText(v, n.Value); err != nil {
		r.add(strict.PlaceOf(n), key, err.Error())
	}
}
