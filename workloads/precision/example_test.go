package precision_test

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// The bits of each decode pass of a static schedule.
func ExampleSchedule_Resolve() {
	schedule, err := precision.Parse("static:4>3>2@3,5")
	if err != nil {
		fmt.Println(err)
		return
	}
	const tokens = 8 // the first comes from prefill
	policy, err := schedule.Resolve(nil, tokens, precision.Evidence{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for pass := 1; pass < tokens; pass++ {
		fmt.Print(policy.At(pass).Max(), " ")
	}
	fmt.Printf("%.2f bits on average\n", precision.AverageBits(nil, policy, tokens-1))
	// Output: 4 4 4 3 3 2 2 3.14 bits on average
}
