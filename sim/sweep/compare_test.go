package sweep

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/study"
)

// compare compares two sweeps, whose folders know their NPUs.
func compare(t *testing.T, a, b string) (*study.Comparison, error) {
	t.Helper()
	var sides [2]*study.Set
	for i, path := range []string{a, b} {
		var err error
		if sides[i], err = study.Read(path); err != nil {
			return nil, err
		}
	}
	return study.Compare(sides[0], sides[1])
}

func TestCompare(t *testing.T) {
	const text = "models: tiny.json\nlengths: [{prompt: 8, gen: 4}]\nschedules: [fp16, \"fp16,prefill=8\"]\n"
	a := swept(t, "npu: pmpd-paper\n"+text)
	b := swept(t, "npu: pmpd-paper\nset: {dram.bandwidth: 64GB/s}\n"+text)
	t.Run("of two sweeps the keys that differ, and by how much the outcome does", func(t *testing.T) {
		c, err := compare(t, a, b)
		if err != nil {
			t.Fatal(err)
		}
		var changed []string
		for _, x := range c.Inputs {
			changed = append(changed, fmt.Sprint(x))
		}
		if len(changed) != 1 || changed[0] != "{dram.bandwidth 32GB/s 64GB/s 2}" {
			t.Errorf("inputs %q", changed)
		}
		// Twice the bandwidth: nearly twice the tokens, because the paper's NPU has nothing else that takes time.
		if m := c.Outcome[0]; c.Pairs != 2 || m.Key != "tokens_per_second" || m.Least < 1.85 || m.Most > 2 || m.Ratio < m.Least || m.Ratio > m.Most {
			t.Errorf("%d pairs, %+v", c.Pairs, m)
		}
	})
	t.Run("equal ones differ in nothing", func(t *testing.T) {
		c, err := compare(t, a, filepath.Join(a, "results.jsonl"))
		if err != nil || len(c.Inputs) != 0 || c.Outcome[0].Ratio != 1 {
			t.Errorf("%+v, %v", c, err)
		}
	})
	t.Run("what has nothing in common is refused", func(t *testing.T) {
		other := swept(t, strings.Replace("npu: pmpd-paper\n"+text, "prompt: 8", "prompt: 9", 1))
		if _, err := compare(t, a, other); err == nil || !strings.Contains(err.Error(), "have no result in common; accepted: ") {
			t.Errorf("error %v", err)
		}
	})
}
