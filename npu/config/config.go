package config

import (
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Config is one NPU, fully resolved. Field names in YAML are the names that --set and sweeps use. A key whose tag ends
// in omitempty may be left out, and is left out where it has its zero value, which changes nothing.
type Config struct {
	Name        string     `yaml:"name" json:"name"`
	Description string     `yaml:"description" json:"description"`
	Source      string     `yaml:"source" json:"source"`   // where the figures come from
	Clock       unit.Hertz `yaml:"clock" json:"clock"`     // NPU clock
	Process     Process    `yaml:"process" json:"process"` // technology node, for energy and area
	Energy      Energy     `yaml:"energy,omitempty" json:"energy,omitzero"`
	Cores       int        `yaml:"cores" json:"cores"` // each with an array, a vector unit, a scratchpad and a DMA of its own
	Array       Array      `yaml:"array" json:"array"`
	Vector      Vector     `yaml:"vector" json:"vector"`
	Scratchpad  Scratchpad `yaml:"scratchpad" json:"scratchpad"`
	DMA         DMA        `yaml:"dma" json:"dma"`
	Network     Network    `yaml:"noc" json:"noc"`
	Sequencer   Sequencer  `yaml:"sequencer" json:"sequencer"`
	Runtime     Runtime    `yaml:"runtime,omitempty" json:"runtime,omitzero"`
	Graph       Graphs     `yaml:"graph,omitempty" json:"graph,omitzero"`
	DRAM        DRAM       `yaml:"dram" json:"dram"`
	Weights     Weights    `yaml:"weights" json:"weights"`
	KV          KV         `yaml:"kv" json:"kv"`
	Head        Head       `yaml:"lm_head" json:"lm_head"`
	Tiling      Tiling     `yaml:"tiling" json:"tiling"`
	Fusion      Fusion     `yaml:"fusion" json:"fusion"`
	Count       Count      `yaml:"count" json:"count"`
}

// Array is the compute array: Rows×Cols processing elements (PEs), rows along the reduction (K), columns along the outputs
// (N). Package npu/array says what each style and dataflow costs.
type Array struct {
	Style          Style       `yaml:"style" json:"style"`
	Dataflow       Dataflow    `yaml:"dataflow" json:"dataflow"`           // of matrix products
	GEMV           GEMV        `yaml:"gemv" json:"gemv"`                   // how vectors take the array
	DoubleBuffer   bool        `yaml:"double_buffer" json:"double_buffer"` // a PE loads its next operand while it works on the last one
	Rows           int         `yaml:"rows" json:"rows"`
	Cols           int         `yaml:"cols" json:"cols"`
	Activations    Activations `yaml:"activations" json:"activations"`                                         // number format in which they enter the array
	BitsPerCycle   int         `yaml:"bits_per_cycle" json:"bits_per_cycle"`                                   // bit-serial styles: weight bits that a PE takes per cycle
	ActivationBits int         `yaml:"activation_bits_per_cycle" json:"activation_bits_per_cycle"`             // bit-serial-both: activation bits that a PE takes per cycle
	FusedBits      int         `yaml:"fused_bits" json:"fused_bits"`                                           // bit-parallel-fused: widest operand of one PE in one cycle
	LUTGroup       int         `yaml:"lut_group" json:"lut_group"`                                             // lut: activations of one table
	LUTEntries     int         `yaml:"lut_entries" json:"lut_entries"`                                         // lut: table entries computed per cycle
	DequantLanes   int         `yaml:"dequant_lanes" json:"dequant_lanes"`                                     // dequant-fp16: codebook look-ups per cycle
	Scales         Scales      `yaml:"group_scales,omitempty" json:"group_scales,omitempty" default:"weights"` // dequant-fp16: what the scales of codes meet
	SwitchCycles   unit.Cycles `yaml:"switch_cycles" json:"switch_cycles"`                                     // reconfiguration at a change of precision, after the drain if the style needs one
	Sustained      Share       `yaml:"sustained,omitempty" json:"sustained,omitempty" default:"1"`             // of its peak that the array reaches, as measured
	Unpack         Unpack      `yaml:"unpack,omitempty" json:"unpack,omitzero"`                                // codes of few bits become operands
}

// Vector is the vector unit.
type Vector struct {
	Lanes   int         `yaml:"lanes" json:"lanes"`     // elements per cycle of a one-op function
	Latency unit.Cycles `yaml:"latency" json:"latency"` // pipeline depth, paid once per pass
}

// Scratchpad is the on-chip memory shared by streams and activations.
type Scratchpad struct {
	Size          unit.Bytes `yaml:"size" json:"size"`
	BytesPerCycle int        `yaml:"bytes_per_cycle" json:"bytes_per_cycle"` // read bandwidth towards the array
	Tile          unit.Bytes `yaml:"tile" json:"tile"`                       // largest tile of a stream; 0: an eighth of the size
}

// DMA moves tiles between DRAM and the scratchpad.
type DMA struct {
	Outstanding int         `yaml:"outstanding" json:"outstanding"` // transfers in flight
	Latency     unit.Cycles `yaml:"latency" json:"latency"`         // one way, DMA to memory controller and back: on-chip network

	// How the memory controllers are fed.
	Queues    int                 `yaml:"queues" json:"queues"`       // 1: one, in program order; 2: writes apart; 3: KV reads, too; 4: codebooks and parameters, too
	Grant     unit.Bytes          `yaml:"grant" json:"grant"`         // of a channel's traffic that a queue may send while others wait
	Window    unit.Bytes          `yaml:"window" json:"window"`       // read data that each channel may owe to a queue; 0B: any amount
	Bandwidth unit.BytesPerSecond `yaml:"bandwidth" json:"bandwidth"` // at which read data are taken, with a window; 0B/s: as they come
}

// Network is the on-chip network between the cores' scratchpads and the memory controllers.
type Network struct {
	Topology    Topology            `yaml:"topology" json:"topology"`
	Bandwidth   unit.BytesPerSecond `yaml:"bandwidth" json:"bandwidth"`     // of one core's link, or of the bus; 0B/s: not limited
	Latency     unit.Cycles         `yaml:"latency" json:"latency"`         // from core to core; to memory it is dma.latency
	Arbitration Arbitration         `yaml:"arbitration" json:"arbitration"` // of the cores' transfers at the memory controllers
}

// Tiling overrides what the search over tilings would choose; 0 and auto leave it to the search.
type Tiling struct {
	Rows   int  `yaml:"rows" json:"rows"`     // outputs (weight rows) of a tile
	Tokens int  `yaml:"tokens" json:"tokens"` // activation rows of a tile, in prefill from DRAM
	Hold   Hold `yaml:"hold" json:"hold"`     // operand that stays on chip while the other streams, in prefill from DRAM
}

// Sequencer issues ops.
type Sequencer struct {
	LaunchCycles unit.Cycles `yaml:"launch_cycles" json:"launch_cycles"` // to decode and issue one op
}

// IdealDRAM is the standard of a memory that is nothing but a bandwidth.
const IdealDRAM = "ideal"

// DRAM is the memory system.
type DRAM struct {
	Standard  string              `yaml:"standard" json:"standard"`   // a preset of npu/dram/spec, the name of Part, or "ideal"
	Channels  int                 `yaml:"channels" json:"channels"`   // 1 to 1024
	Mapping   string              `yaml:"mapping" json:"mapping"`     // address bits, lowest first: co2,ch2,bg2,ba2,co4,ro16
	Ranks     int                 `yaml:"ranks" json:"ranks"`         // of a channel: 1, 2, 4
	BankHash  bool                `yaml:"bank_hash" json:"bank_hash"` // bank bits XOR low row bits
	Refresh   string              `yaml:"refresh" json:"refresh"`     // all-bank, per-bank, same-bank, none
	Postpone  int                 `yaml:"postpone" json:"postpone"`   // refreshes that may wait for requests, up to what JEDEC allows
	Capacity  unit.Bytes          `yaml:"capacity" json:"capacity"`
	Bandwidth unit.BytesPerSecond `yaml:"bandwidth" json:"bandwidth"` // ideal only

	FineGranularity spec.FineGranularity `yaml:"fine_granularity,omitempty" json:"fine_granularity,omitempty" default:"1x"` // of all-bank refresh: 1x, 2x, 4x
	Temperature     unit.Celsius         `yaml:"temperature,omitempty" json:"temperature,omitempty" default:"85C"`          // above 85C refreshes come more often
	WCK             spec.WCK             `yaml:"wck,omitempty" json:"wck,omitempty" default:"standard"`                     // of LPDDR5's ranks: standard, rank, channel
	BankMode        spec.BankMode        `yaml:"bank_mode,omitempty" json:"bank_mode,omitempty" default:"standard"`         // of LPDDR5: bank-group, 16-bank, 8-bank
	BurstLength     spec.BurstLength     `yaml:"burst_length,omitempty" json:"burst_length,omitempty" default:"standard"`   // of LPDDR5: 16, 32
	Masked          bool                 `yaml:"masked_writes,omitempty" json:"masked_writes,omitempty" default:"false"`    // writes of part of a burst are masked writes (LPDDR), or read, modify and write (DDR5)

	Page      spec.Page `yaml:"page,omitempty" json:"page,omitempty" default:"open"`           // when rows are closed: open, closed, adaptive
	Queue     int       `yaml:"queue,omitempty" json:"queue,omitempty" default:"0"`            // bursts of the read and of the write queue; 0: 32, HBM 64
	WriteHigh int       `yaml:"write_high,omitempty" json:"write_high,omitempty" default:"80"` // percent of the write queue above which writes go first
	WriteLow  int       `yaml:"write_low,omitempty" json:"write_low,omitempty" default:"20"`   // percent below which reads go again

	Density spec.Density `yaml:"density,omitempty" json:"density,omitempty"` // rows and refresh times are those of this density; absent: the standard's own
	Timing  spec.Changes `yaml:"timing,omitempty" json:"timing,omitzero"`    // timings that are not the standard's

	Part *spec.Part `yaml:"part,omitempty" json:"part,omitempty"` // the whole of a standard that is none of the presets; no key: dram.standard names its file

	Background Background `yaml:"background,omitempty" json:"background,omitzero"` // of other agents of the chip
}

// Background is the traffic of other agents of the chip, such as a CPU, a display or a camera, on all channels alike
// (dram.Background).
type Background struct {
	Bandwidth unit.BytesPerSecond `yaml:"bandwidth,omitempty" json:"bandwidth,omitempty" default:"0B/s"`   // of all channels; 0B/s: none, whatever the pattern
	Pattern   BackgroundPattern   `yaml:"pattern,omitempty" json:"pattern,omitempty" default:"sequential"` // sequential, random
	Write     unit.Percent        `yaml:"write,omitempty" json:"write,omitempty" default:"0%"`             // of the requests
}

// Weights says how quantised weights are stored.
type Weights struct {
	Layout Layout     `yaml:"layout" json:"layout"`
	Chunk  unit.Bytes `yaml:"chunk" json:"chunk"` // most bytes of one plane per turn, per channel; without effect if packed
	Skew   unit.Bytes `yaml:"skew" json:"skew"`   // plane-major: empty bytes before each plane but the first, to move it to other banks

	Group      Group `yaml:"group,omitempty" json:"group,omitempty" default:"auto"`              // weights that share a scale, or codebooks
	ZeroPoints bool  `yaml:"zero_points,omitempty" json:"zero_points,omitempty" default:"false"` // with each scale: not symmetric
}

// Head is the lm_head matrix, which any-precision quantisation leaves alone. Narrower than 16 bits it has scales, never
// codebooks: those of weights.group, or one a row.
type Head struct {
	Bits unit.Bits `yaml:"bits" json:"bits"` // 2 to 8, or 16
}

// Count says what a model of the machine includes; everything but the reproduction of the paper's figure counts everything.
type Count struct {
	Head      bool `yaml:"lm_head" json:"lm_head"`
	Codebooks bool `yaml:"codebooks" json:"codebooks"`
	Params    bool `yaml:"params" json:"params"` // embedding rows, norm weights, biases
}
