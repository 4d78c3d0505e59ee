package compile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// A layer of qwen2.5-0.5b has two heads of keys and values, of 64 values each: 128 of a position.
//
//	8 bits                 128
//	4 bits                  64
//	3 bits                  48 = 128 × 3 / 8: 8 codes in 3 bytes
//	2 bits                  32
//	a scale a head           4 = 2 × 2
//	a scale for 32 codes     8 = 2 × 2 × 2; with zero points 16
func TestKeysAndValuesHaveWidthsAndScalesOfTheirOwn(t *testing.T) {
	for _, c := range []struct {
		set         string
		keys, value unit.Bytes // of a position
	}{
		{"kv.bits=8", 128, 128},
		{"kv.bits=16", 256, 256},
		{"kv.bits=8 kv.key_bits=4", 64, 128},
		{"kv.bits=8 kv.value_bits=3", 128, 48},
		{"kv.bits=16 kv.key_bits=3 kv.value_bits=2", 48, 32},
		{"kv.bits=2", 32, 32},
		{"kv.bits=3 kv.group=head", 48 + 4, 48 + 4},
		{"kv.bits=4 kv.group=32", 64 + 8, 64 + 8},
		{"kv.bits=4 kv.group=32 kv.zero_points=true", 64 + 16, 64 + 16},
		{"kv.bits=4 kv.group=64", 64 + 4, 64 + 4},
		{"kv.bits=16 kv.value_bits=4 kv.group=32", 256, 64 + 8},
	} {
		const past = 100
		k := compiler(t, changed(t, strings.Fields(c.set)...), graphModel, 64, 80, 4)
		p, err := k.Decode(past, uniform(4), uniform(4))
		if err != nil {
			t.Fatal(err)
		}
		bytes, macs := trafficOf(p)
		want := past * (c.keys + c.value) * graphLayers
		if rest := bytes[isa.KVRead] - want; rest < 0 || rest > 2*graphLayers*stripe {
			t.Errorf("%s: %d bytes are read, %d by hand and at most a stripe for each", c.set, bytes[isa.KVRead], want)
		}
		if want := (c.keys + c.value) * graphLayers; bytes[isa.KVWrite] != want {
			t.Errorf("%s: %d bytes are written, %d by hand", c.set, bytes[isa.KVWrite], want)
		}
		if want := int64(past+1) * graphHeads * graphLayers; macs[isa.Scores] != want || macs[isa.Context] != want {
			t.Errorf("%s: %d and %d MACs, %d by hand", c.set, macs[isa.Scores], macs[isa.Context], want)
		}
		room := roundUp(c.keys*(64+80), stripe) + roundUp(c.value*(64+80), stripe)
		if got := k.Footprint().KV; got < graphLayers*room-graphLayers*2*stripe || got > graphLayers*room+graphLayers*2*stripe {
			t.Errorf("%s: the cache takes %d bytes, about %d by hand", c.set, got, graphLayers*room)
		}
	}
}

