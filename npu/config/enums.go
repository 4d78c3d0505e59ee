package config

import "github.com/pmpdsim/pmpdsim/sim/unit/strict"

// Style names a compute-array style (npu/array, one file each).
type Style string

// The styles.
const (
	BitSerialWeight  Style = "bit-serial-weight"  // weights a few bits at a time (UNPU, BitMoD)
	BitSerialBoth    Style = "bit-serial-both"    // weights and activations a few bits at a time (Loom; Stripes)
	BitParallelFused Style = "bit-parallel-fused" // narrow multipliers that fuse into wide ones (Bit Fusion)
	LUT              Style = "lut"                // tables of activation sums, looked up by weight bits (T-MAC, LUT Tensor Core, FIGLUT)
	DequantFP16      Style = "dequant-fp16"       // codebook look-ups in front of an fp16 array (any-precision kernels)
	PlainINT8        Style = "int8"               // 8-bit multipliers, whatever the width of narrower weights (phones' NPUs)
)

// Styles returns the compute styles.
func Styles() []Style {
	return []Style{BitSerialWeight, BitSerialBoth, BitParallelFused, LUT, DequantFP16, PlainINT8}
}

// Dataflow says which operand of a matrix product stays in the PEs.
type Dataflow string

// The dataflows.
const (
	WeightStationary Dataflow = "weight-stationary"
	OutputStationary Dataflow = "output-stationary"
	InputStationary  Dataflow = "input-stationary"
)

// Dataflows returns the dataflows.
func Dataflows() []Dataflow { return []Dataflow{WeightStationary, OutputStationary, InputStationary} }

// GEMV is the mapping of a matrix-vector product to the array.
type GEMV string

// The GEMV mappings. Stationary: as a matrix of one row. Columns: every PE takes its weights from a scratchpad lane of
// its own. KSplit: so, too, and columns without an output take slices of the reduction.
const (
	GEMVStationary GEMV = "stationary"
	GEMVColumns    GEMV = "columns"
	GEMVKSplit     GEMV = "k-split"
)

// GEMVs returns the GEMV mappings.
func GEMVs() []GEMV { return []GEMV{GEMVStationary, GEMVColumns, GEMVKSplit} }

// Activations is the number format in which activations enter the array.
type Activations string

// The formats.
const (
	FP16 Activations = "fp16"
	BF16 Activations = "bf16"
	INT8 Activations = "int8"
)

// ActivationFormats returns the formats.
func ActivationFormats() []Activations { return []Activations{FP16, BF16, INT8} }

// Topology is the form of the on-chip network.
type Topology string

// The topologies. Crossbar: a link for each core. Bus: one for all of them.
const (
	Crossbar Topology = "crossbar"
	Bus      Topology = "bus"
)

// Topologies returns the topologies.
func Topologies() []Topology { return []Topology{Crossbar, Bus} }

// Arbitration is the order in which the memory controllers serve the cores.
type Arbitration string

// The orders. OldestFirst: transfers in the order in which they come. RoundRobin: the cores in turn, dma.grant bytes of
// a channel's traffic each.
const (
	OldestFirst Arbitration = "oldest-first"
	RoundRobin  Arbitration = "round-robin"
)

// Arbitrations returns the orders.
func Arbitrations() []Arbitration { return []Arbitration{OldestFirst, RoundRobin} }

// Hold is the operand of a matrix product from DRAM that stays on chip.
type Hold string

// The operands.
const (
	HoldAuto    Hold = "auto" // whichever the search finds faster
	HoldTokens  Hold = "tokens"
	HoldWeights Hold = "weights"
)

// Holds returns the accepted values of tiling.hold.
func Holds() []Hold { return []Hold{HoldAuto, HoldTokens, HoldWeights} }

// Fusion says which vector operators run tile by tile behind the product that feeds them.
type Fusion string

// The extents. Elementwise: biases, activations and residual additions, whose operands then never leave the chip.
const (
	NoFusion    Fusion = "none"
	Elementwise Fusion = "elementwise"
)

// Fusions returns the extents.
func Fusions() []Fusion { return []Fusion{NoFusion, Elementwise} }

// Process is a technology node.
type Process string

// The nodes.
const (
	N45 Process = "45nm"
	N28 Process = "28nm"
	N16 Process = "16nm"
	N7  Process = "7nm"
	N5  Process = "5nm"
)

// Processes returns the nodes.
func Processes() []Process { return []Process{N45, N28, N16, N7, N5} }

// BackgroundPattern is the order of addresses of other agents. The empty one is sequential.
type BackgroundPattern string

// The patterns.
const (
	SequentialPattern BackgroundPattern = "sequential"
	RandomPattern     BackgroundPattern = "random"
)

