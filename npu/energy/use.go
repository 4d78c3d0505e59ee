package energy

import (
	"fmt"
	"math"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Use is the energy of counts, by part. The DRAM parts of an ideal memory are zero: nothing is known of them.
type Use struct {
	Array           unit.Picojoules `json:"array"`
	Tables          unit.Picojoules `json:"tables"` // codebook look-ups, scalings, and entries of lut tables
	ScratchpadRead  unit.Picojoules `json:"scratchpad_read"`
	ScratchpadWrite unit.Picojoules `json:"scratchpad_write"`
	Vector          unit.Picojoules `json:"vector"`
	Network         unit.Picojoules `json:"network"`
	PHY             unit.Picojoules `json:"phy"`     // only where the configuration gives it
	Leakage         unit.Picojoules `json:"leakage"` // or the static power that the configuration gives
	Clock           unit.Picojoules `json:"clock"`   // only where the configuration gives it
	DRAMActivate    unit.Picojoules `json:"dram_activate"`
	DRAMRead        unit.Picojoules `json:"dram_read"`
	DRAMWrite       unit.Picojoules `json:"dram_write"`
	DRAMIO          unit.Picojoules `json:"dram_io"`
	DRAMRefresh     unit.Picojoules `json:"dram_refresh"`
	DRAMBackground  unit.Picojoules `json:"dram_background"`
}

// Part is one part of a Use, by name.
type Part struct {
	Name   string
	Energy unit.Picojoules
}

// Parts returns the parts in the order of tables, under their names in JSON.
func (u Use) Parts() []Part {
	return []Part{
		{"array", u.Array}, {"tables", u.Tables},
		{"scratchpad_read", u.ScratchpadRead}, {"scratchpad_write", u.ScratchpadWrite},
		{"vector", u.Vector}, {"network", u.Network}, {"phy", u.PHY}, {"leakage", u.Leakage}, {"clock", u.Clock},
		{"dram_activate", u.DRAMActivate}, {"dram_read", u.DRAMRead}, {"dram_write", u.DRAMWrite},
		{"dram_io", u.DRAMIO},
		{"dram_refresh", u.DRAMRefresh}, {"dram_background", u.DRAMBackground},
	}
}

// OnChip returns the sum of the NPU's parts.
func (u Use) OnChip() unit.Picojoules {
	return add(u.Array, u.Tables, u.ScratchpadRead, u.ScratchpadWrite, u.Vector, u.Network, u.PHY, u.Leakage, u.Clock)
}

// DRAM returns the sum of the DRAM's parts.
func (u Use) DRAM() unit.Picojoules {
	return add(u.DRAMActivate, u.DRAMRead, u.DRAMWrite, u.DRAMIO, u.DRAMRefresh, u.DRAMBackground)
}

// Total returns the sum of all parts.
func (u Use) Total() unit.Picojoules { return add(u.OnChip(), u.DRAM()) }

// Of returns the energy of what was counted on an NPU: of figures that the configuration gives, and of the tables here.
// That of other agents' commands is left out (AgentsOf).
func Of(c *config.Config, n *stats.Counts) Use {
	p, e := nodeOf(c.Process), &c.Energy
	t := tablesOf(c.Array)
	read, write := scratchpad(c, p)
	memory, exchange := network(c, p)
	dram := dramEnergy(c, n)
	time := duration(n.Cycles, c.Clock)
	return Use{
		Array: arrayEnergy(c, n, p),
		Tables: add(energy(n.Lookups, t.lookUp*p.sram), energy(n.TableEntries, t.entry*placed*p.energy),
			energy(n.Scalings, (fp16AddEnergy+fp16MulEnergy)*placed*p.energy)),
		ScratchpadRead:  energy(int64(n.ScratchRead), given(e.ScratchpadRead, read)),
		ScratchpadWrite: energy(int64(n.ScratchWrite), given(e.ScratchpadWrite, write)),
		Vector:          energy(n.VectorOps, given(e.VectorOp, laneEnergy*p.energy)),
		Network:         add(energy(int64(n.DRAMBytes()), given(e.Network, memory)), energy(int64(n.Exchanged), exchange)),
		PHY:             energy(8*int64(n.DRAMBytes()), given(e.PHY, 0)),
		Leakage:         during(time, static(c, p)),
		Clock:           during(time, clockPower(c)),
		DRAMActivate:    dram.Activate,
		DRAMRead:        dram.Read,
		DRAMWrite:       dram.Write,
		DRAMIO:          dram.IO,
		DRAMRefresh:     dram.Refresh,
		DRAMBackground:  dram.Background,
	}
}

// arrayEnergy returns the energy of the array's MACs: by their width where the configuration gives it, else by PE
// cycles.
func arrayEnergy(c *config.Config, n *stats.Counts, p node) unit.Picojoules {
	if c.Energy.MAC.IsZero() {
		return energy(n.PECycles, peOf(c.Array).energy*placed*p.energy)
	}
	var sum unit.Picojoules
	for bits, macs := range n.MACsByBits {
		sum = add(sum, energy(macs, given(c.Energy.MAC.At(bits), 0)))
	}
	return sum
}

// given returns the energy of an action that the configuration gives, in fJ, or what is derived where it gives none.
func given(e unit.Attojoules, derived float64) float64 {
	if e == 0 {
		return derived
	}
	return float64(e) / 1e3
}

// static returns the power that is there as long as a step takes.
func static(c *config.Config, n node) unit.Microwatts {
	if c.Energy.Static != 0 {
		return c.Energy.Static
	}
	return unit.Microwatts(math.Round(1e3 * leakage(c, n)))
}

// clockPower returns the power of what follows the clock.
func clockPower(c *config.Config) unit.Microwatts {
	return unit.Microwatts(mulDiv(int64(c.Energy.ClockPower), int64(c.Clock), 1e9))
}

// network returns the energy of the wires, in fJ, for a byte from the edge of the NPU, where the memory controllers
// are, to a scratchpad, and from core to core. From the middle of an edge of a square to a point in it the wire is 3/4
// of the side long on average (a quarter along, a half across), between two points 2/3.
func network(c *config.Config, n node) (memory, exchange float64) {
	s := float64(side(c) * n.wire() * 8)
	return float64(s * 3 / 4), float64(s * 2 / 3)
}

// energy returns count actions of so many fJ each, which are rounded to whole attojoules. The product is rounded down
// to pJ.
func energy(count int64, fJ float64) unit.Picojoules {
	return unit.Picojoules(mulDiv(count, int64(math.Round(fJ*1e3)), 1e6))
}

// during returns the energy of a power over a time, rounded down to pJ.
func during(d unit.Femtoseconds, p unit.Microwatts) unit.Picojoules {
	return unit.Picojoules(mulDiv(int64(d), int64(p), 1e9)) // 1 uW fs = 1e-9 pJ
}

// duration returns n cycles of a clock, rounded down to femtoseconds.
func duration(n unit.Cycles, f unit.Hertz) unit.Femtoseconds {
	return unit.Femtoseconds(mulDiv(int64(n), 1e15, int64(f)))
}

// most is what sums and products end at: a Picojoules holds 9.2 MJ, a Femtoseconds 9,223 s. Check refuses it.
const most = math.MaxInt64

// mulDiv returns a·b/d rounded down, for numbers that are not negative; most at the most.
func mulDiv(a, b, d int64) int64 {
	q, fits := unit.MulDivDown(uint64(a), uint64(b), uint64(d))
	if !fits || q > most {
		return most
	}
	return int64(q)
}

// add returns a sum; most at the most.
func add(all ...unit.Picojoules) (sum unit.Picojoules) {
	for _, e := range all {
		if e > most-sum {
			return most
		}
		sum += e
	}
	return sum
}

// Check refuses counts whose time or energy is more than can be told: keys of the configuration may ask for both.
func Check(c *config.Config, n *stats.Counts) error {
	if duration(n.Cycles, c.Clock) == most {
		return fmt.Errorf("%.3g s are more than can be told; accepted: at most %v, which fewer tokens take, or less of runtime.dispatch",
			n.Cycles.Seconds(c.Clock), unit.Femtoseconds(most))
	}
	if Of(c, n).Total() == most {
		return fmt.Errorf("the energy is more than can be told; accepted: at most %v, which fewer tokens take, or less in the section energy",
			unit.Picojoules(most))
	}
	return nil
}
