package dram_test

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Four LPDDR5 channels read a matrix of 4 MiB.
func Example() {
	standard, err := spec.Lookup("lpddr5-6400")
	if err != nil {
		fmt.Println(err)
		return
	}
	system, err := dram.New(dram.Options{Standard: standard, Channels: 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	system.Submit(dram.Transfer{ID: 1, Walk: isa.Contiguous(0, 4*unit.MiB)})
	done := system.Settle() // predicts, since nothing else comes
	system.Finish(done[0].Clock)
	counts := system.Counts()
	fmt.Printf("transfer %d is complete at clock %d\n", done[0].ID, done[0].Clock)
	fmt.Printf("%d of %d reads hit an open row; %d refreshes\n", counts.RowHits, counts.Reads, counts.Refreshes)
	// Output:
	// transfer 1 is complete at clock 71315
	// 127616 of 131072 reads hit an open row; 88 refreshes
}
