package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCombinationsAreCountedBeforeTheyAreExpanded(t *testing.T) {
	ten := "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
	lists := ""
	for _, key := range []string{"array.rows", "array.cols", "vector.lanes", "vector.latency", "dma.latency", "noc.latency", "sequencer.launch_cycles", "tiling.rows"} {
		lists += fmt.Sprintf("  - %s: %s\n", key, ten)
	}
	huge := "" // 10^25 and more is no number of 64 bits
	for i := range 25 {
		huge += fmt.Sprintf("  - a%d: {", i)
		for j := range 10 {
			huge += fmt.Sprintf("v%d: {}, ", j)
		}
		huge += "}\n"
	}
	for _, c := range []struct {
		text string
		most int
		want string // "": accepted
	}{
		{first, 2, ""},
		{first, 1, "study.yaml: 2 combinations before filters: 2 schedules; accepted: at most 1 (--max-points, up to 400000)"},
		{"schedules: fp16\naxes:\n" + lists + common, MostPoints, "study.yaml: 100000000 combinations before filters: 10 values of array.rows × 10 values of array.cols × " +
			"10 values of vector.lanes × 10 values of vector.latency × 10 values of dma.latency × 10 values of noc.latency × " +
			"10 values of sequencer.launch_cycles × 10 values of tiling.rows; accepted: at most 200000 (--max-points, up to 400000)"},
		{"schedules: fp16\naxes:\n" + huge + common, MostPoints, "study.yaml: 10000000000000000000000000 combinations before filters: "},
		{"npu: [pmpd-paper, edge-lpddr5]\nmodels: [phi-1.5, tiny.json, mobilellama-1.4b]\ntasks: [dialogsum, iwslt]\nbatch: [1, 2]\nschedules: [fp16, \"uniform:4\"]\n", 47,
			"study.yaml: 48 combinations before filters: 2 NPUs × 3 models × 2 tasks or lengths × 2 batches × 2 schedules; accepted: at most 47 (--max-points, up to 400000)"},
	} {
		spec := specIn(t, c.text)
		s, err := Load(spec, c.most)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), filepath.Dir(spec)+"/"+c.want)) {
			t.Errorf("error %v\nwant %s", err, c.want)
		}
		if err == nil {
			if all, err := s.Points(t.Context(), "study.yaml", testVersion); err != nil || len(all) > c.most {
				t.Errorf("%d points, %v", len(all), err)
			}
		}
	}
}

// The count is that of the points, for every kind of list.
func TestTheCountIsThatOfThePoints(t *testing.T) {
	for _, text := range []string{small, studied[:strings.Index(studied, "filters:")], first} {
		spec := specIn(t, text)
		s, err := Load(spec, MostPoints)
		if err != nil {
			t.Fatal(err)
		}
		all, err := s.Points(t.Context(), spec, testVersion)
		if err != nil {
			t.Fatal(err)
		}
		_, enough := Load(spec, len(all))
		if _, few := Load(spec, len(all)-1); enough != nil || few == nil {
			t.Errorf("%d points, and the count says %v", len(all), enough)
		}
	}
}

// countdown is a context that is cancelled after it was asked a number of times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// Wherever an expansion is, it asks whether it is to end: for every machine, and for every point of one.
func TestAnExpansionCanBeInterrupted(t *testing.T) {
	for _, text := range []string{small, "schedules: [fp16, \"uniform:2\", \"uniform:3\", \"uniform:4\"]\nbatch: [1, 2, 3, 4, 5, 6, 7, 8]\nfilters: [batch >= 1 and gen != 4]\n" + common} {
		spec := specIn(t, text)
		s, err := Load(spec, MostPoints)
		if err != nil {
			t.Fatal(err)
		}
		all, err := s.Points(t.Context(), spec, testVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, after := range []int{0, 1, len(all) / 2, len(all) - 1} {
			_, err := s.Points(&countdown{t.Context(), after}, spec, testVersion)
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("after %d questions of %d points: %v", after, len(all), err)
			}
			if after < len(all) && err == nil {
				t.Errorf("%d points are expanded with %d questions", len(all), after)
			}
		}
	}
}

func TestTheNumberOfFaultsIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.yaml")
	text := ""
	for i := range 150 {
		text += fmt.Sprintf("unknown%d: 1\n", i)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Load(path, MostPoints)
	if err == nil {
		t.Fatal("accepted")
	}
	lines := strings.Split(err.Error(), "\n")
	if last := lines[len(lines)-1]; len(lines) != 101 || !strings.Contains(last, "more faults; accepted: a file without them") {
		t.Errorf("%d lines, the last one: %s", len(lines), last)
	}
}
