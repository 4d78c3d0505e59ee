package compile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"testing"

	diff "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/plan"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// laidOut is edge-lpddr5 with a layout in one word.
func laidOut(t testing.TB, layout string, more ...string) *config.Config {
	t.Helper()
	c := preset(t)
	to, err := config.ParseLayout(layout)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set(append(to, more...)); err != nil {
		t.Fatal(err)
	}
	return c
}

// A matrix of 41 rows of 128 B a plane, the first thing in DRAM, stored for passes at 2 and 3 bits, in tiles of at most 6 KiB.
// A stripe is 256 B of each of 4 channels, so a chunk of 256 B makes turns of 1 KiB: 8 rows. 16 rows fill two turns; the 9
// that are left are 1152 B, two turns of 576 B.
func TestAddressesOfASmallMatrix(t *testing.T) {
	planeMajor := func(planes int, apart unit.Bytes) []isa.Pattern {
		w := isa.Pattern{Turn: 1024, Planes: planes, PlaneStride: apart, Outer: 2, OuterStride: 1024}
		all := []isa.Pattern{w, w, w}
		all[1].Base, all[2].Base = 2048, 4096
		all[2].Turn, all[2].OuterStride = 576, 576
		return all
	}
	packed := func(base, tile, last unit.Bytes) []isa.Pattern {
		return []isa.Pattern{isa.Contiguous(base, tile), isa.Contiguous(base+tile, tile), isa.Contiguous(base+2*tile, last)}
	}
	for layout, want := range map[string]map[unit.Bits][]isa.Pattern{
		"interleaved:256B": {
			2: {{Base: 0, Turn: 1024, Planes: 2, PlaneStride: 1024, Outer: 2, OuterStride: 3072},
				{Base: 6144, Turn: 1024, Planes: 2, PlaneStride: 1024, Outer: 2, OuterStride: 3072},
				{Base: 12288, Turn: 576, Planes: 2, PlaneStride: 576, Outer: 2, OuterStride: 1728}},
			3: {{Base: 0, Turn: 1024, Planes: 3, PlaneStride: 1024, Outer: 2, OuterStride: 3072},
				{Base: 6144, Turn: 1024, Planes: 3, PlaneStride: 1024, Outer: 2, OuterStride: 3072},
				{Base: 12288, Turn: 576, Planes: 3, PlaneStride: 576, Outer: 2, OuterStride: 1728}},
		},
		// A chunk below the 256 B that the mapping keeps on a channel: 64 B of each plane side by side.
		"interleaved:64B": {
			2: {{Base: 0, Turn: 64, Planes: 2, PlaneStride: 64, Outer: 32, OuterStride: 192},
				{Base: 6144, Turn: 64, Planes: 2, PlaneStride: 64, Outer: 32, OuterStride: 192},
				{Base: 12288, Turn: 64, Planes: 2, PlaneStride: 64, Outer: 18, OuterStride: 192}},
		},
		// The tiles of a plane take 5248 B, its region 6 stripes.
		"plane-major:256B":           {2: planeMajor(2, 6*1024), 3: planeMajor(3, 6*1024)},
		"plane-major:256B+skew=8KiB": {2: planeMajor(2, 14*1024), 3: planeMajor(3, 14*1024)},
		"plane-major:256B+skew=64B":  {2: planeMajor(2, 6*1024+64), 3: planeMajor(3, 6*1024+64)},
		// The copy of 2 bits ends at 10496, the next starts at a stripe.
		"packed": {2: packed(0, 4096, 9*256), 3: packed(11*1024, 6144, 9*384)},
	} {
		t.Run(layout, func(t *testing.T) {
			c := laidOut(t, layout, "scratchpad.tile=6KiB")
			a := &allocator{stripe: stripe, chosen: map[tilingKey]tiling{}, cores: 1}
			m, err := layMatrix(c, a, &plan.Footprint{}, workloads.Linear{Name: "w", Out: 41, In: 1024}, formats.Format{}, []unit.Bits{2, 3})
			if err != nil {
				t.Fatal(err)
			}
			for bits, want := range want {
				k := copyOf{matrix: &m, bits: bits, quantised: true}
				n := k.tiling().tiles(m.rows)
				s := k.tilesOf(0, n, isa.Weights)
				var got []isa.Pattern
				for i := range n {
					got = append(got, s.At(i, n))
				}
				if d := diff.Diff(want, got); d != "" {
					t.Errorf("%d bits (-want +got):\n%s", bits, d)
				}
			}
		})
	}
}

// stretch is a stretch of addresses that a program reads.
type stretch struct{ from, to unit.Bytes }

