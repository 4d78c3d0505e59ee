package compile

import (
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// trafficOf adds up what a program loads and stores, and its MACs.
func trafficOf(p *isa.Program) (bytes [isa.DataCount]unit.Bytes, macs map[isa.Kind]int64) {
	macs = map[isa.Kind]int64{}
	for i := range p.Ops {
		o := &p.Ops[i]
		each(o, func(s *isa.Slice, w isa.Pattern, _ bool) { bytes[s.Data] += w.Bytes() })
		for tile := range o.Tiles {
			if o.Unit == isa.Array {
				macs[o.Kind] += o.WorkAt(tile).MACs()
			}
		}
	}
	return bytes, macs
}

// qwen2.5-0.5b has 24 layers, 14 heads and 2 heads of keys and values of 64: a position of the cache has 8 bits × 2 ×
// 128 × 24.
const graphModel, graphLayers, graphHeads, graphRow = "qwen2.5-0.5b", 24, 14 * 64, 2 * 128 * 24

func TestADecodePassOfAGraphReadsAndComputesItsWholeContext(t *testing.T) {
	const past, context = 100, 1024
	for _, c := range []struct {
		graph     string
		positions int64
	}{{"graph.context=0", past + 1}, {"graph.context=1024", context}, {"graph.context=1024 graph.prefill_exact=true", context}} {
		p, err := compiler(t, changed(t, append(strings.Fields(c.graph), "kv.bits=8")...), graphModel, 64, 80, 4).Decode(past, uniform(4), uniform(4))
		if err != nil {
			t.Fatal(err)
		}
		bytes, macs := trafficOf(p)
		if got, least := bytes[isa.KVRead], unit.Bytes((c.positions-1)*graphRow); got < least || got > least+least/10+64*1024 {
			t.Errorf("%s: %v of the cache are read, %v hold the positions before the token", c.graph, got, least)
		}
		if got, want := macs[isa.Scores]+macs[isa.Context], 2*c.positions*graphHeads*graphLayers; got != want {
			t.Errorf("%s: attention takes %d MACs, by hand %d", c.graph, got, want)
		}
		if got := bytes[isa.KVWrite]; got != graphRow {
			t.Errorf("%s: %v are written", c.graph, got)
		}
	}
}

func TestAPromptTakesAPassOverTheWeightsForEachOfItsChunks(t *testing.T) {
	whole, err := compiler(t, changed(t), graphModel, 100, 8, 4).Prefill(100, uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	one, err := compiler(t, changed(t, "graph.prefill_chunk=100"), graphModel, 100, 8, 4).Prefill(100, uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(whole.Ops, one.Ops) {
		t.Error("a chunk as long as the prompt makes another program")
	}
	chunks, err := compiler(t, changed(t, "graph.prefill_chunk=40"), graphModel, 100, 8, 4).Prefill(100, uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	of, _ := trafficOf(whole)
	got, macs := trafficOf(chunks)
	for _, d := range []isa.Data{isa.Weights, isa.Codebooks, isa.HeadWeights} {
		if n := 3 * of[d]; got[d] < n-n/200 || got[d] > n+n/200 { // tiles are cut otherwise: turns are rounded up otherwise
			t.Errorf("%v: %v in three chunks, %v at once", d, got[d], of[d])
		}
	}
	if got[isa.KVWrite]*100 != of[isa.KVWrite]*120 {
		t.Errorf("%v of the cache are written for 120 positions, %v for 100", got[isa.KVWrite], of[isa.KVWrite])
	}
	if want := int64(2*40*(40+80+120)) * graphHeads * graphLayers; macs[isa.Scores]+macs[isa.Context] != want {
		t.Errorf("attention takes %d MACs, by hand %d: each chunk with all before it", macs[isa.Scores]+macs[isa.Context], want)
	}
	padded, err := compiler(t, changed(t, "graph.prefill_chunk=40", "graph.context=256"), graphModel, 100, 8, 4).Prefill(100, uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	if _, macs = trafficOf(padded); macs[isa.Scores]+macs[isa.Context] != int64(2*120*256)*graphHeads*graphLayers {
		t.Errorf("attention of padded chunks takes %d MACs", macs[isa.Scores]+macs[isa.Context])
	}
	exact, err := compiler(t, changed(t, "graph.prefill_chunk=40", "graph.context=256", "graph.prefill_exact=true"), graphModel, 100, 8, 4).
		Prefill(100, uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	if read, m := trafficOf(exact); m[isa.Scores]+m[isa.Context] != int64(2*40*(40+80+120))*graphHeads*graphLayers || read[isa.KVRead] != got[isa.KVRead] {
		t.Errorf("exact chunks: attention takes %d MACs and %v of the cache", m[isa.Scores]+m[isa.Context], read[isa.KVRead])
	}
	embeds := 0
	for i := range chunks.Ops {
		if o := &chunks.Ops[i]; o.Kind == isa.Embed {
			if embeds++; embeds > 1 && (len(o.Deps) != 1 || o.Deps[0] != i-1) {
				t.Errorf("chunk %d waits for %v, the chunk before ends with op %d", embeds, o.Deps, i-1)
			}
		}
	}
	if embeds != 3 {
		t.Errorf("%d chunks", embeds)
	}
}

func TestTheLastPassOfARaggedPromptIsAsLongAsWhatIsLeft(t *testing.T) {
	c := compiler(t, changed(t, "graph.prefill_chunk=40", "graph.prefill_ragged=true"), graphModel, 100, 8, 4)
	p, err := c.Prefill(100, uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	bytes, macs := trafficOf(p)
	if want := int64(2*(40*40+40*80+20*100)) * graphHeads * graphLayers; macs[isa.Scores]+macs[isa.Context] != want {
		t.Errorf("attention takes %d MACs, by hand %d", macs[isa.Scores]+macs[isa.Context], want)
	}
	whole, err := compiler(t, changed(t), graphModel, 100, 8, 4).Prefill(100, uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	of, at := trafficOf(whole)
	if macs[isa.Linear] != at[isa.Linear] || bytes[isa.KVWrite] != of[isa.KVWrite] {
		t.Errorf("matrices take %d MACs and %v are written, %d and %v at once", macs[isa.Linear], bytes[isa.KVWrite], at[isa.Linear], of[isa.KVWrite])
	}
	one, err := compiler(t, changed(t, "graph.prefill_chunk=128", "graph.prefill_ragged=true"), graphModel, 100, 8, 4).Prefill(100, uniform(4))
	if err != nil || !reflect.DeepEqual(whole.Ops, one.Ops) {
		t.Errorf("%v: a chunk longer than the prompt makes another program", err)
	}
}

func TestAGraphMustHoldTheRun(t *testing.T) {
	c := changed(t, "graph.context=256", "graph.prefill_chunk=100")
	for _, tc := range []struct {
		prompt, passes int
		want           string
	}{{200, 55, ""}, {200, 56, "take 257"}, {201, 3, "take 300"}} {
		_, err := New(Job{Config: c, Model: loaded(t, graphModel), Precisions: uniforms(4), Prompt: tc.prompt, Passes: tc.passes})
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("prompt %d, %d passes: %v, want %q", tc.prompt, tc.passes, err, tc.want)
		}
	}
}
