package compile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// changed is edge-lpddr5 with some keys changed.
func changed(t testing.TB, assignments ...string) *config.Config {
	t.Helper()
	c := preset(t)
	if err := c.Set(assignments); err != nil {
		t.Fatal(err)
	}
	return c
}

// batched is a compiler of a batch.
func batched(t testing.TB, c *config.Config, model string, prompt, batch int, bits ...unit.Bits) *Compiler {
	t.Helper()
	k, err := New(Job{Config: c, Model: loaded(t, model), Precisions: uniforms(bits...), Prompt: prompt, Passes: 19, Batch: batch})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sums is what a program moves and computes in all.
type sums struct {
	macs  map[string]int64
	bytes [isa.DataCount]unit.Bytes
	fn    [isa.FnCount]int64 // elements
}

func sumsOf(p *isa.Program) sums {
	s := sums{macs: map[string]int64{}}
	for i := range p.Ops {
		o := &p.Ops[i]
		each(o, func(x *isa.Slice, w isa.Pattern, _ bool) { s.bytes[x.Data] += w.Bytes() })
		for t := range o.Tiles {
			w := o.WorkAt(t)
			s.macs[o.Kind.String()] += w.MACs()
			s.fn[w.Fn] += w.Elements
			for _, f := range w.Then {
				if f != isa.FnNone {
					s.fn[f] += int64(w.M) * int64(w.N) * int64(w.Repeat)
				}
			}
		}
	}
	return s
}

// However many cores share a step: the MACs are the model's, each weight is read once, nothing is left out or done twice.
func TestCoresShareAStepWithoutRest(t *testing.T) {
	for _, model := range []string{"phi-1.5", "llama-3.2-1b", "gemma-2-2b", "qwen2.5-0.5b"} {
		one := batched(t, preset(t), model, 64, 1, 4, 2)
		p, err := one.Decode(70, uniform(2), uniform(2))
		if err != nil {
			t.Fatal(err)
		}
		want := sumsOf(p)
		for _, cores := range []int{2, 3, 4, 16} {
			t.Run(fmt.Sprintf("%s on %d cores", model, cores), func(t *testing.T) {
				k := batched(t, changed(t, fmt.Sprintf("cores=%d", cores)), model, 64, 1, 4, 2)
				p, err := k.Decode(70, uniform(2), uniform(2))
				if err != nil {
					t.Fatal(err)
				}
				got := sumsOf(p)
				for kind, n := range want.macs {
					if got.macs[kind] != n {
						t.Errorf("%s: %d MACs, one core does %d", kind, got.macs[kind], n)
					}
				}
				for _, f := range []isa.Fn{isa.FnSoftmax, isa.FnSiluMul, isa.FnGelu, isa.FnGeluMul, isa.FnRope, isa.FnConvert, isa.FnArgmax, isa.FnBias} {
					if got.fn[f] != want.fn[f] {
						t.Errorf("function %d: %d elements, one core does %d", f, got.fn[f], want.fn[f])
					}
				}
				for _, d := range []isa.Data{isa.Weights, isa.HeadWeights, isa.Codebooks} {
					// Tiles of other sizes have other ends, which are rounded up to whole bursts.
					if ratio := float64(got.bytes[d]) / float64(want.bytes[d]); ratio < 0.998 || ratio > 1.005 {
						t.Errorf("%v of %v, one core reads %v", got.bytes[d], d, want.bytes[d])
					}
				}
				if got.bytes[isa.KVWrite] != want.bytes[isa.KVWrite] {
					t.Errorf("%v of cache written, want %v", got.bytes[isa.KVWrite], want.bytes[isa.KVWrite])
				}
				if more := got.bytes[isa.KVRead] - want.bytes[isa.KVRead]; more < 0 || more > unit.Bytes(2*k.model.Layers*cores*stripe) {
					t.Errorf("%v more of the cache read than by one core", more)
				}
				exchanged(t, p, cores)
			})
		}
	}
}

// exchanged checks that every core gets what it lacks: of width w, w - w/cores values.
func exchanged(t *testing.T, p *isa.Program, cores int) {
	t.Helper()
	var total unit.Bytes
	n := 0
	for i := range p.Ops {
		if o := &p.Ops[i]; o.Kind == isa.Exchange {
			total += o.Gather
			n++
			if len(o.Deps) == 0 || o.Unit != isa.Move {
				t.Fatalf("%s: %+v", o.Name, o)
			}
		} else if o.Gather != 0 {
			t.Errorf("%s gathers", o.Name)
		}
	}
	if n%cores != 0 || n == 0 || total == 0 {
		t.Errorf("%d exchanges of %v", n, total)
	}
}

func TestABatchReadsWeightsOnceAndEveryCache(t *testing.T) {
	for _, cores := range []int{1, 4} {
		c := changed(t, fmt.Sprintf("cores=%d", cores))
		p1, err := batched(t, c, "llama-3.2-1b", 64, 1, 4).Decode(70, uniform(4), uniform(4))
		if err != nil {
			t.Fatal(err)
		}
		one := sumsOf(p1)
		for _, batch := range []int{2, 7, 16} {
			t.Run(fmt.Sprintf("%d sequences on %d cores", batch, cores), func(t *testing.T) {
				p, err := batched(t, c, "llama-3.2-1b", 64, batch, 4).Decode(70, uniform(4), uniform(4))
				if err != nil {
					t.Fatal(err)
				}
				got := sumsOf(p)
				for _, kind := range []string{"linear", "head", "scores", "context"} {
					if got.macs[kind] != int64(batch)*one.macs[kind] {
						t.Errorf("%s: %d MACs, want %d times %d", kind, got.macs[kind], batch, one.macs[kind])
					}
				}
				if got.bytes[isa.Weights] > one.bytes[isa.Weights]*1005/1000 || got.bytes[isa.HeadWeights] != one.bytes[isa.HeadWeights] {
					t.Errorf("%v of weights, one sequence reads %v", got.bytes[isa.Weights], one.bytes[isa.Weights])
				}
				for _, d := range []isa.Data{isa.KVRead, isa.KVWrite} {
					if got.bytes[d] != unit.Bytes(batch)*one.bytes[d] {
						t.Errorf("%v of %v, want %d times %v", got.bytes[d], d, batch, one.bytes[d])
					}
				}
				caches(t, p)
			})
		}
	}
}

// caches checks that no two sequences or cores read or write the same part of a cache.
func caches(t *testing.T, p *isa.Program) {
	t.Helper()
	type owner struct {
		layer, core int
		name        string
	}
	write := map[unit.Bytes]string{}
	read := map[unit.Bytes]owner{}
	for i := range p.Ops {
		o := &p.Ops[i]
		each(o, func(s *isa.Slice, w isa.Pattern, store bool) {
			switch s.Data {
			case isa.KVWrite:
				if by, ok := write[w.Base]; ok {
					t.Errorf("%s writes %d, as does %s", o.Name, w.Base, by)
				}
				write[w.Base] = o.Name
			case isa.KVRead:
				me := owner{o.Layer, o.Core, o.Name}
				if by, ok := read[w.Base]; ok {
					t.Errorf("%+v reads %d, as does %+v", me, w.Base, by)
				}
				read[w.Base] = me
			}
		})
	}
}

func TestFusionKeepsOperandsOnChip(t *testing.T) {
	for _, model := range []string{"vicuna-7b", "phi-1.5", "gemma-2-2b", "qwen2.5-1.5b"} {
		t.Run(model, func(t *testing.T) {
			apart := batched(t, preset(t), model, 1000, 1, 4)
			fused := batched(t, changed(t, "fusion=elementwise"), model, 1000, 1, 4)
			apart.room = min(apart.room, fused.room) // else attention is cut otherwise, too
			fused.room = apart.room
			for name, pass := range map[string]func(*Compiler) (*isa.Program, error){
				"prefill": func(k *Compiler) (*isa.Program, error) { return k.Prefill(1000, uniform(4)) },
				"decode":  func(k *Compiler) (*isa.Program, error) { return k.Decode(1010, uniform(4), uniform(4)) },
			} {
				p, err := pass(apart)
				if err != nil {
					t.Fatal(err)
				}
				q, err := pass(fused)
				if err != nil {
					t.Fatal(err)
				}
				if err := q.Validate(fused.cfg.Scratchpad.Size-q.Static, fused.cfg.Cores); err != nil {
					t.Fatal(err)
				}
				a, b := sumsOf(p), sumsOf(q)
				for kind, n := range a.macs {
					if b.macs[kind] != n {
						t.Errorf("%s, %s: %d MACs fused, %d apart", name, kind, b.macs[kind], n)
					}
				}
				for f := range a.fn {
					if f != int(isa.FnNone) && a.fn[f] != b.fn[f] {
						t.Errorf("%s: function %d on %d elements fused, %d apart", name, f, b.fn[f], a.fn[f])
					}
				}
				if name == "decode" && len(q.Ops) >= len(p.Ops) { // a prefill is cut otherwise, too
					t.Errorf("%s: %d ops fused, %d apart", name, len(q.Ops), len(p.Ops))
				}
				// An intermediate that stays on chip is neither written nor read: the activation's input in every model.
				saved := a.bytes[isa.ActRead] + a.bytes[isa.ActWrite] - b.bytes[isa.ActRead] - b.bytes[isa.ActWrite]
				if least := fp16.Of(2 * 1000 * int64(fused.model.FFN) * int64(fused.model.Layers)); name == "prefill" && saved < least {
					t.Errorf("%v of traffic saved, want %v at least", saved, least)
				}
			}
		})
	}
}

func TestTilingsThatAreAskedFor(t *testing.T) {
	m := loaded(t, "vicuna-7b")
	compile := func(assignments ...string) (*Compiler, error) {
		return New(Job{Config: changed(t, assignments...), Model: m, Precisions: uniforms(4), Prompt: 1032, Passes: 19})
	}
	for _, c := range []struct {
		what string
		set  []string
		want string // in the error
	}{
		{"rows that fit are taken", []string{"tiling.rows=64"}, ""},
		{"rows that do not fit name the most", []string{"tiling.rows=1000"}, "tiling.rows: 1000 rows of q_proj, 4096 values at 4 bits each, do not fit into a tile of 1MiB; accepted: 1 to 512, or 0 for the search"},
		{"tokens that fit are taken", []string{"tiling.tokens=64", "tiling.hold=tokens"}, ""},
		{"weights are held if asked", []string{"tiling.hold=weights"}, ""},
		{"tokens that do not fit", []string{"tiling.tokens=1032", "tiling.hold=tokens"}, "q_proj: tiling.tokens 1032 with tiling.hold tokens needs"},
	} {
		t.Run(c.what, func(t *testing.T) {
			k, err := compile(c.set...)
			if err == nil {
				_, err = k.Prefill(1032, uniform(4))
			}
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if err != nil {
				return
			}
			choices, err := k.ExplainPrefill(1032, uniform(4))
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range choices {
				if x.Operator != "q_proj" {
					continue
				}
				asked := k.cfg.Tiling
				if asked.Rows > 0 && x.TileRows != asked.Rows || asked.Tokens > 0 && x.TileTokens != asked.Tokens ||
					asked.Hold != config.HoldAuto && x.Held != string(asked.Hold) {
					t.Errorf("asked for %+v, got %+v", asked, x)
				}
			}
		})
	}
}

// What the search finds is no worse, by its own model, than anything that can be asked for by hand, if attention has
// the same room.
func TestTheSearchFindsTheLeastCost(t *testing.T) {
	m := loaded(t, "vicuna-7b")
	var room unit.Bytes
	cost := func(assignments ...string) (float64, string) {
		k, err := New(Job{Config: changed(t, assignments...), Model: m, Precisions: uniforms(4), Prompt: 1032, Passes: 19})
		if err != nil {
			return 0, err.Error()
		}
		if room == 0 {
			room = k.room
		}
		k.room = room
		choices, err := k.ExplainPrefill(1032, uniform(4))
		if err != nil { // what is asked for does not fit beside that room
			return 0, err.Error()
		}
		for _, c := range choices {
			if c.Operator == "down_proj" {
				return c.Estimate, fmt.Sprintf("%+v", c)
			}
		}
		return 0, "no down_proj"
	}
	best, text := cost()
	for _, hold := range []string{"tokens", "weights"} {
		for _, tokens := range []int{16, 40, 64, 100, 129, 172, 258, 344, 516} {
			if other, with := cost("tiling.hold="+hold, fmt.Sprintf("tiling.tokens=%d", tokens)); other > 0 && other < best/(1+priceError) {
				t.Errorf("chose %s\nbut %s", text, with)
			}
		}
	}
}

// A core's scores wait for its own queries, not for another core's; and no op of attention waits for nothing.
func TestScoresWaitForTheirOwnCore(t *testing.T) {
	for _, prompt := range []int{8, 300} {
		for _, decode := range []bool{true, false} {
			k := batched(t, changed(t, "cores=4", "scratchpad.size=64MiB"), "llama-3.2-1b", prompt, 3, 4)
			p, err := k.Prefill(prompt, uniform(4))
			if decode {
				p, err = k.Decode(prompt, uniform(4), uniform(4))
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range p.Ops {
				o := &p.Ops[i]
				if o.Kind != isa.Scores {
					continue
				}
				if len(o.Deps) == 0 {
					t.Fatalf("%s of core %d waits for nothing", o.Name, o.Core)
				}
				for _, d := range o.Deps {
					if p.Ops[d].Core != o.Core {
						t.Fatalf("%s of core %d waits for %s of core %d", o.Name, o.Core, p.Ops[d].Name, p.Ops[d].Core)
					}
				}
			}
		}
	}
}

// Where the logits of a batch do not fit, the largest is found tile by tile; the head's bias is added before.
func TestARunningArgmaxAddsTheHeadsBias(t *testing.T) {
	k := batched(t, preset(t), "phi-1.5", 64, 64, 4)
	if !k.running || !k.model.HeadBias {
		t.Fatalf("running %v, bias %v: not the case to test", k.running, k.model.HeadBias)
	}
	p, err := k.Decode(70, uniform(4), uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	var head isa.Op
	for _, o := range p.Ops {
		if o.Kind == isa.Head {
			head = o
		}
	}
	if want := [3]isa.Fn{isa.FnBias, isa.FnArgmax}; head.Work.Then != want {
		t.Errorf("%v behind the head, want %v", head.Work.Then, want)
	}
	for i := range head.Hold {
		if head.Hold[i].Last.Bytes() == fp16.Of(int64(k.model.Vocab)) {
			return
		}
	}
	t.Error("the bias is not read")
}
