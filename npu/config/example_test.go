package config_test

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
)

// A preset, with two keys changed.
func ExampleLoad() {
	c, err := config.Load("edge-lpddr5")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := c.Set([]string{"array.rows=64", "dram.channels=2"}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: %d x %d PEs, %.1f GB/s\n", c.Name, c.Array.Rows, c.Array.Cols, c.PeakBandwidth()/1e9)
	// Output: edge-lpddr5: 64 x 128 PEs, 25.6 GB/s
}

// An error names the key and what would be right.
func ExampleConfig_Set() {
	c, err := config.Load("edge-lpddr5")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Set([]string{"array.row=64"}))
	// Output: --set array.row=64: array.row: unknown key; accepted: style, dataflow, gemv, double_buffer, rows, cols, activations, bits_per_cycle, activation_bits_per_cycle, fused_bits, lut_group, lut_entries, dequant_lanes, group_scales, switch_cycles, sustained, unpack; did you mean "array.rows"?
}
