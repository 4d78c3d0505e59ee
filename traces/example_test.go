package traces_test

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// A trace that follows from a schedule alone: 8 tokens of output, 4 bits for the first of them, then 3.
func ExampleNewSynthetic() {
	model, err := workloads.Load("mobilellama-1.4b")
	if err != nil {
		fmt.Println(err)
		return
	}
	schedule, err := precision.Parse("static:4>3@5")
	if err != nil {
		fmt.Println(err)
		return
	}
	source, err := traces.NewSynthetic(traces.Synthesis{Model: model, Prompt: 16, Generate: 8, Schedule: schedule})
	if err != nil {
		fmt.Println(err)
		return
	}
	trace, err := traces.ReadAll(source)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range trace.Steps {
		fmt.Print(step.WBits, " ")
	}
	fmt.Println("bits after a prefill of", trace.Prefill.Tokens, "tokens")
	// Output: 4 4 4 4 4 3 3 bits after a prefill of 16 tokens
}
