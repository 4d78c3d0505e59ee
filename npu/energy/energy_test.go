package energy

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func preset(t *testing.T, name string) *config.Config {
	t.Helper()
	c, err := config.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// everywhere calls f for every preset with every style, process and format.
func everywhere(f func(c *config.Config)) {
	for _, preset := range config.Presets(config.Imagined()) {
		for _, s := range config.Styles() {
			for _, p := range config.Processes() {
				for _, a := range config.ActivationFormats() {
					c := *preset
					c.Array.Style, c.Process, c.Array.Activations = s, p, a
					f(&c)
				}
			}
		}
	}
}

// busy is a step that does some of everything.
func busy() *stats.Counts {
	n := &stats.Counts{
		Cycles: 1e6, PECycles: 1e9, MACs: 1e9, Lookups: 1e8, TableEntries: 1e7, VectorOps: 1e6,
		ScratchRead: 1e8, ScratchWrite: 1e7, Exchanged: 1e6,
		DRAM: stats.DRAM{Clocks: 1e6, Activates: 1e5, Reads: 1e6, Writes: 1e4, Refreshes: 100},
	}
	n.Traffic[isa.Weights] = 64e6
	return n
}

func TestEveryStyleProcessAndPresetHasPositiveFiniteNumbers(t *testing.T) {
	everywhere(func(c *config.Config) {
		name := strings.Join([]string{c.Name, string(c.Array.Style), string(c.Process), string(c.Array.Activations)}, " ")
		u := Of(c, busy())
		for _, p := range u.Parts() {
			tableless := p.Name == "tables" && c.Array.Style != config.LUT && c.Array.Style != config.DequantFP16
			ideal := strings.HasPrefix(p.Name, "dram") && c.DRAM.Standard == config.IdealDRAM
			given := p.Name == "phy" || p.Name == "clock" // zero unless the configuration gives them
			if p.Energy < 0 || p.Energy == 0 && !tableless && !ideal && !given && !(p.Name == "dram_write" || p.Name == "dram_io") {
				t.Errorf("%s: %s takes %v", name, p.Name, p.Energy)
			}
		}
		for _, p := range AreaOf(c).Parts() {
			if p.Area < 0 || math.IsNaN(p.Area) || math.IsInf(p.Area, 0) || p.Area == 0 && p.Name != "tables" {
				t.Errorf("%s: %s takes %v mm2", name, p.Name, p.Area)
			}
		}
	})
}

func TestPartsAddUp(t *testing.T) {
	c := preset(t, "edge-lpddr5")
	u, a := Of(c, busy()), AreaOf(c)
	var e unit.Picojoules
	var s float64
	for _, p := range u.Parts() {
		e += p.Energy
	}
	for _, p := range a.Parts() {
		s += p.Area
	}
	if e != u.Total() || u.OnChip()+u.DRAM() != e || s != a.Total() {
		t.Errorf("parts come to %v and %g mm2, totals to %v and %g", e, s, u.Total(), a.Total())
	}
	if reflect.TypeFor[Use]().NumField() != len(u.Parts()) || reflect.TypeFor[Area]().NumField() != len(a.Parts()) {
		t.Error("a field is not a part")
	}
}

func TestPartsAreNamedAsInJSON(t *testing.T) {
	text, err := json.Marshal(Use{})
	if err != nil {
		t.Fatal(err)
	}
	at := -1
	for _, p := range (Use{}).Parts() {
		i := strings.Index(string(text), `"`+p.Name+`"`)
		if i <= at {
			t.Errorf("%s is missing or out of order in %s", p.Name, text)
		}
		at = i
	}
}

func TestCountsOfNothingTakeLeakageTimesTime(t *testing.T) {
	everywhere(func(c *config.Config) {
		got := Of(c, &stats.Counts{Cycles: unit.Cycles(c.Clock)}) // a second
		want := unit.Picojoules(1e6 * math.Round(1e3*leakage(c, nodeOf(c.Process))))
		if got != (Use{Leakage: want}) {
			t.Errorf("%s: a second of nothing takes %+v, leakage is %v", c.Name, got, want)
		}
	})
}

func TestEveryCountCostsItsPartAndNoOther(t *testing.T) {
	lut, dequant := preset(t, "edge-lpddr5"), preset(t, "edge-lpddr5")
	lut.Array.Style, dequant.Array.Style = config.LUT, config.DequantFP16
	for _, tc := range []struct {
		part string
		c    *config.Config
		more func(n *stats.Counts)
	}{
		{"array", lut, func(n *stats.Counts) { n.PECycles += 1e6 }},
		{"tables", lut, func(n *stats.Counts) { n.TableEntries += 1e6 }},
		{"tables", dequant, func(n *stats.Counts) { n.Lookups += 1e6 }},
		{"scratchpad_read", lut, func(n *stats.Counts) { n.ScratchRead += 1e6 }},
		{"scratchpad_write", lut, func(n *stats.Counts) { n.ScratchWrite += 1e6 }},
		{"vector", lut, func(n *stats.Counts) { n.VectorOps += 1e6 }},
		{"network", lut, func(n *stats.Counts) { n.Exchanged += 1e6 }},
		{"network", lut, func(n *stats.Counts) { n.Traffic[isa.KVRead] += 1e6 }},
		{"leakage", lut, func(n *stats.Counts) { n.Cycles += 1e6 }},
		{"dram_read", lut, func(n *stats.Counts) { n.DRAM.Reads += 1e6 }},
		{"dram_background", lut, func(n *stats.Counts) { n.DRAM.Clocks += 1e6 }},
	} {
		n := busy()
		before := Of(tc.c, n).Parts()
		tc.more(n)
		for i, p := range Of(tc.c, n).Parts() {
			pins := tc.part == "dram_read" && p.Name == "dram_io"
			if more := p.Energy > before[i].Energy; more != (p.Name == tc.part) && !pins {
				t.Errorf("more %s: %s went from %v to %v", tc.part, p.Name, before[i].Energy, p.Energy)
			}
		}
	}
}

// A whole number of attojoules an action, rounded down once for each part: twice the counts are twice the energy to a
// picojoule of each product, whatever their size.
func TestEnergyIsLinearInCounts(t *testing.T) {
	c := preset(t, "card-hbm3")
	one, many := busy(), busy()
	for range 999 {
		many.Add(busy())
	}
	each, all := Of(c, one).Parts(), Of(c, many).Parts()
	for i, p := range all {
		if d := p.Energy - 1000*each[i].Energy; d < 0 || d > 2000 {
			t.Errorf("%s: 1000 times the counts take %v, not 1000 x %v", p.Name, p.Energy, each[i].Energy)
		}
	}
	if got := energy(math.MaxInt64/2, 1000); got != math.MaxInt64/2 {
		t.Errorf("4.6e18 times 1 pJ are %v", got)
	}
}

func TestLargerMemoriesAndLaterNodes(t *testing.T) {
	c := preset(t, "edge-lpddr5")
	for _, p := range config.Processes() {
		var last float64
		for _, size := range []unit.Bytes{16 * unit.KiB, 256 * unit.KiB, 4 * unit.MiB, 64 * unit.MiB} {
			c.Scratchpad.Size = size
			read, write := scratchpad(c, nodeOf(p))
			if read <= last || write <= read {
				t.Errorf("%s %v: a byte takes %g read, %g written; in a smaller memory %g", p, size, read, write, last)
			}
			last = read
		}
	}
	c = preset(t, "edge-lpddr5")
	n := busy()
	n.Cycles = 0
	var last Use
	for i, p := range config.Processes() {
		c.Process = p
		u := Of(c, n)
		if i > 0 && (u.OnChip() >= last.OnChip() || u.DRAM() != last.DRAM()) {
			t.Errorf("%s: %v on chip, %v in DRAM; the node before %v and %v", p, u.OnChip(), u.DRAM(), last.OnChip(), last.DRAM())
		}
		last = u
	}
}

func TestPEsGrowWithTheirParameters(t *testing.T) {
	c := preset(t, "edge-lpddr5")
	for _, tc := range []struct {
		style config.Style
		grow  func(a *config.Array, n int)
	}{
		{config.BitSerialWeight, func(a *config.Array, n int) { a.BitsPerCycle = n }},
		{config.BitSerialBoth, func(a *config.Array, n int) { a.BitsPerCycle = n }},
		{config.BitSerialBoth, func(a *config.Array, n int) { a.ActivationBits = n }},
		{config.BitParallelFused, func(a *config.Array, n int) { a.FusedBits = 2 * n }},
		{config.LUT, func(a *config.Array, n int) { a.LUTGroup = n }},
	} {
		for _, f := range config.ActivationFormats() {
			var last cost
			for _, n := range []int{1, 2, 4, 8} {
				a := c.Array
				a.Style, a.Activations = tc.style, f
				tc.grow(&a, n)
				p := peOf(a)
				if p.energy <= last.energy || p.area <= last.area {
					t.Errorf("%s %s: at %d a PE takes %+v, one step before %+v", tc.style, f, n, p, last)
				}
				last = p
			}
		}
	}
	for _, s := range []config.Style{config.BitSerialWeight, config.LUT, config.DequantFP16} {
		a := c.Array
		a.Style = s
		var costs []cost
		for _, f := range []config.Activations{config.INT8, config.BF16, config.FP16} {
			a.Activations = f
			costs = append(costs, peOf(a))
		}
		if costs[0].energy > costs[1].energy || costs[1].energy >= costs[2].energy || costs[1].area >= costs[2].area {
			t.Errorf("%s: int8, bf16, fp16 take %+v", s, costs)
		}
	}
}

func TestIsoAreaTakesTheAreaToWithinAColumn(t *testing.T) {
	everywhere(func(c *config.Config) {
		for _, to := range config.Styles() {
			budget := AreaOf(c).Array() / float64(c.Cores)
			rows, cols := IsoArea(c, to)
			other := *c
			other.Array.Style, other.Array.Rows, other.Array.Cols = to, rows, cols
			took := AreaOf(&other).Array() / float64(c.Cores)
			other.Array.Cols++
			next := AreaOf(&other).Array() / float64(c.Cores)
			const rounding = 1 + 1e-12
			switch {
			case rows < c.Array.Rows || rows > 4096 || cols < 1 || cols > 4096:
				t.Errorf("%s %s to %s: %d x %d", c.Name, c.Array.Style, to, rows, cols)
			case cols > 1 && took > budget*rounding, cols < 4096 && next <= budget/rounding:
				t.Errorf("%s %s to %s: %d x %d take %g of %g mm2, a column more %g", c.Name, c.Array.Style, to, rows, cols, took, budget, next)
			case to == c.Array.Style && (rows != c.Array.Rows || cols != c.Array.Cols):
				t.Errorf("%s: %s is %d x %d in its own area", c.Name, to, rows, cols)
			}
		}
	})
}

func TestUnknownNamesPanicWithTheirPackage(t *testing.T) {
	for name, change := range map[string]func(c *config.Config){
		"process":     func(c *config.Config) { c.Process = "3nm" },
		"style":       func(c *config.Config) { c.Array.Style = "analogue" },
		"activations": func(c *config.Config) { c.Array.Activations = "fp8" },
		"fused bits":  func(c *config.Config) { c.Array.Style, c.Array.FusedBits = config.BitParallelFused, 3 },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "energy: ") {
					t.Errorf("panicked with %q", s)
				}
			}()
			c := preset(t, "edge-lpddr5")
			change(c)
			Of(c, busy())
			t.Error("did not panic")
		})
	}
}