// BackgroundPatterns returns the patterns.
func BackgroundPatterns() []BackgroundPattern {
	return []BackgroundPattern{SequentialPattern, RandomPattern}
}

// Overlap says what goes on while codes are unpacked.
type Overlap string

// What goes on. Products: unpacking is a stage beside the PEs. Loads: the PEs unpack a tile themselves, before its
// products, while the DMA fetches the next one.
const (
	OverlapProducts Overlap = "products"
	OverlapLoads    Overlap = "loads"
)

// Overlaps returns what may go on.
func Overlaps() []Overlap { return []Overlap{OverlapProducts, OverlapLoads} }

// UnpackPer says how often a code is unpacked.
type UnpackPer string

// How often. Tile: once for all vectors of a tile. Vector: for each of them anew.
const (
	PerTile   UnpackPer = "tile"
	PerVector UnpackPer = "vector"
)

// UnpackPers returns how often codes may be unpacked.
func UnpackPers() []UnpackPer { return []UnpackPer{PerTile, PerVector} }

// Scales says what the scales of codes meet in an array that dequantises.
type Scales string

// What they meet. Weights: each code as it enters. Sums: the output of a row, and each sum over a group.
const (
	ScaleWeights Scales = "weights"
	ScaleSums    Scales = "sums"
)

// ScalesOf returns what scales may meet.
func ScalesOf() []Scales { return []Scales{ScaleWeights, ScaleSums} }

// UnmarshalText reads what scales meet.
func (s *Scales) UnmarshalText(t []byte) error { return strict.Enum(s, t, ScalesOf()) }

// UnmarshalText reads the name of a pattern.
func (p *BackgroundPattern) UnmarshalText(t []byte) error {
	return strict.Enum(p, t, BackgroundPatterns())
}

// RuntimeClass is how a runtime hands a pass to the NPU (Runtime).
type RuntimeClass string

// The classes.
const (
	Ideal    RuntimeClass = "ideal"
	PerOp    RuntimeClass = "per-op"
	Graph    RuntimeClass = "graph"
	GPUGraph RuntimeClass = "gpu-graph"
)

// RuntimeClasses returns the classes.
func RuntimeClasses() []RuntimeClass { return []RuntimeClass{Ideal, PerOp, Graph, GPUGraph} }

// Prefetch says how far the DMA may fetch ahead of what the runtime has dispatched.
type Prefetch string

// The extents. PrefetchProgram: as far as the scratchpad has room. PrefetchOp: not beyond the piece dispatched last.
const (
	PrefetchProgram Prefetch = "program"
	PrefetchOp      Prefetch = "op"
)

// Prefetches returns the extents.
func Prefetches() []Prefetch { return []Prefetch{PrefetchProgram, PrefetchOp} }

// UnmarshalText reads the name of a class.
func (c *RuntimeClass) UnmarshalText(t []byte) error { return strict.Enum(c, t, RuntimeClasses()) }

// UnmarshalText reads the name of an extent.
func (p *Prefetch) UnmarshalText(t []byte) error { return strict.Enum(p, t, Prefetches()) }

// UnmarshalText reads the name of a style.
func (s *Style) UnmarshalText(t []byte) error { return strict.Enum(s, t, Styles()) }

// UnmarshalText reads the name of a dataflow.
func (d *Dataflow) UnmarshalText(t []byte) error { return strict.Enum(d, t, Dataflows()) }

// UnmarshalText reads the name of a GEMV mapping.
func (g *GEMV) UnmarshalText(t []byte) error { return strict.Enum(g, t, GEMVs()) }

// UnmarshalText reads the name of a format.
func (a *Activations) UnmarshalText(t []byte) error { return strict.Enum(a, t, ActivationFormats()) }

// UnmarshalText reads the name of a topology.
func (n *Topology) UnmarshalText(t []byte) error { return strict.Enum(n, t, Topologies()) }

// UnmarshalText reads the name of an order.
func (a *Arbitration) UnmarshalText(t []byte) error { return strict.Enum(a, t, Arbitrations()) }

// UnmarshalText reads the name of an operand.
func (h *Hold) UnmarshalText(t []byte) error { return strict.Enum(h, t, Holds()) }

// UnmarshalText reads the name of an extent.
func (f *Fusion) UnmarshalText(t []byte) error { return strict.Enum(f, t, Fusions()) }

// UnmarshalText reads the name of a node.
func (p *Process) UnmarshalText(t []byte) error { return strict.Enum(p, t, Processes()) }

// UnmarshalText reads what goes on.
func (o *Overlap) UnmarshalText(t []byte) error { return strict.Enum(o, t, Overlaps()) }

// UnmarshalText reads how often.
func (p *UnpackPer) UnmarshalText(t []byte) error { return strict.Enum(p, t, UnpackPers()) }
