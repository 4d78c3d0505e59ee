package energy

import (
	"math"

	"github.com/pmpdsim/pmpdsim/npu/config"
)

// Area is the silicon of an NPU in mm2, all cores, without DRAM, its PHY, the sequencer, the DMA and the network.
type Area struct {
	PEs        float64 `json:"pes"`
	Tables     float64 `json:"tables"` // codebooks of dequantising arrays, tables of lut arrays and their adders
	Scratchpad float64 `json:"scratchpad"`
	Vector     float64 `json:"vector"`
}

// AreaPart is a part of an area.
type AreaPart struct {
	Name string
	Area float64
}

// Parts returns the parts in the order of tables.
func (a Area) Parts() []AreaPart {
	return []AreaPart{{"pes", a.PEs}, {"tables", a.Tables}, {"scratchpad", a.Scratchpad}, {"vector", a.Vector}}
}

// Array returns the area by which styles of arrays are compared: PEs and tables.
func (a Area) Array() float64 { return a.PEs + a.Tables }

// Total returns the sum of the parts.
func (a Area) Total() float64 { return a.PEs + a.Tables + a.Scratchpad + a.Vector }

// AreaOf returns the area of an NPU.
func AreaOf(c *config.Config) Area {
	n, cores := nodeOf(c.Process), float64(c.Cores)
	pes, tables := arrayArea(c.Array, n)
	return Area{
		PEs:        cores * pes,
		Tables:     cores * tables,
		Scratchpad: cores * n.sramArea(c.Scratchpad.Size),
		Vector:     cores * float64(c.Vector.Lanes) * laneArea * n.area * 1e-6,
	}
}

// arrayArea returns the area of one core's array, in mm2.
func arrayArea(a config.Array, n node) (pes, tables float64) {
	um2 := placed * n.area * 1e-6
	return peOf(a).area * float64(a.Rows) * float64(a.Cols) * um2, tablesOf(a).area * um2
}

// leakage returns the power of all cells when nothing happens, in mW. Wiring does not leak, so neither does the area
// that placement adds. Memory cells leak as much as logic of their area [A]: 15 uW/KiB at 28 nm. CACTI's
// high-performance cells have 719 at 360 K (5.75 mW for 8 KiB, Dongyunkam/DRAM_info) [V], low-leakage cells of
// foundries one or two [M].
func leakage(c *config.Config, n node) float64 {
	a := AreaOf(c)
	return n.leak() * ((a.PEs+a.Tables+a.Vector)/placed + float64(a.Scratchpad*arrayEfficiency))
}

// maxSide is the largest number of rows or columns that a configuration may have (config.Validate).
const maxSide = 4096

// IsoArea returns the dimensions of an array of another style, all else equal, that takes the area of c's array and its
// tables. Rows are kept and columns scaled, rounded down; where more than 4096 columns would fit, rows are doubled
// until fewer do, up to 4096 rows. There is at least one column, even where the tables alone are too large.
func IsoArea(c *config.Config, to config.Style) (rows, cols int) {
	n := nodeOf(c.Process)
	pes, tables := arrayArea(c.Array, n)
	budget := pes + tables
	a := c.Array
	a.Style = to
	fits := func(cols int) bool {
		a.Cols = cols
		pes, tables := arrayArea(a, n)
		return pes+tables <= budget
	}
	for a.Rows*2 <= maxSide && fits(maxSide+1) {
		a.Rows *= 2
	}
	low, high := 1, maxSide // low fits, or is 1
	for low < high {
		if mid := (low + high + 1) / 2; fits(mid) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return a.Rows, low
}

// side returns the side of a square of the NPU's area, in mm.
func side(c *config.Config) float64 { return math.Sqrt(AreaOf(c).Total()) }
