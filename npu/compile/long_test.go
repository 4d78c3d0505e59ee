package compile

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// The operations of attention grow with the square of a prompt. Their number is known before there are any.
func TestPromptsWhoseProgramNoMemoryHolds(t *testing.T) {
	m, err := workloads.Load("llama-3.1-8b")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Preset("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	compiler := func(tokens int) *Compiler {
		c, err := New(Job{Config: cfg, Model: m, Precisions: uniforms(4), Prompt: tokens, Passes: 1})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := compiler(2048)
	p, err := c.Prefill(2048, uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	if n := c.prefill(2048, uniform(4)).attentionOps(); n < len(p.Ops)*3/10 || n > len(p.Ops) {
		t.Errorf("%d operations of attention are expected in a program of %d", n, len(p.Ops))
	}
	if err := compiler(24_000).CheckPrefill(24_000, uniform(4)); err != nil {
		t.Errorf("24,000 tokens: %v", err)
	}
	const want = "attention over a prompt of 131000 tokens takes more than 4194304 operations, "
	if err := compiler(131_000).CheckPrefill(131_000, uniform(4)); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("131,000 tokens: %v, want %s", err, want)
	}
}
