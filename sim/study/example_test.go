package study_test

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/sim/study"
)

// Results of pmpdsim run --format json are read, arranged by what they differ in, and the best ones printed.
func ExampleRead() {
	set, err := study.Read("testdata/results.jsonl")
	if err == nil {
		set, err = set.Arrange()
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("all:", set.Common)
	rate, energy := study.TokensPerSecond(), study.EnergyPerToken()
	for _, o := range set.Front(rate, energy) {
		tokens, _ := rate.Scaled(o.Result)
		joules, _ := energy.Scaled(o.Result)
		fmt.Printf("%s: %.3g %s, %.3g %s\n", o.Label(), tokens, rate.Unit, joules, energy.Unit)
	}
	// Output:
	// all: phi-1.5, t, prompt 64, gen 5, KV 8 bits
	// edge, batch 1, uniform:4: 60 tokens/s, 55 mJ
	// edge, batch 2, static:4>2@2: 120 tokens/s, 60 mJ
	// phone, batch 1, static:4>2@2: 11 tokens/s, 40 mJ
}
