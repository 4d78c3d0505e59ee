package views

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Header says what was run, above the table of its results. What nobody asked for is marked as a default.
type Header struct {
	NPU       *config.Config
	Model     *workloads.Model
	Task      string
	Prompt    int
	Generated int
	Batch     int
	Trace     string // what it is worth
	Results   []*result.Result

	DefaultNPU, DefaultModel, DefaultTask bool
}

// Write writes a line for each part.
func (h *Header) Write(out io.Writer) error {
	cfg, largest := h.NPU, h.Results[0]
	for _, r := range h.Results {
		if r.Footprint.Total > largest.Footprint.Total {
			largest = r
		}
	}
	m := largest.Footprint
	size := plots.Memory.Text
	for _, line := range [][2]string{
		{"NPU", fmt.Sprintf("%s%s: %v, %s, %s", cfg.Name, ByDefault(h.DefaultNPU), cfg.Clock, pesText(cfg), cfg.Array.Style)},
		{"DRAM", Memory(cfg) + ", " + Gigabytes(cfg.PeakBandwidth()) + " GB/s peak, " + size(float64(cfg.DRAM.Capacity))},
		{"model", fmt.Sprintf("%s%s: %s parameters%s, %d layers%s", h.Model.Name, ByDefault(h.DefaultModel),
			plots.Large.Text(float64(h.Model.Params().Total)), h.active(), h.Model.Layers, partText(h.Model))},
		{"assumed", assumedText(h.Model)},
		{"experts", h.experts()},
		{"task", fmt.Sprintf("%s%s: %d prompt tokens, %d generated%s", h.Task, ByDefault(h.DefaultTask), h.Prompt, h.Generated, batchText(h.Batch))},
		{"passes", h.sampled()},
		{"trace", h.Trace},
		{"widths", fmt.Sprintf("KV %v, lm_head %s%s", cfg.KV, Head(cfg), h.headOfFile())},
		{"format", h.format()},
		{"layout", cfg.Weights.String()},
		{"runtime", Runtime(cfg)},
		{"memory", fmt.Sprintf("%s for %s: %s %s, codebooks %s, fp16 parts %s, KV %s, activations %s", size(float64(m.Total)),
			largest.Schedule, storedAs(cfg), size(float64(m.Planes)), size(float64(m.Codebooks)), size(float64(m.FP16)), size(float64(m.KV)),
			size(float64(m.Activations)))},
	} {
		if line[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(out, "%-8s%s\n", line[0], visible.Line(line[1])); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out)
	return err
}

// sampled says which passes were simulated, where not all were.
func (h *Header) sampled() string {
	if h.Results[0].Sampling == "" {
		return ""
	}
	simulated, all, worst := 0, 0, -1.0
	for _, r := range h.Results {
		simulated, all = simulated+r.PassesSimulated, all+r.Passes()
		if r.MidpointError != nil {
			worst = max(worst, *r.MidpointError)
		}
	}
	text := fmt.Sprintf("%s: %d of %d decode passes simulated", h.Results[0].Sampling, simulated, all)
	if simulated < all {
		text += ", the others interpolated"
	}
	if worst < 0 {
		return text
	}
	return fmt.Sprintf("%s; passes that check it are off by %.2g %% at most", text, 100*worst)
}

// active says how many parameters a token uses, where these are not all.
func (h *Header) active() string {
	if h.Model.Experts == nil {
		return ""
	}
	return ", " + plots.Large.Text(float64(h.Model.Params().Active)) + " active"
}

// experts says which experts there are, and which ones tokens take.
func (h *Header) experts() string {
	e, of := h.Model.Experts, h.Results[0].Experts
	if e == nil || of == nil {
		return ""
	}
	text := fmt.Sprintf("%d of %d for each token", e.PerToken, e.Count)
	if e.Shared > 0 {
		text += " and a shared one"
	}
	if n := len(e.Dense); n > 0 {
		text += fmt.Sprintf(", in %d layers", h.Model.Layers-n)
	}
	text += ", " + of.Routing
	for _, phase := range []struct {
		name string
		*result.Touched
	}{{"prefill", of.Prefill}, {"a decode pass", of.Decode}} {
		if phase.Touched != nil {
			text += fmt.Sprintf("; %s touches %.3g of a layer", phase.name, phase.Mean)
			if phase.Least < phase.Most {
				text += fmt.Sprintf(" (%d to %d)", phase.Least, phase.Most)
			}
		}
	}
	return text
}

// Runtime says what handing a pass to the NPU costs.
func Runtime(cfg *config.Config) string {
	r := cfg.Runtime
	if r.Class == config.Ideal {
		return "ideal: no dispatch and no host take time"
	}
	piece := map[config.RuntimeClass]string{config.PerOp: "an operator", config.Graph: "the graph of a layer", config.GPUGraph: "a kernel"}[r.Class]
	text := fmt.Sprintf("%s: %v to dispatch %s, ", r.Class, r.Dispatch, piece)
	if r.PrefillDispatch > 0 {
		text += fmt.Sprintf("%v in prefill, ", r.PrefillDispatch)
	}
	if r.HostPerToken > 0 {
		text += fmt.Sprintf("%v of the host a token, ", r.HostPerToken)
	}
	if r.Conversion > 0 {
		text += fmt.Sprintf("activations converted at %v, ", r.Conversion)
	}
	if r.Prefetch == config.PrefetchProgram {
		return text + "loads run ahead"
	}
	return text + "loads begin behind it"
}

// format tells what turns codes into weights, where that is not the paper's codebooks: the model's file says it, or else the NPU.
func (h *Header) format() string {
	s := h.Model.Stored
	if s == nil {
		return h.ofNPU()
	}
	if s.Unread != "" {
		return strings.TrimPrefix(h.ofNPU()+"; the file's is not used: "+s.Unread, "; ")
	}
	return s.String() + " (the model's file)"
}

// headOfFile tells how wide lm_head is where a schedule takes the file's weights as they are.
func (h *Header) headOfFile() string {
	follows := slices.ContainsFunc(h.Results, func(r *result.Result) bool {
		s, err := precision.Parse(r.Schedule)
		return err == nil && s.Kind == precision.KindFile
	})
	if !follows || !h.NPU.Count.Head {
		return ""
	}
	return fmt.Sprintf(" (%s: %d)", precision.KindFile, h.Model.Stored.At(formats.Outside, formats.Head).Width())
}

// ofNPU tells the NPU's default.
func (h *Header) ofNPU() string {
	w := h.NPU.Weights
	f, _ := w.Format(config.MostCodebookBits)
	switch {
	case w.Group != config.GroupAuto:
		return f.String() + " (weights.group " + w.Group.String() + ")"
	case h.wide() && h.NPU.Count.Codebooks:
		f, _ = w.Format(8)
		return fmt.Sprintf("%s above %d bits, codebooks below (weights.group auto)", f, config.MostCodebookBits)
	}
	return ""
}

// wide reports whether any pass of the schedules reads codes that are too wide for codebooks.
func (h *Header) wide() bool {
	wide := func(bits float64) bool { return bits > float64(config.MostCodebookBits) && bits <= 8 }
	return slices.ContainsFunc(h.Results, func(r *result.Result) bool {
		return wide(float64(r.PrefillBits)) || wide(r.AvgWeightBits)
	})
}

// pesText names the processing elements.
func pesText(cfg *config.Config) string {
	pes := fmt.Sprintf("%d x %d PEs", cfg.Array.Rows, cfg.Array.Cols)
	if cfg.Cores == 1 {
		return pes
	}
	return Cores(cfg) + " of " + pes
}

// batchText tells how many sequences there are, if it is not one.
func batchText(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(", %d sequences together", n)
}

// ByDefault marks what nobody asked for.
func ByDefault(yes bool) string {
	if yes {
		return " (default)"
	}
	return ""
}

// storedAs names the form of quantised weights.
func storedAs(cfg *config.Config) string {
	if cfg.Weights.Layout == config.Packed {
		return "packed"
	}
	return "planes"
}

// partText says of what model this is the text part.
func partText(m *workloads.Model) string {
	switch m.TextOf {
	case "":
		return ""
	case "mllama":
		return "; the text part of mllama, without the layers that attend to images"
	}
	return "; the text part of " + m.TextOf
}

// assumedText names the sizes that a config.json does not say.
func assumedText(m *workloads.Model) string {
	if m.Assumed == "" {
		return ""
	}
	return fmt.Sprintf("%s: not in config.json, and the defaults of %s's class", m.Assumed, m.Family)
}
