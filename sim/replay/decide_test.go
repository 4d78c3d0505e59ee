package replay

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func TestDecidingCosts(t *testing.T) {
	const prompt, gen = 40, 6
	e := precision.Evidence{Source: "made", Horizon: gen, Signals: make([]precision.Signals, gen-1), Recorded: precision.Uniforms(4, 4, 4, 4, 4)}
	half := 0.5
	for i := range e.Signals {
		e.Signals[i].Confidence = &half
	}
	e.Signals[0].KV = []float64{0, 1, 0, 0}
	learned := short(t, "edge-lpddr5", "llama-3.2-1b", "learned:4>3", prompt, gen)
	confidence := short(t, "edge-lpddr5", "llama-3.2-1b", "confidence:4>3,window=2", prompt, gen)
	learned.Evidence, confidence.Evidence = e, e
	two := short(t, "edge-lpddr5", "llama-3.2-1b", "static:4>3@2", prompt, gen)
	three := short(t, "edge-lpddr5", "llama-3.2-1b", "static:4>3@3", prompt, gen)
	for _, j := range []Job{learned, two, confidence, three} {
		j.Config.Runtime = config.Ideal.Default()
	}
	rs := mustRun(t, 2, learned, two, confidence, three)
	m := learned.Model
	t.Run("a classifier's weights and the cache are read once more", func(t *testing.T) {
		a, b := rs[0].Counts.Decode, rs[1].Counts.Decode
		h, d := m.KVHeads, m.HeadDim
		parameters := h*h*d + (h*d)*(h*d) + h*d + 4*h*d + 4 + 2*h*d
		// The memory moves whole bursts.
		const burst, pieces = 32, 8
		more := a.Traffic[isa.Params] - b.Traffic[isa.Params]
		if want := unit.Bytes(4 * parameters); more < want || more > want+pieces*burst {
			t.Errorf("%v more parameters read, the classifier has %v", more, want)
		}
		if more, want := a.Traffic[isa.KVRead]-b.Traffic[isa.KVRead], learned.Config.KV.Bits.Of(int64(2*h*d*(prompt+1))); more < want {
			t.Errorf("%v more of the cache read, want %v", more, want)
		}
		if a.Traffic[isa.Weights] != b.Traffic[isa.Weights] || rs[0].AvgWeightBits != rs[1].AvgWeightBits {
			t.Errorf("%v at %v bits, the static schedule %v at %v", a.Traffic[isa.Weights], rs[0].AvgWeightBits, b.Traffic[isa.Weights],
				rs[1].AvgWeightBits)
		}
		// Decode waits for memory, so that what is read more takes at least its time at the peak bandwidth.
		took, least := rs[0].DecodeSeconds-rs[1].DecodeSeconds, float64(rs[0].DRAMBytes-rs[1].DRAMBytes)/learned.Config.PeakBandwidth()
		if took < least || took > 3*least {
			t.Errorf("takes %v s, the bytes alone %v s", took, least)
		}
	})
	t.Run("confidence reads nothing and takes a little", func(t *testing.T) {
		// Two equal scores set the threshold, the third reaches it.
		if rs[2].AvgWeightBits != rs[3].AvgWeightBits || rs[2].DRAMBytes != rs[3].DRAMBytes || rs[2].DecodeSeconds <= rs[3].DecodeSeconds ||
			rs[2].DecodeSeconds > 1.05*rs[3].DecodeSeconds {
			t.Errorf("%+v\n%+v", rs[2], rs[3])
		}
	})
	t.Run("passes that left the recorded run are counted", func(t *testing.T) {
		for i, want := range []int{3, 0, 2, 0} {
			if rs[i].Counterfactual != want {
				t.Errorf("%s: %d, want %d", rs[i].Schedule, rs[i].Counterfactual, want)
			}
		}
	})
}