// stretches are what a program reads of matrices and codebooks, in ascending order.
func stretches(p *isa.Program, tied bool) (all []stretch) {
	for i := range p.Ops {
		each(&p.Ops[i], func(s *isa.Slice, w isa.Pattern, _ bool) {
			if s.Data != isa.Weights && s.Data != isa.Codebooks && (s.Data != isa.HeadWeights || tied) {
				return
			}
			for o := range unit.Bytes(w.Outer) {
				for j := range unit.Bytes(w.Planes) {
					at := w.Base + o*w.OuterStride + j*w.PlaneStride
					all = append(all, stretch{at, at + w.Turn})
				}
			}
		})
	}
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	return all
}

// weightsOf is what a program reads of the blocks' weights, and in how many turns.
func weightsOf(p *isa.Program) (weights unit.Bytes, turns int) {
	for i := range p.Ops {
		each(&p.Ops[i], func(s *isa.Slice, w isa.Pattern, _ bool) {
			if s.Data == isa.Weights {
				weights += w.Bytes()
				turns += w.Outer * w.Planes
			}
		})
	}
	return weights, turns
}

// overlap returns two of the sorted spans that share an address.
func overlap(all []stretch) (a, b stretch, found bool) {
	for i := 1; i < len(all); i++ {
		if all[i].from < all[i-1].to {
			return all[i-1], all[i], true
		}
	}
	return a, b, false
}

func drawModel(t *rapid.T) *workloads.Model {
	flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
	kv := rapid.IntRange(1, 4).Draw(t, "kv heads")
	m := &workloads.Model{Name: "random", Layers: rapid.IntRange(1, 2).Draw(t, "layers"), Hidden: rapid.IntRange(1, 700).Draw(t, "hidden"),
		KVHeads: kv, Heads: kv * rapid.IntRange(1, 3).Draw(t, "group"), HeadDim: 2 * rapid.IntRange(1, 64).Draw(t, "half a head"),
		FFN: rapid.IntRange(1, 2000).Draw(t, "ffn"), Vocab: rapid.IntRange(1, 3000).Draw(t, "vocab"), MaxPositions: 4096, BlockNorms: 2,
		GatedMLP: flag("gated"), QKVBias: flag("bias"), Tied: flag("tied")}
	m.RotaryDim = m.HeadDim
	return m
}

func drawConfig(t *rapid.T) *config.Config {
	c, err := config.Preset("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	channels := 1 << rapid.IntRange(0, 2).Draw(t, "log2 channels")
	w := config.Weights{Layout: rapid.SampledFrom(config.Layouts()).Draw(t, "layout"), Chunk: 64 << rapid.IntRange(0, 8).Draw(t, "log2 of chunk/64")}
	if w.Layout == config.PlaneMajor {
		w.Skew = 64 * unit.Bytes(rapid.IntRange(0, 5000).Draw(t, "skew/64"))
	}
	to, err := config.ParseLayout(w.String())
	if err != nil {
		t.Fatal(err)
	}
	tile := 64 * unit.KiB << rapid.IntRange(0, 3).Draw(t, "log2 of tile/64KiB")
	if err := c.Set(append(to, "dram.channels="+strconv.Itoa(channels), "scratchpad.tile="+tile.String())); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryLayoutCoversEachMatrixOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		c := drawConfig(t)
		used := rapid.SliceOfNDistinct(rapid.SampledFrom([]unit.Bits{2, 3, 4, 5, 6, 7, 8, 16}), 1, 4, rapid.ID).Draw(t, "precisions")
		k, err := New(Job{Config: c, Model: m, Precisions: uniforms(used...), Prompt: 4, Passes: 3})
		if err != nil {
			t.Fatal(err)
		}
		stored := map[stretch]bool{}
		for _, bits := range used {
			p, err := k.Decode(5, uniform(bits), uniform(bits))
			if err != nil {
				t.Fatal(err)
			}
			all := stretches(p, m.Tied)
			if a, b, found := overlap(all); found || all[0].from < 0 || all[len(all)-1].to > k.image.end {
				t.Fatalf("%d bits: %v and %v are both read, or reads leave the image of %d", bits, a, b, k.image.end)
			}
			checkRows(t, k, p)
			least := bits.Of(m.Params().Blocks)
			weights, turns := weightsOf(p)
			// A plane's row is whole bytes; every turn (packed: every tile) is whole bursts.
			rows := unit.Bytes(m.Layers) * bits.Of(8*int64(matrixRows(m)))
			if weights < least || weights > least+rows+burst*unit.Bytes(turns) {
				t.Fatalf("%d bits: %v read in %d turns, the model has %v", bits, weights, turns, least)
			}
			for _, s := range all {
				stored[s] = true
			}
		}
		// What serves different precisions is the same plane, or lies elsewhere.
		all := make([]stretch, 0, len(stored))
		for s := range stored {
			all = append(all, s)
		}
		slices.SortFunc(all, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
		if a, b, found := overlap(all); found {
			t.Fatalf("%v and %v overlap", a, b)
		}
	})
}

