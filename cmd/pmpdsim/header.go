package main

import (
	"fmt"
	"io"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/result"
)

// header writes what was run, above the table, and marks what nobody asked for as a default.
func header(out io.Writer, cfg *config.Config, w *workload, defaultNPU bool, rs []*result.Result) error {
	largest := rs[0]
	for _, r := range rs {
		if r.Footprint.Total > largest.Footprint.Total {
			largest = r
		}
	}
	m := largest.Footprint
	size := plots.Memory.Text
	for _, line := range [][2]string{
		{"NPU", fmt.Sprintf("%s%s: %v, %s, %s", cfg.Name, byDefault(defaultNPU), cfg.Clock, pesText(cfg), cfg.Array.Style)},
		{"DRAM", memoryText(cfg) + ", " + gigabytes(cfg.PeakBandwidth()) + " GB/s peak, " + size(float64(cfg.DRAM.Capacity))},
		{"model", fmt.Sprintf("%s%s: %s parameters, %d layers", w.model.Name, byDefault(w.defaultModel),
			plots.Large.Text(float64(w.model.Params().Total)), w.model.Layers)},
		{"task", fmt.Sprintf("%s%s: %d prompt tokens, %d generated%s", w.task, byDefault(w.defaultTask), w.prompt, w.generated, batchText(w.batch))},
		{"trace", w.provenance()},
		{"widths", fmt.Sprintf("KV %d bits, lm_head %s", cfg.KV.Bits, headText(cfg))},
		{"layout", cfg.Weights.String()},
		{"memory", fmt.Sprintf("%s for %s: %s %s, codebooks %s, fp16 parts %s, KV %s, activations %s", size(float64(m.Total)),
			largest.Schedule, storedAs(cfg), size(float64(m.Planes)), size(float64(m.Codebooks)), size(float64(m.FP16)), size(float64(m.KV)),
			size(float64(m.Activations)))},
	} {
		if _, err := fmt.Fprintf(out, "%-8s%s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out)
	return err
}

// pesText names the processing elements.
func pesText(cfg *config.Config) string {
	pes := fmt.Sprintf("%d x %d PEs", cfg.Array.Rows, cfg.Array.Cols)
	if cfg.Cores == 1 {
		return pes
	}
	return coresText(cfg) + " of " + pes
}

func coresText(cfg *config.Config) string {
	if cfg.Cores == 1 {
		return "1 core"
	}
	return fmt.Sprintf("%d cores", cfg.Cores)
}

// batchText tells how many sequences there are, if it is not one.
func batchText(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(", %d sequences together", n)
}

func byDefault(yes bool) string {
	if yes {
		return " (default)"
	}
	return ""
}

// memoryText names the memory system.
func memoryText(cfg *config.Config) string {
	if cfg.DRAM.Standard == config.IdealDRAM {
		return "ideal: nothing but a bandwidth"
	}
	return fmt.Sprintf("%d x %s, %s refresh", cfg.DRAM.Channels, cfg.DRAM.Standard, cfg.DRAM.Refresh)
}

// storedAs names the form of quantised weights.
func storedAs(cfg *config.Config) string {
	if cfg.Weights.Layout == config.Packed {
		return "packed"
	}
	return "planes"
}

func headText(cfg *config.Config) string {
	if !cfg.Count.Head {
		return "not counted"
	}
	return fmt.Sprintf("%d bits", cfg.Head.Bits)
}

func gigabytes(bytes float64) string { return plots.Significant(bytes / 1e9) }
