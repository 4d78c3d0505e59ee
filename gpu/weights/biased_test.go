package weights_test

import (
	"strings"
	"testing"

	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

func TestBiasesOfQAndKAreLarge(t *testing.T) {
	for _, family := range []string{"llama", "qwen2"} { // without and with biases of its own
		plain := gputest.Random(t, family, 1)
		s, err := weights.Biased(plain)
		if err != nil {
			t.Fatal(err)
		}
		m := s.Model()
		block, err := s.Block(1)
		if err != nil {
			t.Fatal(err)
		}
		was, err := plain.Block(1)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[float32]int{}
		for _, h := range block.QKV.Bias {
			counts[float16.Frombits(h).Float32()]++
		}
		if counts[100] != 4*m.Heads || counts[300] != 4*m.KVHeads || len(block.QKV.Bias) != block.QKV.Out {
			t.Errorf("%s: %d values of 100, %d of 300 among %d", family, counts[100], counts[300], len(block.QKV.Bias))
		}
		if len(was.QKV.Bias) > 0 && block.QKV.Bias[len(block.QKV.Bias)-1] != was.QKV.Bias[len(was.QKV.Bias)-1] {
			t.Errorf("%s: the bias of v is another one", family)
		}
		if gputest.Sum(s) == gputest.Sum(plain) {
			t.Errorf("%s: the same hash as without", family)
		}
	}
	m := gputest.Model(t, "llama")
	m.RotaryDim = 6
	source, err := weights.Random(m, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := weights.Biased(source); err == nil || !strings.Contains(err.Error(), "accepted: 8 or more") {
		t.Errorf("six rotated values: %v", err)
	}
}