// checkRows checks that the tiles of every linear have all its rows, and that each fits.
func checkRows(t *rapid.T, k *Compiler, p *isa.Program) {
	if err := p.Validate(k.cfg.Scratchpad.Size-p.Static, k.cfg.Cores); err != nil {
		t.Fatal(err)
	}
	var got, want int64
	for i := range p.Ops {
		o := &p.Ops[i]
		for tile := range o.Tiles {
			if o.Kind == isa.Linear && o.Unit == isa.Array {
				got += o.WorkAt(tile).MACs()
				if n := o.TileBytes(tile); n > k.tile {
					t.Fatalf("%s: tile of %v", o.Name, n)
				}
			}
		}
	}
	for _, o := range ops.Step(k.model) {
		if o.Kind == ops.Linear {
			want += o.At(p.Tokens, p.Context-p.Tokens).MACs
		}
	}
	if got != want {
		t.Fatalf("%s: %d MACs, the model has %d", p.Name, got, want)
	}
}

// matrixRows is the rows of all matrices of a block.
func matrixRows(m *workloads.Model) (n int) {
	for _, w := range append(attentionOf(m), m.MLP()...) {
		n += w.Out
	}
	return n
}

// All layouts read the same weights in a pass, but for turns that are rounded up to whole bursts.
func TestLayoutsReadEquallyMuch(t *testing.T) {
	for _, model := range []string{"mobilellama-1.4b", "phi-1.5", "qwen2.5-0.5b", "vicuna-7b"} {
		for _, layout := range []string{"interleaved:64B", "interleaved:1KiB", "interleaved:16KiB", "plane-major:64B", "plane-major:1KiB",
			"plane-major:16KiB+skew=8KiB", "packed"} {
			t.Run(model+" "+layout, func(t *testing.T) {
				k := compiler(t, laidOut(t, layout), model, 700, 20, 4, 3)
				p, err := k.Decode(703, uniform(3), uniform(3))
				if err != nil {
					t.Fatal(err)
				}
				weights, turns := weightsOf(p)
				want := unit.Bits(3).Of(k.model.Params().Blocks)
				if weights < want || weights-want >= burst*unit.Bytes(turns) || float64(weights) > 1.004*float64(want) {
					t.Errorf("%d bytes in %d turns, the model has %d", weights, turns, want)
				}
				if p, err = k.Prefill(700, uniform(4)); err != nil {
					t.Fatal(err)
				}
				if err := p.Validate(k.cfg.Scratchpad.Size-p.Static, k.cfg.Cores); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestFootprintOfLayouts(t *testing.T) {
	for layout, copies := range map[string]unit.Bits{
		"interleaved": 4, "interleaved:64B": 4, "interleaved:16KiB": 4, "plane-major": 4, "plane-major:16KiB": 4, "packed": 4 + 3 + 2,
	} {
		for _, model := range []string{"vicuna-7b", "qwen2.5-0.5b"} {
			t.Run(layout+" "+model, func(t *testing.T) {
				k := compiler(t, laidOut(t, layout), model, 100, 20, 4, 2, 3)
				want := copies.Of(k.model.Params().Blocks)
				if got := k.Footprint().Planes; got < want || float64(got) > 1.03*float64(want) {
					t.Errorf("%d bytes, want %d: %d bits of each weight and a little between tiles", got, want, copies)
				}
			})
		}
	}
	t.Run("a skew stands before three of four planes", func(t *testing.T) {
		planes := func(layout string) unit.Bytes {
			return compiler(t, laidOut(t, layout), "phi-1.5", 100, 20, 4).Footprint().Planes
		}
		const matrices = 24 * 6
		if got, want := planes("plane-major+skew=64KiB")-planes("plane-major"), matrices*3*64*unit.KiB; got != want {
			t.Errorf("%v more, want %v", got, want)
		}
	})
	t.Run("fp16 is the same in all", func(t *testing.T) {
		var all []plan.Footprint
		for _, layout := range []string{"interleaved", "plane-major+skew=64KiB", "packed"} {
			all = append(all, compiler(t, laidOut(t, layout), "phi-1.5", 100, 20, 16).Footprint())
		}
		if all[0] != all[1] || all[0] != all[2] {
			t.Error(fmt.Sprint(all))
		}
	})
}

func TestAnImageHasOnlyThePrecisionsOfItsJob(t *testing.T) {
	k := compiler(t, laidOut(t, "packed"), "phi-1.5", 10, 10, 3)
	defer func() {
		if r := recover(); fmt.Sprint(r) != "compile: q_proj is not stored at 2 bits" {
			t.Errorf("got %v", r)
		}
	}()
	_, err := k.Decode(12, uniform(2), uniform(3))
	t.Errorf("compiled all the same: %v", err)
}
