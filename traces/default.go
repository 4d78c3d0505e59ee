package traces

import (
	_ "embed"
	"fmt"
	"strings"
)

// defaultTrace is Vicuna-7B summarising CNN/DailyMail with the switch point that the paper's NPU figure implies, 3 to 2
// bits after 40 of 120 passes (facts.md §A.2). It is synthetic; TestDefault writes it with -update.
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