// 32 positions of 128 channels at 4 bits are 2,048 bytes of codes and 256 of scales. Of 100 positions 96 are in three such
// spans, 4 wait in fp16; the token at position 127 makes a span whole, from the 31 keys before it.
func TestKeysByChannelAreStoredInSpans(t *testing.T) {
	const span, plain, value = 2048 + 256, 256, 64 + 8
	k := compiler(t, changed(t, "kv.bits=4", "kv.group=32", "kv.key_scales=channel"), graphModel, 100, 80, 4)
	for past, want := range map[int]struct{ read, written unit.Bytes }{
		100: {3*span + 4*plain + 100*value, plain + value},
		127: {3*span + 31*plain + 127*value + 31*plain, span + value},
		128: {4*span + 128*value, plain + value},
	} {
		p, err := k.Decode(past, uniform(4), uniform(4))
		if err != nil {
			t.Fatal(err)
		}
		bytes, macs := trafficOf(p)
		if rest := bytes[isa.KVRead] - want.read*graphLayers; rest < 0 || rest > 3*graphLayers*stripe {
			t.Errorf("at %d %d bytes are read, %d by hand and at most a stripe for each", past, bytes[isa.KVRead], want.read*graphLayers)
		}
		if bytes[isa.KVWrite] != want.written*graphLayers {
			t.Errorf("at %d %d bytes are written, %d by hand", past, bytes[isa.KVWrite], want.written*graphLayers)
		}
		if want := int64(past+1) * graphHeads * graphLayers; macs[isa.Scores] != want || macs[isa.Context] != want {
			t.Errorf("at %d: %d and %d MACs, %d by hand", past, macs[isa.Scores], macs[isa.Context], want)
		}
	}
	p, err := k.Prefill(100, uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	if bytes, _ := trafficOf(p); bytes[isa.KVWrite] != (3*span+4*plain+100*value)*graphLayers {
		t.Errorf("a prompt of 100 writes %d bytes", bytes[isa.KVWrite])
	}
}

// Whatever its form, what a pass reads of the cache has been written by the prefill or a pass before, but for the ends of
// stripes.
func TestTheCacheThatIsReadHasBeenWritten(t *testing.T) {
	for _, set := range []string{"kv.bits=8", "kv.key_bits=3 kv.group=64", "kv.bits=4 kv.group=32 kv.key_scales=channel",
		"kv.bits=2 kv.group=32 kv.key_scales=channel kv.zero_points=true cores=2", "kv.bits=4 kv.group=32 kv.key_scales=channel scratchpad.size=1MiB"} {
		const grain = 4 // divides all sizes here
		for _, prompt := range []int{1, 100} {
			t.Run(fmt.Sprint(set, " ", prompt), func(t *testing.T) {
				k := compiler(t, changed(t, strings.Fields(set)...), graphModel, prompt, 36, 4)
				written := map[unit.Bytes]bool{}
				check := func(p *isa.Program, err error) {
					if err == nil {
						err = p.Validate(k.cfg.Scratchpad.Size-p.Static, k.cfg.Cores)
					}
					if err != nil {
						t.Fatal(err)
					}
					for i := range p.Ops {
						o := &p.Ops[i]
						missing := unit.Bytes(0)
						each(o, func(s *isa.Slice, w isa.Pattern, _ bool) {
							for turn := range w.Outer {
								at := w.Base + w.OuterStride*unit.Bytes(turn)
								for b := at; b < at+w.Turn && o.Layer == 1; b += grain {
									if s.Data == isa.KVWrite {
										written[b] = true
									}
									if s.Data == isa.KVRead && !written[b] {
										missing += grain
									}
								}
							}
						})
						if missing >= k.image.stripe {
							t.Fatalf("%s: %s reads %d bytes that nobody wrote", p.Name, o.Name, missing)
						}
					}
				}
				check(k.Prefill(prompt, uniform(4)))
				for past := prompt; past < prompt+35; past++ {
					check(k.Decode(past, uniform(4), uniform(4)))
				}
			})
		}
	}
}

func TestASpanMustFitIntoATile(t *testing.T) {
	c := changed(t, "kv.bits=8", "kv.group=128", "kv.key_scales=channel", "scratchpad.tile=512KiB")
	_, err := New(Job{Config: c, Model: loaded(t, "llama-2-7b"), Precisions: uniforms(4), Prompt: 8, Passes: 1})
	want := "kv.group: the keys of 128 positions that share scales, 4096 channels at 8 bits, take 520KiB on a core"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

// What a scale costs beside the PEs: a product for each code of a dequantising array; elsewhere the scores of 32 codes, and
// the activations that meet codes of their own scale.
func TestScalesOfTheCacheAreWork(t *testing.T) {
	h := half{Cached: formats.Cached{Bits: 4, Group: 32}, heads: 2, dim: 64}
	b := builder{Compiler: compiler(t, changed(t, "kv.bits=4"), graphModel, 64, 80, 4), decode: true, rows: 1}
	s := span{q1: 1, c1: 100}
	scores, context := b.attentionWork(isa.Scores, &s, h, 100), b.attentionWork(isa.Context, &s, h, 100)
	if want := (isa.Work{M: 7, N: 100, K: 64, Repeat: 2, Bits: 4, Quantised: true, Group: 32}); scores != want {
		t.Errorf("scores %+v, want %+v", scores, want)
	}
	if want := (isa.Work{M: 7, N: 64, K: 100, Repeat: 2, Bits: 4, Quantised: true, Group: 32, Across: true}); context != want {
		t.Errorf("context %+v, want %+v", context, want)
	}
	h.Channels, h.ZeroPoints = true, true
	if w := b.attentionWork(isa.Scores, &s, h, 100); !w.Across || !w.ZeroPoints {
		t.Errorf("scores of keys by channel %+v", w)
	}
	h = half{Cached: formats.Cached{Bits: 4}, heads: 2, dim: 64}
	if w := b.attentionWork(isa.Scores, &s, h, 100); w.Quantised {
		t.Errorf("scores without scales %+v", w)
	}
}
