package npu

import (
	"math"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/commands"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/mem"
)

// newDRAM returns the memory that a configuration names; an ideal one runs on the NPU's clock.
func newDRAM(c *config.Config, memos *dram.MemoSet, r *commands.Recorder) (mem.DRAM, error) {
	if c.DRAM.Standard == config.IdealDRAM {
		return mem.DRAM{Memory: mem.NewIdeal(c.Clock, c.DRAM.Bandwidth), TCK: mem.SameClock}, nil
	}
	s := c.Standard()
	refresh, err := c.RefreshPolicy()
	if err != nil {
		return mem.DRAM{}, err
	}
	d, err := memos.New(dram.Options{Standard: s, Channels: c.DRAM.Channels, Mapping: c.DRAM.Mapping,
		BankHash: c.DRAM.BankHash, Control: dram.Control{Refresh: refresh, Postponed: c.DRAM.Postpone, Masks: c.DRAM.Masked,
			Scheduling: c.Scheduling()}, Queues: mem.QueuesOf(c).Count,
		Background: background(c.DRAM.Background), Grant: c.DMA.Grant, Window: c.DMA.Window, Pace: pace(c, s), Recorder: r})
	if err != nil {
		return mem.DRAM{}, err
	}
	return mem.DRAM{Memory: d, TCK: s.TCK}, nil
}

// background returns the traffic of other agents. It counts behind the classes of data.
func background(b config.Background) dram.Background {
	return dram.Background{Bandwidth: b.Bandwidth, Random: b.Pattern == config.RandomPattern, Write: int(b.Write),
		Class: uint8(isa.DataCount)}
}

// pace returns the time in which the DMAs together take one burst from a channel, in dram.PaceParts of a DRAM clock,
// rounded up. Each channel has an equal share of their bandwidth.
func pace(c *config.Config, s *spec.Standard) int64 {
	if c.DMA.Bandwidth == 0 {
		return 0
	}
	share := float64(c.DMA.Bandwidth) * float64(c.Cores) / float64(c.DRAM.Channels)
	return int64(math.Ceil(float64(s.Burst) / share / s.TCK.Seconds() * dram.PaceParts))
}
