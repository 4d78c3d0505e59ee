package views

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/plots"
)

// Memory names an NPU's memory system: "4 x lpddr5-6400, all-bank refresh". Timings that are not the standard's follow
// it.
func Memory(cfg *config.Config) string {
	if cfg.DRAM.Standard == config.IdealDRAM {
		return "ideal: nothing but a bandwidth"
	}
	changed := ""
	if !cfg.DRAM.Timing.IsZero() {
		changed = fmt.Sprintf(" (%v)", cfg.DRAM.Timing)
	}
	return fmt.Sprintf("%d x %s%s, %s refresh%s%s", cfg.DRAM.Channels, cfg.DRAM.Standard, changed, cfg.DRAM.Refresh,
		Operated(cfg.Standard().Operation, cfg.Scheduling()), agents(cfg.DRAM.Background))
}

// agents says what other agents ask of a memory, behind what else is said of it; empty if there are none.
func agents(b config.Background) string {
	if b.Bandwidth == 0 {
		return ""
	}
	pattern := b.Pattern
	if pattern == "" {
		pattern = config.SequentialPattern
	}
	text := fmt.Sprintf(", other agents %v %s", b.Bandwidth, pattern)
	if b.Write > 0 {
		text += fmt.Sprintf(", %v writes", b.Write)
	}
	return text
}

// Operated says how a part is operated, and how its controllers schedule, behind what else is said of it; empty as
// usual.
func Operated(o spec.Operation, p spec.Scheduling) (text string) {
	if o != (spec.Operation{}) {
		text = ", " + o.String()
	}
	if p != (spec.Scheduling{}) {
		text += ", " + p.Text()
	}
	return text
}

// DRAM is Memory in few words: "4x lpddr5-6400".
func DRAM(cfg *config.Config) string {
	if cfg.DRAM.Standard == config.IdealDRAM {
		return config.IdealDRAM
	}
	return fmt.Sprintf("%dx %s", cfg.DRAM.Channels, cfg.DRAM.Standard)
}

// Cores counts an NPU's cores: "1 core".
func Cores(cfg *config.Config) string {
	if cfg.Cores == 1 {
		return "1 core"
	}
	return fmt.Sprintf("%d cores", cfg.Cores)
}

// Head says how wide the weights of the lm_head are, if it counts.
func Head(cfg *config.Config) string {
	if !cfg.Count.Head {
		return "not counted"
	}
	return fmt.Sprintf("%d bits", cfg.Head.Bits)
}

// Gigabytes writes bytes, or bytes per second, in units of 1e9.
func Gigabytes(bytes float64) string { return plots.Significant(bytes / 1e9) }

// Area writes mm2 with three digits: arrays differ by factors of a thousand.
func Area(mm2 float64) string { return fmt.Sprintf("%.3g", mm2) }
