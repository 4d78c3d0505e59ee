package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
)

// Problem is one thing that is wrong with the value at Path.
type Problem struct {
	Path    string
	Message string // what is wrong; accepted: what would be right

	with []string // further keys that the problem depends on
}

// grain is the granularity of sizes on chip: the burst of every standard that there is divides it.
const grain unit.Bytes = 64

// RefreshModes returns the ways in which channels refresh their rows: all banks at once, one bank after the other, never
// (to see what refresh costs).
func RefreshModes() []string { return spec.RefreshNames() }

// Validate returns everything that is impossible about c, in the order of the keys, or nothing.
func (c *Config) Validate() []Problem {
	var k checker
	if c.Name == "" || !printable(c.Name) {
		k.add("name", fmt.Sprintf("%q is not a name for tables and results; accepted: one line of printable text", c.Name))
	}
	k.text("description", c.Description)
	k.text("source", c.Source)
	k.clock(c.Clock)
	named(&k, "process", c.Process, Processes())
	k.within("cores", int64(c.Cores), 1, 16)
	k.array(c.Array)
	k.within("vector.lanes", int64(c.Vector.Lanes), 1, 1<<16)
	k.within("vector.latency", int64(c.Vector.Latency), 0, 1e6)
	k.scratchpad(c.Scratchpad)
	k.within("dma.outstanding", int64(c.DMA.Outstanding), 1, 64)
	k.within("dma.latency", int64(c.DMA.Latency), 0, 1e6)
	k.feeding(c.DMA)
	k.network(c.Network)
	k.within("sequencer.launch_cycles", int64(c.Sequencer.LaunchCycles), 0, 1e9)
	k.energy(c.Energy)
	k.runtime(c.Runtime)
	k.graph(c.Graph)
	k.dram(c.DRAM)
	k.weights(c)
	k.kv(c.KV, c.Graph)
	if (c.Head.Bits < 2 || c.Head.Bits > 8) && c.Head.Bits != 16 {
		k.add("lm_head.bits", fmt.Sprintf("%d bits are not a width of the head's weights; accepted: 2 to 8, 16", c.Head.Bits))
	}
	k.within("tiling.rows", int64(c.Tiling.Rows), 0, 1<<24)
	k.within("tiling.tokens", int64(c.Tiling.Tokens), 0, 1<<24)
	named(&k, "tiling.hold", c.Tiling.Hold, Holds())
	named(&k, "fusion", c.Fusion, Fusions())
	return k.problems
}

// named accepts the names of a list.
func named[T ~string](k *checker, path string, v T, known []T) {
	if !slices.Contains(known, v) {
		k.add(path, strict.NotKnown(string(v), known))
	}
}

type checker struct{ problems []Problem }

// add notes a problem of the key at path that depends on the keys with, too.
func (k *checker) add(path, message string, with ...string) {
	k.problems = append(k.problems, Problem{Path: path, Message: message, with: with})
}

// text accepts what YAML, JSON and a terminal show alike.
func (k *checker) text(path, s string) {
	if !printable(strings.ReplaceAll(s, "\n", "")) {
		k.add(path, fmt.Sprintf("%q holds control characters; accepted: lines of printable text", s))
	}
}

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

func (k *checker) within(path string, v, low, high int64) bool {
	if v < low || v > high {
		k.add(path, fmt.Sprintf("%d is out of range; accepted: %d to %d", v, low, high))
		return false
	}
	return true
}

// size accepts low to high in whole grains.
func (k *checker) size(path string, v, low, high unit.Bytes) bool {
	if v < low || v > high || v%grain != 0 {
		k.add(path, fmt.Sprintf("%v is not a possible size; accepted: %v to %v in steps of %v", v, low, high, grain))
		return false
	}
	return true
}

func (k *checker) clock(f unit.Hertz) {
	const low, high unit.Hertz = 1e6, 10e9 // below: not an accelerator; above: not silicon
	if f < low || f > high {
		k.add("clock", fmt.Sprintf("%v is out of range; accepted: %v to %v", f, low, high))
	}
}

