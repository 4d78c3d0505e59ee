package timing

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
)

var update = flag.Bool("update", false, "write the tables of docs/gpu-kernels.md anew")

// The tables of the document are what the model says.
func TestTheDocumentsTables(t *testing.T) {
	const file = "../../../docs/gpu-kernels.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for name, table := range map[string]string{"products": productTable(t), "steps": stepTable(t)} {
		begin, end := fmt.Sprintf("<!-- modelled %s -->\n", name), "<!-- end -->\n"
		before, rest, found := strings.Cut(want, begin)
		_, after, closed := strings.Cut(rest, end)
		if !found || !closed {
			t.Fatalf("%s has no place for the %s between %q and %q", file, name, begin, end)
		}
		want = before + begin + table + end + after
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Errorf("%s has other tables than the model yields (-update writes them):\n%s%s", file, productTable(t), stepTable(t))
	}
}

func productTable(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	out.WriteString("| bits |")
	for _, s := range vicuna {
		fmt.Fprintf(&out, " %s %d × %d |", s.name, s.n, s.k)
	}
	out.WriteString(" over fp16 |\n|---|---|---|---|---|---|\n")
	var half [2]float64
	for _, bits := range []int{16, 8, 7, 6, 5, 4, 3, 2} {
		fmt.Fprintf(&out, "| %d |", bits)
		var sum [2]float64
		for _, s := range vicuna {
			var us [2]float64
			for i, m := range H200() {
				ns, err := m.Product(bits, s.n, s.k)
				if err != nil {
					t.Fatal(err)
				}
				us[i] = ns / 1000
				sum[i] += us[i] - m.RampNS/1000
			}
			bytes := float64(s.n)*float64(s.k)*float64(bits)/8 + float64(s.n*tableBytes(bits))
			fmt.Fprintf(&out, " %s µs, %.1f TB/s |", span(us[0], us[1], 1), bytes/us[1]/1e6)
		}
		if bits == 16 {
			half = sum
		}
		fmt.Fprintf(&out, " %s |\n", span(half[1]/sum[1], half[0]/sum[0], 1))
	}
	return out.String()
}

func stepTable(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	out.WriteString("| model | 16 bits | 4 | 3 | 2 | 2 over 16 | at 2 bits: products / attention / small / gaps |\n")
	out.WriteString("|---|---|---|---|---|---|---|\n")
	for _, name := range []string{"vicuna-7b", "stablelm-zephyr-3b", "mobilellama-1.4b", "phi-1.5", "llama-3.1-8b",
		"qwen2.5-0.5b"} {
		model, err := workloads.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "| %s |", name)
		var half, two [2]Step
		for _, bits := range []int{16, 4, 3, 2} {
			for i, m := range H200() {
				if two[i], err = m.Step(model, bits, 1024); err != nil {
					t.Fatal(err)
				}
			}
			if bits == 16 {
				half = two
			}
			fmt.Fprintf(&out, " %s |", span(two[0].Total()/1000, two[1].Total()/1000, 2))
		}
		part := func(of func(Step) float64) string { return span(of(two[0])/1000, of(two[1])/1000, 2) }
		fmt.Fprintf(&out, " %s | %s / %s / %s / %s |\n", span(half[1].Total()/two[1].Total(), half[0].Total()/two[0].Total(), 1),
			part(func(s Step) float64 { return s.Products }), part(func(s Step) float64 { return s.Attention }),
			part(func(s Step) float64 { return s.Small }), part(func(s Step) float64 { return s.Gaps }))
	}
	return out.String()
}

// span writes a range, or one number where both look the same.
func span(low, high float64, digits int) string {
	a, b := fmt.Sprintf("%.*f", digits, min(low, high)), fmt.Sprintf("%.*f", digits, max(low, high))
	if a == b {
		return a
	}
	return a + "–" + b
}
