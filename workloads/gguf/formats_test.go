package gguf_test

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/gguf"
)

// The blocks of llama.cpp are as large as what formats say of them: codes, scales, minima, and what scales these.
func TestBlocksAreAsLargeAsTheirFormats(t *testing.T) {
	seen := 0
	for n := range gguf.Type(64) {
		f, known := formats.Lookup(n.String())
		if !known || f.IsFP16() {
			continue
		}
		seen++
		const k = 256
		weights, bytes := n.Block()
		if got, want := int(f.Of(1, k)), k/weights*bytes; got != want {
			t.Errorf("%v: %d bytes for 256 weights, want %d", n, got, want)
		}
	}
	if seen != 15 {
		t.Errorf("%d types have formats", seen)
	}
}