func (k *checker) array(a Array) {
	named(k, "array.style", a.Style, Styles())
	named(k, "array.dataflow", a.Dataflow, Dataflows())
	named(k, "array.gemv", a.GEMV, GEMVs())
	named(k, "array.activations", a.Activations, ActivationFormats())
	k.within("array.rows", int64(a.Rows), 1, 4096)
	k.within("array.cols", int64(a.Cols), 1, 4096)
	k.within("array.bits_per_cycle", int64(a.BitsPerCycle), 1, 16)
	k.within("array.activation_bits_per_cycle", int64(a.ActivationBits), 1, 16)
	if !slices.Contains([]int{2, 4, 8, 16}, a.FusedBits) {
		k.add("array.fused_bits", fmt.Sprintf("%d bits are not a width that fuses; accepted: 2, 4, 8, 16", a.FusedBits))
	}
	k.within("array.lut_group", int64(a.LUTGroup), 1, 8)
	k.within("array.lut_entries", int64(a.LUTEntries), 1, 1<<24)
	k.within("array.dequant_lanes", int64(a.DequantLanes), 1, 1<<24)
	if a.Scales != "" {
		named(k, "array.group_scales", a.Scales, ScalesOf())
	}
	if !a.Sustained.possible() {
		k.add("array.sustained", fmt.Sprintf("%v is out of range; accepted: %s", a.Sustained, shareForms))
	}
	k.within("array.switch_cycles", int64(a.SwitchCycles), 0, 1e9)
	k.unpack(a.Unpack)
}

func (k *checker) scratchpad(s Scratchpad) {
	sized := k.size("scratchpad.size", s.Size, 16*unit.KiB, 16*unit.GiB)
	k.within("scratchpad.bytes_per_cycle", int64(s.BytesPerCycle), 1, 1<<26)
	if s.Tile == 0 || !sized {
		return
	}
	// Transfer and compute overlap only where two tiles fit: one that arrives, one that is worked on.
	if s.Tile > s.Size/2 {
		k.add("scratchpad.tile", fmt.Sprintf("%v is more than half of the scratchpad of %v; accepted: %v to %v, or 0B for an eighth",
			s.Tile, s.Size, grain, s.Size/2/grain*grain), "scratchpad.size")
		return
	}
	k.size("scratchpad.tile", s.Tile, grain, s.Size/2/grain*grain)
}

// feeding checks how the memory controllers are fed.
func (k *checker) feeding(d DMA) {
	k.within("dma.queues", int64(d.Queues), 1, 4)
	k.size("dma.grant", d.Grant, grain, unit.MiB)
	if d.Window != 0 {
		k.size("dma.window", d.Window, grain, unit.MiB)
	}
	k.rate("dma.bandwidth", d.Bandwidth)
	if d.Bandwidth > 0 && d.Window == 0 {
		k.add("dma.bandwidth", fmt.Sprintf("%v without a dma.window: the data that wait would need a buffer without end; accepted: a window, or 0B/s",
			d.Bandwidth), "dma.window")
	}
}

// The rates that data may be taken at. A slower one is no machine's, and would be simulated for hours.
const slowest, fastest = unit.BytesPerSecond(1e6), unit.BytesPerSecond(1e15)

// rate checks a bandwidth that need not be limited.
func (k *checker) rate(key string, v unit.BytesPerSecond) {
	if v != 0 && (v < slowest || v > fastest) {
		k.add(key, fmt.Sprintf("%v is out of range; accepted: %v to %v, or 0B/s for no limit", v, slowest, fastest))
	}
}

// network checks the on-chip network.
func (k *checker) network(n Network) {
	named(k, "noc.topology", n.Topology, Topologies())
	k.rate("noc.bandwidth", n.Bandwidth)
	k.within("noc.latency", int64(n.Latency), 0, 1e6)
	named(k, "noc.arbitration", n.Arbitration, Arbitrations())
}

func (k *checker) dram(d DRAM) {
	if d.Standard != IdealDRAM && d.part() == nil {
		k.add("dram.standard", fmt.Sprintf("%q is not known; %s", d.Standard, spec.Accepted(d.Standard, IdealDRAM)))
	}
	if !channelsPossible(d.Channels) {
		k.add("dram.channels", fmt.Sprintf("%d is not a number of channels; accepted: 1 to 1024", d.Channels))
	}
	named(k, "dram.refresh", d.Refresh, RefreshModes())
	if !slices.Contains([]int{1, 2, 4}, d.Ranks) {
		k.add("dram.ranks", fmt.Sprintf("%d is not a number of ranks; accepted: 1, 2, 4", d.Ranks))
	}
	k.within("dram.postpone", int64(d.Postpone), 0, mostPostponed)
	if d.Capacity < unit.MiB || d.Capacity > mostCapacity {
		k.add("dram.capacity", fmt.Sprintf("%v is not a possible size; accepted: 1MiB to 1024TiB", d.Capacity))
	}
	k.background(d.Background)
	if d.Standard == IdealDRAM {
		k.ideal(d)
	} else if s := standardOf(d); s != nil {
		k.timed(d, s)
	}
}

// mostPostponed is the most refreshes that any standard may postpone: DDR4 of fine granularity 4x.
const mostPostponed = 32

// mostCapacity bounds the capacity of an ideal memory.
const mostCapacity = 1024 * 1024 * unit.GiB

// channelsPossible reports whether n channels are modelled.
func channelsPossible(n int) bool { return n > 0 && n <= 1024 }

