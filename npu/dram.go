package npu

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/mem"
	"github.com/pmpdsim/pmpdsim/npu/mem/dram"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// newDRAM returns the memory that a configuration names, and the period of its clock; an ideal memory runs on the NPU's.
func newDRAM(c *config.Config) (dram.Memory, unit.Femtoseconds, error) {
	if c.DRAM.Standard == config.IdealDRAM {
		return mem.NewIdeal(c.Clock, c.DRAM.Bandwidth), mem.SameClock, nil
	}
	return nil, 0, fmt.Errorf("dram: not yet")
}
