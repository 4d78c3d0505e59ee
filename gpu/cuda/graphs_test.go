//go:build cuda

package cuda_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// captured is the nodes of the graphs that a function captures, one graph a string: see PMPD_FAKE_GRAPHS.
func captured(t *testing.T, f func()) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "graphs")
	t.Setenv("PMPD_FAKE_GRAPHS", path)
	f()
	t.Setenv("PMPD_FAKE_GRAPHS", "")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// pass is the graph that gpu.Launches promise: an event, a kernel for each op, an event, and the copy of what was chosen. Kernels that
// may begin early follow a kernel; with events between them none does.
func pass(ops []gpu.Op, attention string, bits int, early, apart bool) string {
	var line strings.Builder
	line.WriteString("event")
	for i, op := range ops {
		if apart && i > 0 {
			line.WriteString(" > event")
		}
		name := map[gpu.Kind]string{gpu.Embed: "embed", gpu.Attention: attention, gpu.Choose: "choose"}[op.Kind]
		if op.Kind == gpu.Product {
			name = fmt.Sprintf("gemv_ap%d", bits)
			if bits == 16 || op.Place == gpu.PlaceHead {
				name = "gemv_f16"
			}
			if op.Norm != "" {
				name = "norm_" + name
			}
		}
		edge := " > "
		if early && !apart && i > 0 {
			edge = " ~ "
		}
		line.WriteString(edge + name)
	}
	return line.String() + " > event > memory"
}

// TestGraphsAreThoseOfLaunches: what the timing model, the traces' tables and the documents take from gpu.Launches is what is captured.
func TestGraphsAreThoseOfLaunches(t *testing.T) {
	emulated(t)
	for _, machine := range []struct {
		capability, driver string
		early              bool
	}{{"9.0", "12060", true}, {"8.0", "12060", false}, {"9.0", "12020", false}} {
		for _, m := range []struct{ family, attention string }{{"llama", "attn_g2_narrow"}, {"phi", "attn_g1_narrow"}} {
			t.Run(m.family+" on "+machine.capability+" with "+machine.driver, func(t *testing.T) {
				t.Setenv("PMPD_PTX", "")
				t.Setenv("PMPD_FAKE_CC", machine.capability)
				t.Setenv("PMPD_FAKE_DRIVER", machine.driver)
				source := gputest.Random(t, m.family, 3)
				b := open(t, source, cuda.Options{Bits: []int{16, 3}, SampleOps: 2})
				s := start(t, b, 16)
				if _, err := s.Prefill(gputest.Prompt(source.Model(), 2), precision.Uniform(3)); err != nil {
					t.Fatal(err)
				}
				ops := gpu.Launches(source.Model().Model)
				for _, bits := range []int{16, 3} {
					all := captured(t, func() {
						for range 4 { // apart, whole, and both once more, which are captured already
							if _, err := s.Decode(1, precision.Uniform(bits)); err != nil {
								t.Fatal(err)
							}
						}
					})
					want := []string{pass(ops, m.attention, bits, machine.early, true), pass(ops, m.attention, bits, machine.early, false)}
					if len(all) != 2 || all[0] != want[0] || all[1] != want[1] {
						t.Errorf("%d bits: captured\n%s\nwant\n%s", bits, strings.Join(all, "\n"), strings.Join(want, "\n"))
					}
				}
			})
		}
	}
}

// TestPrefillIsBetweenEvents: three chunks are two graphs, since the first two have as many rows; only the last has the head.
func TestPrefillIsBetweenEvents(t *testing.T) {
	emulated(t)
	source := gputest.Random(t, "llama", 3)
	b := open(t, source, cuda.Options{Bits: []int{16}, Rows: 8})
	s := start(t, b, 32)
	all := captured(t, func() {
		if _, err := s.Prefill(gputest.Prompt(source.Model(), 21), precision.Uniform(16)); err != nil {
			t.Fatal(err)
		}
	})
	if len(all) != 2 {
		t.Fatalf("%d graphs:\n%s", len(all), strings.Join(all, "\n"))
	}
	for i, g := range all {
		if !strings.HasPrefix(g, "event > embed > ") || !strings.HasSuffix(g, " > event > memory") || strings.Contains(g, "choose") != (i == 1) {
			t.Error(g)
		}
	}
}
