package views

import (
	"fmt"
	"strings"
	"time"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/traces"
)

// Trace is the summary of a trace. It leaves out what the trace does not say.
func Trace(i traces.Info) *plots.Table {
	t := &plots.Table{Columns: []plots.Column{{Name: "trace"}, {Name: i.Name, Width: 96}}}
	add := func(key, value string) {
		if value != "" {
			t.Add(key, value)
		}
	}
	add("format", fmt.Sprintf("%s %d", traces.Format, i.Version))
	add("source", string(i.Source))
	add("tool", i.Tool)
	add("created", i.Created)
	add("GPU", strings.TrimSpace(i.GPU+" "+i.Driver))
	add("model", i.Model+" ("+i.Family+")")
	add("task", i.Task)
	add("prompt", fmt.Sprintf("%d tokens", i.PromptTokens))
	add("generated", fmt.Sprintf("%d tokens in %d decode passes, stopped by %s", i.GeneratedTokens, i.DecodePasses, i.Stop))
	add("sampling", i.Sampling)
	add("schedule", i.Schedule)
	add("prefill", fmt.Sprintf("%d bits", i.PrefillBits))
	if i.AvgWeightBits != nil {
		add("average weight bits", fmt.Sprintf("%.3f", *i.AvgWeightBits))
	}
	var passes, switches, measured []string
	for _, p := range i.Passes {
		passes = append(passes, fmt.Sprintf("%d at %d bits", p.Passes, p.Bits))
	}
	for _, s := range i.Switches {
		switches = append(switches, fmt.Sprintf("%d to %d before step %d", s.From, s.To, s.I))
	}
	for _, m := range i.Measured {
		measured = append(measured, fmt.Sprintf("%s (%d)", m.Name, m.Count))
	}
	add("passes", strings.Join(passes, ", "))
	add("switches", strings.Join(switches, ", "))
	add("prefill time", nanoseconds(i.PrefillNS))
	add("decode time", nanoseconds(i.SumStepNS))
	if i.NLL != nil {
		add("NLL", fmt.Sprintf("%.4f", *i.NLL))
	}
	if i.Agree != nil {
		add("agreement with fp16", fmt.Sprintf("%.4f", *i.Agree))
	}
	add("measured", strings.Join(measured, ", "))
	add("not measured", strings.Join(i.NotMeasured, ", "))
	add("SHA-256", i.SHA256)
	return t
}

func nanoseconds(n *int64) string {
	if n == nil {
		return ""
	}
	return time.Duration(*n).String()
}
