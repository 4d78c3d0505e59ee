package stream_test

import (
	"context"
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/dram/stream"
)

// Four bit-planes are read in turns of 256 B, then of 4 KiB.
func Example() {
	for _, chunk := range []string{"256", "4KiB"} {
		s, err := stream.Parse("bytes=4MiB,planes=4,chunk=" + chunk)
		if err != nil {
			fmt.Println(err)
			return
		}
		options := dram.Options{Standard: spec.MustLookup("lpddr5-6400"), Channels: 4}
		result, err := stream.Run(context.Background(), options, s, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("turns of %s: %d clocks, %.1f %% of the peak\n", chunk, result.Cycles, 100*result.Efficiency())
	}
	// Output:
	// turns of 256: 99968 clocks, 65.6 % of the peak
	// turns of 4KiB: 71750 clocks, 91.3 % of the peak
}
