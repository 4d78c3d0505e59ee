package qualify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A document has, for each table, a mark before and behind it. What stands between is replaced.
const (
	markBegin = "<!-- gpu adopt: %s -->"
	markEnd   = "<!-- gpu adopt ends -->"
)

// Fill puts tables, by their names, between the marks of a document. It returns an error for a mark that is not there.
func Fill(document string, tables map[string]string) (string, error) {
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		begin := fmt.Sprintf(markBegin, name)
		before, rest, ok := strings.Cut(document, begin+"\n")
		_, after, closed := strings.Cut(rest, markEnd+"\n")
		if !ok || !closed {
			return "", fmt.Errorf("there is no %s with %s behind it; accepted: a document of this repository", begin, markEnd)
		}
		document = before + begin + "\n\n" + strings.TrimSpace(tables[name]) + "\n\n" + markEnd + "\n" + after
	}
	return document, nil
}

// grid is a table of a document: heads and rows of cells.
type grid struct {
	text strings.Builder
}

func (g *grid) add(cells ...string) { g.text.WriteString("| " + strings.Join(cells, " | ") + " |\n") }

func newGrid(heads ...string) *grid {
	g := &grid{}
	g.add(heads...)
	g.text.WriteString(strings.Repeat("|---", len(heads)) + "|\n")
	return g
}

// figure writes what was measured, times a scale; a dash: it was not.
func figure(v *float64, scale float64, format string) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf(format, *v*scale)
}

// about is the line above each table.
func (b *Bundle) about() string {
	g := &b.Info.GPU
	return fmt.Sprintf("%s, driver %s, %s; %s. Times are medians of repeats, clocks as they are.\n\n", g.Name, cmp.Or(g.Driver, "not known"), b.Head.Tool, b.Head.Created)
}

// Guide are the tables of docs/gpu.md: what was measured of the GPU and its passes, and what became of the steps.
func (b *Bundle) Guide() map[string]string {
	return map[string]string{"device": b.about() + b.device() + "\n" + b.passes(), "steps": b.about() + b.steps()}
}

// device is copy, gap and event, and what the checks found.
func (b *Bundle) device() string {
	g := newGrid("copy GB/s", "gap µs", "event µs", "kernels that agree", "passes that agree")
	copies, gap, event := "-", "-", "-"
	if c := b.Info.Calib; c != nil && c.CopyBps != nil && c.NodeGapNS != nil && c.EventNS != nil {
		copies, gap, event = fmt.Sprintf("%.0f", *c.CopyBps/1e9), fmt.Sprintf("%.2f", float64(*c.NodeGapNS)/1e3), fmt.Sprintf("%.2f", float64(*c.EventNS)/1e3)
	}
	g.add(copies, gap, event, b.agree("kernel"), b.agree("passes"))
	return g.text.String()
}

// agree counts the checks of a kind, and those that found nothing wrong.
func (b *Bundle) agree(kind string) string {
	n, good := 0, 0
	for _, c := range b.Checks {
		if c.Kind == kind {
			n++
			if c.Wrong == "" {
				good++
			}
		}
	}
	return fmt.Sprintf("%d of %d", good, n)
}

// passes are whole decode passes.
func (b *Bundle) passes() string {
	g := newGrid("model", "bits", "context", "kernels", "PTX", "ms a pass", "tokens/s", "x fp16", "floor %")
	for _, r := range b.Bench {
		if r.Kind == "pass" {
			g.add(r.Name, fmt.Sprint(r.Bits), fmt.Sprint(r.Context), fmt.Sprint(r.Kernels), cmp.Or(r.Target, "-"), figure(r.Seconds, 1e3, "%.3f"), figure(r.Rate, 1, "%.0f"),
				figure(r.OverHalf, 1, "%.2f"), figure(r.OfCeiling, 100, "%.0f"))
		}
	}
	return g.text.String()
}

// steps are what became of each, beside what was expected.
func (b *Bundle) steps() string {
	g := newGrid("step", "became", "s", "expected s")
	for _, o := range b.Outcomes {
		g.add(o.Step, strings.TrimSpace(string(o.Status)+" "+o.Reason), fmt.Sprintf("%.1f", o.Seconds), fmt.Sprintf("%.0f", o.Expect))
	}
	return g.text.String()
}

// Kernels are the tables of docs/gpu-kernels.md: products beside cuBLAS's, and what the driver's compiler made of the kernels.
func (b *Bundle) Kernels() map[string]string {
	return map[string]string{"products": b.about() + b.products(), "registers": b.about() + b.registers()}
}

// products are matrix-vector products, beside torch's in fp16 on the same shape.
func (b *Bundle) products() string {
	type shape struct{ out, in int }
	blas := map[shape]float64{}
	for _, r := range b.Bench {
		if r.Kind == "cublas" && r.Seconds != nil {
			blas[shape{r.Out, r.In}] = *r.Seconds
		}
	}
	g := newGrid("product", "out", "in", "bits", "µs", "GB/s", "copy %", "x fp16", "x cuBLAS", "ceiling %", "bound")
	for _, r := range b.Bench {
		if r.Kind != "product" {
			continue
		}
		var over *float64
		if other, ok := blas[shape{r.Out, r.In}]; ok && r.Seconds != nil {
			times := other / *r.Seconds
			over = &times
		}
		g.add(r.Name, fmt.Sprint(r.Out), fmt.Sprint(r.In), fmt.Sprint(r.Bits), figure(r.Seconds, 1e6, "%.2f"), figure(r.Bandwidth, 1e-9, "%.0f"),
			figure(r.OfCopy, 100, "%.0f"), figure(r.OverHalf, 1, "%.2f"), figure(over, 1, "%.2f"), figure(r.OfCeiling, 100, "%.0f"), cmp.Or(r.Ceiling, "-"))
	}
	return g.text.String()
}

// registers are what a thread of each kernel takes.
func (b *Bundle) registers() string {
	g := newGrid("kernel", "registers", "spilled B")
	if k := b.Info.Kernels; k != nil {
		for _, name := range slices.Sorted(maps.Keys(k.Regs)) {
			g.add(name, fmt.Sprint(k.Regs[name]), fmt.Sprint(k.Spills[name]))
		}
	}
	return g.text.String()
}