// ideal checks a memory that is nothing but a bandwidth: what it cannot have is refused, not ignored.
func (k *checker) ideal(d DRAM) {
	if d.Bandwidth < slowest || d.Bandwidth > fastest {
		k.add("dram.bandwidth", fmt.Sprintf("%v, but an ideal memory is nothing but a bandwidth; accepted: %v to %v, such as 32GB/s",
			d.Bandwidth, slowest, fastest), "dram.standard")
	}
	if d.Mapping != "" {
		k.add("dram.mapping", fmt.Sprintf(`%q, but an ideal memory has no banks; accepted: ""`, d.Mapping), "dram.standard")
	}
	if d.Background.Bandwidth != 0 {
		k.add("dram.background.bandwidth", fmt.Sprintf("%v, but an ideal memory serves no other agents; accepted: 0B/s",
			d.Background.Bandwidth), "dram.standard")
	}
	if d.BankHash {
		k.add("dram.bank_hash", "true, but an ideal memory has no banks; accepted: false", "dram.standard")
	}
	if d.Ranks > 1 || d.Postpone > 0 {
		k.add("dram.ranks", fmt.Sprintf("%d, and %d postponed refreshes, but an ideal memory has neither; accepted: 1 and 0", d.Ranks, d.Postpone),
			"dram.standard", "dram.postpone")
	}
	if i := slices.IndexFunc(d.Timing[:], func(t spec.Time) bool { return t != 0 }); i >= 0 {
		k.add("dram.timing."+spec.TimingNames()[i], "an ideal memory has no timings; accepted: none of them", "dram.standard")
	}
	if d.Density != 0 {
		k.add("dram.density", fmt.Sprintf("%v, but an ideal memory has no dies; accepted: none", d.Density), "dram.standard")
	}
	if d.Masked {
		k.add("dram.masked_writes", "true, but an ideal memory has no bursts; accepted: false", "dram.standard")
	}
	for _, key := range d.operation().Made() {
		k.add("dram."+key, "an ideal memory is no part that could be operated in several ways; accepted: the default", "dram.standard")
	}
	for _, key := range d.scheduling().Made() {
		k.add("dram."+key, "an ideal memory has no queues and no rows; accepted: the default", "dram.standard")
	}
	if d.Refresh != "none" && slices.Contains(RefreshModes(), d.Refresh) {
		k.add("dram.refresh", fmt.Sprintf("%q, but an ideal memory is not refreshed; accepted: none", d.Refresh), "dram.standard")
	}
}

// timed checks a memory whose bandwidth follows from its standard s.
func (k *checker) timed(d DRAM, s *spec.Standard) {
	if d.Bandwidth != 0 {
		k.add("dram.bandwidth", fmt.Sprintf("%v, but the bandwidth of %s follows from its timing; accepted: 0B/s, or the standard %q",
			d.Bandwidth, d.Standard, IdealDRAM), "dram.standard")
	}
	k.operation(d)
	if d.Masked && !s.HasMaskedWrites() {
		k.add("dram.masked_writes", fmt.Sprintf("true, but %s writes part of a burst as it writes a whole one; accepted: false, or LPDDR or DDR5",
			d.Standard), "dram.standard")
	}
	for _, f := range d.scheduling().Faults() {
		var with []string
		if f.Key == "write_low" {
			with = []string{"dram.write_high"}
		}
		k.add("dram."+f.Key, f.Err.Error(), with...)
	}
	var refresh spec.Refresh
	if err := refresh.UnmarshalText([]byte(d.Refresh)); err == nil && !s.HasRefresh(refresh) {
		k.add("dram.refresh", fmt.Sprintf("%q, but %s %s", d.Refresh, d.Standard, s.WithoutRefresh(refresh)), "dram.standard")
	}
	if d.Postpone > s.MaxPostponed && d.Postpone <= mostPostponed {
		k.add("dram.postpone", fmt.Sprintf("%d, but %s may postpone %d; accepted: 0 to %d", d.Postpone, d.Standard, s.MaxPostponed, s.MaxPostponed),
			"dram.standard")
	}
	if !k.density(d) || (!d.Timing.IsZero() || d.Density != 0) && !k.timing(d, s) {
		return
	}
	if err := s.Validate(); err != nil && d.Ranks > 1 {
		k.add("dram.ranks", fmt.Sprintf("%d: %v; accepted: fewer", d.Ranks, err), "dram.standard")
		return
	}
	if s.Family == spec.HBM && d.Ranks > 1 {
		k.add("dram.ranks", fmt.Sprintf("%d, but a channel of %s has one (pseudo channels and stacks belong to the standard); accepted: 1",
			d.Ranks, d.Standard), "dram.standard")
	}
	if !channelsPossible(d.Channels) {
		return
	}
	if most := d.most(); d.Capacity > most && d.Capacity <= mostCapacity {
		k.add("dram.capacity", fmt.Sprintf("%v, but %d channels of %s hold at most %v; accepted: 1MiB to %v, or more channels",
			d.Capacity, d.Channels, d.Standard, most, most), "dram.standard", "dram.channels")
	}
	if message := mappingProblem(d, s); message != "" {
		k.add("dram.mapping", message, "dram.standard", "dram.channels", "dram.bank_hash")
	}
	if b := d.Background; b.Bandwidth != 0 && s.HasRefresh(refresh) && s.Validate() == nil {
		if least, most := s.BackgroundLimits(d.Channels, refresh); b.Bandwidth < least || b.Bandwidth > most {
			k.add("dram.background.bandwidth", fmt.Sprintf("%v, beside %d channels of %s; accepted: %v to %v, a quarter of the peak, or 0B/s",
				b.Bandwidth, d.Channels, d.Standard, least, most), "dram.standard", "dram.channels", "dram.refresh")
		}
	}
}

