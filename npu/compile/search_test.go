package compile

import (
	"math"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// The search weighs a prefill and a decode pass, each limited by memory or by the array, however many are run.
func TestTheSearchWeighsPrefillAndDecode(t *testing.T) {
	const prompt, batch, n, bits = 300, 4, 64, 4
	price, err := newPricing(preset(t))
	if err != nil {
		t.Fatal(err)
	}
	s := shape{tilingKey{rows: 10 * n, k: 2048, bits: bits, planar: true}, n, 64 * unit.KiB}
	memory := price.transfer(10 * 64 * unit.KiB)
	want := func(m int) float64 {
		return max(memory, price.work(isa.Work{M: m, N: n, K: 2048, Repeat: 1, Bits: bits, Quantised: true}, 10))
	}
	for _, passes := range []int{1, 2, 99} {
		prefill, decode := price.passes(Job{Config: preset(t), Prompt: prompt, Passes: passes, Batch: batch})(s)
		if w := want(prompt); math.Abs(prefill-w) > 1e-12*w {
			t.Errorf("%d passes: prefill is priced at %v s, want %v s", passes, prefill, w)
		}
		if w := want(batch); math.Abs(decode-w) > 1e-12*w {
			t.Errorf("%d passes: one is priced at %v s, want %v s", passes, decode, w)
		}
	}
}

// A job of one decode pass has room for the prompt and for the tokens of prefill and of that pass.
func TestTheCacheHasRoomForEveryPosition(t *testing.T) {
	k, err := New(Job{Config: preset(t), Model: loaded(t, "qwen2.5-0.5b"), Precisions: uniforms(4), Prompt: 30, Passes: 1})
	if err != nil {
		t.Fatal(err)
	}
	m := k.model
	row := k.cfg.KV.Bits.Of(int64(m.KVWidth()))
	want := unit.Bytes(2*m.Layers) * roundUp(32*row, stripe)
	if got := k.Footprint().KV; got != want {
		t.Errorf("the cache takes %v, want %v", got, want)
	}
}
