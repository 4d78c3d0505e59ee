package traces

import (
	_ "embed"
	"fmt"
	"strings"
)

// defaultTrace is MobileLLaMA-1.4B translating (IWSLT) with the switch point that the paper's NPU figure implies, 4 to
// 3 bits after 40 of 60 tokens: a job of the paper that is simulated in a few seconds. It is synthetic; TestDefault
// writes it with -update.
//
//go:embed default.trace.jsonl.zst
var defaultTrace string // read only

// Default returns the trace that is replayed when none is given.
func Default() (*Trace, error) {
	r, err := NewReader("default"+Suffix, strings.NewReader(defaultTrace))
	if err != nil {
		return nil, fmt.Errorf("the embedded trace: %w", err)
	}
	defer r.Close()
	t, err := ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("the embedded trace: %w", err)
	}
	return t, nil
}