// background checks what does not depend on the standard of the memory.
func (k *checker) background(b Background) {
	if b.Pattern != "" {
		named(k, "dram.background.pattern", b.Pattern, BackgroundPatterns())
	}
	if b.Write < 0 || b.Write > 100 {
		k.add("dram.background.write", fmt.Sprintf("%d is no share; accepted: 0%% to 100%%", int64(b.Write)))
	}
}

// operation checks how a part is operated.
func (k *checker) operation(d DRAM) {
	_, faults := operated(d)
	for _, f := range faults {
		k.add("dram."+f.Key, f.Err.Error(), "dram.standard", "dram.bank_mode")
	}
}

// timing reports whether the timings that d changes go together with the others of its standard s.
func (k *checker) timing(d DRAM, s *spec.Standard) bool {
	problem, about := s.Problem()
	if problem == "" || len(about) == 0 && d.Ranks > 1 { // ranks are checked below
		return true
	}
	var paths []string
	for _, path := range about {
		paths = append(paths, "dram."+path)
	}
	if len(paths) == 0 {
		paths = []string{"dram.standard"}
	}
	for i, name := range spec.TimingNames() { // one of those that are changed, if that is said
		if slices.Contains(about, "timing."+name) && d.Timing[i] != 0 {
			paths[0] = "dram.timing." + name
			break
		}
	}
	if !strings.Contains(problem, "; accepted: ") {
		problem += "; accepted: timings that a DRAM can have together"
	}
	k.add(paths[0], fmt.Sprintf("clocks of %v: %s", s.TCK, problem), append(paths[1:], "dram.density", "dram.standard")...)
	return false
}

// mostChunk is the largest chunk: more than a row buffer of any standard, beyond which nothing changes.
const mostChunk = 16 * unit.KiB

// mostSkew is the largest skew: more than it takes to come to any bank.
const mostSkew = 16 * unit.MiB

func (k *checker) weights(c *Config) {
	w := c.Weights
	named(k, "weights.layout", w.Layout, Layouts())
	if !slices.Contains(groupNames, w.Group.String()) {
		k.add("weights.group", strict.NotKnown(w.Group.String(), groupNames))
	}
	if w.ZeroPoints && w.Group == GroupCodebook {
		k.add("weights.zero_points", "true, but a codebook has values for all codes; accepted: false, or another group", "weights.group")
	}
	k.chunk(c)
	if w.Skew != 0 && w.Layout != PlaneMajor {
		k.add("weights.skew", fmt.Sprintf("%v, but only the planes of the layout %s are regions to move apart; accepted: 0B, or that layout",
			w.Skew, PlaneMajor), "weights.layout")
		return
	}
	k.size("weights.skew", w.Skew, 0, mostSkew)
}

func (k *checker) chunk(c *Config) {
	chunk := c.Weights.Chunk
	if chunk < grain || chunk&(chunk-1) != 0 || chunk > mostChunk {
		k.add("weights.chunk", fmt.Sprintf("%v is not a possible size; accepted: a power of two, %v to %v", chunk, grain, mostChunk))
		return
	}
	// A plane's turn is a chunk on every channel, and at least one turn must fit into a tile.
	most := c.TileBytes() / unit.Bytes(max(c.DRAM.Channels, 1))
	if chunk > most && c.Weights.Layout != Packed && channelsPossible(c.DRAM.Channels) {
		k.add("weights.chunk", fmt.Sprintf("%v on each of %d channels are more than a tile of %v; accepted: a power of two up to %v, or a larger tile",
			chunk, c.DRAM.Channels, c.TileBytes(), most), "scratchpad.tile", "scratchpad.size", "dram.channels", "weights.layout")
	}
}
