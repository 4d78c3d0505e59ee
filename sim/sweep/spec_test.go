package sweep

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// Every testdata/bad/NAME.yaml is refused with exactly the text of NAME.txt, where the folder is left out of the paths.
func TestBadSpecsAreRefusedWithExactlyThisText(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 11 {
		t.Fatalf("%d bad specs, %v", len(files), err)
	}
	for _, file := range files {
		stem := strings.TrimSuffix(file, ".yaml")
		t.Run(strings.ReplaceAll(filepath.Base(stem), "_", " "), func(t *testing.T) {
			s, err := Load(file, MostPoints)
			if err == nil {
				_, err = s.Points(t.Context(), file, testVersion)
			}
			if err == nil {
				t.Fatal("was accepted")
			}
			got := strings.ReplaceAll(err.Error(), "testdata/bad/", "") + "\n"
			simtest.Golden(t, stem+".txt", []byte(got))
		})
	}
}

func points(t *testing.T, text string) []*Point {
	t.Helper()
	spec := specIn(t, text)
	s, err := Load(spec, MostPoints)
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Points(t.Context(), spec, testVersion)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const common = "npu: pmpd-paper\nmodels: tiny.json\nlengths: [{prompt: 8, gen: 4}]\n"

func TestPoints(t *testing.T) {
	t.Run("all combinations, what stands first varying slowest and schedules fastest", func(t *testing.T) {
		var got []string
		for _, p := range points(t, "schedules: [fp16, \"uniform:4\"]\naxes:\n  - clock: [1GHz, 2GHz]\n  - shape: {s: {array.rows: 8}, l: {array: {rows: 9}}}\nbatch: [1, 2]\n"+common) {
			rows, _ := p.Config.Get("array.rows")
			clock, _ := p.Config.Get("clock")
			batch, _ := p.identity("batch")
			got = append(got, strings.Join([]string{p.Axes[0].Value, p.Axes[1].Value, clock, rows, batch, p.Schedule.String()}, " "))
		}
		var want []string
		for _, clock := range []string{"1GHz", "2GHz"} {
			for _, shape := range []string{"s", "l"} {
				for _, batch := range []string{"1", "2"} {
					for _, schedule := range []string{"fp16", "uniform:4"} {
						want = append(want, strings.Join([]string{clock, shape, clock, map[string]string{"s": "8", "l": "9"}[shape], batch, schedule}, " "))
					}
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("a filter skips the points for which all of its conditions hold", func(t *testing.T) {
		for filter, want := range map[string]int{
			"clock == 1GHz":                              3,
			"clock >= 1000MHz":                           0 + 3, // 500MHz stays
			"clock < 1GHz and schedule == fp16":          5,
			"schedule != fp16":                           2,
			"schedule != static:4>3@2":                   2,
			"schedule != static:4-3@2":                   2,
			"schedule == static:4-3@02":                  4,
			"clock == 1GHz and schedule == uniform:4":    5,
			"dram.bandwidth > 64GB/s":                    6,
			"npu == pmpd-paper and prompt > 8":           6,
			"batch < 2 and model == tiny and gen == 4":   0,
			"\"schedule == static:4>3@2\"":               4,
			"task == custom and clock != 1GHz":           3,
			"array.rows >= 1 and schedule == fp16":       4,
			"schedule == fp16 and schedule == uniform:4": 6,
		} {
			spec := specIn(t, "schedules: [fp16, \"uniform:4\", \"static:4>3@2\"]\naxes: [{clock: [1GHz, 500MHz]}]\nfilters: ["+filter+"]\n"+common)
			s, err := Load(spec, MostPoints)
			if err != nil {
				t.Fatalf("%s: %v", filter, err)
			}
			all, err := s.Points(t.Context(), spec, testVersion)
			if len(all) != want || (err != nil) != (want == 0) {
				t.Errorf("%s leaves %d points (%v), want %d", filter, len(all), err, want)
			}
		}
	})
	t.Run("quantities of every unit have an order", func(t *testing.T) {
		const axes = "axes: [{dram.density: [8Gb, 16Gb]}, {dram.temperature: [85C, 105C]}, {dram.timing.tRCD: [9ns, 12ns, 0.018us]}]\n"
		for filter, want := range map[string]int{"dram.density >= 16Gb": 6, "dram.temperature > 95C": 6, "dram.timing.tRCD < 12ns": 8,
			"dram.timing.tRP < 1us": 0, "dram.background.write >= 30%": 12, "dram.density == 8Gb and dram.temperature == 85C": 9} {
			spec := specIn(t, "schedules: fp16\nset: {dram.timing.tRP: 12ns}\n"+axes+"filters: ["+filter+"]\nnpu: edge-lpddr5\n"+
				strings.ReplaceAll(common, "npu: pmpd-paper\n", ""))
			s, err := Load(spec, MostPoints)
			if err != nil {
				t.Fatalf("%s: %v", filter, err)
			}
			if all, _ := s.Points(t.Context(), spec, testVersion); len(all) != want {
				t.Errorf("%s leaves %d points, want %d", filter, len(all), want)
			}
		}
	})
	t.Run("what is impossible may be skipped", func(t *testing.T) {
		if n := len(points(t, "schedules: fp16\naxes: [{array.rows: [16, 100000]}]\nfilters: [array.rows > 4096]\n"+common)); n != 1 {
			t.Errorf("%d points", n)
		}
	})
	t.Run("a fingerprint depends on every input and on nothing else", func(t *testing.T) {
		base := "schedules: fp16\n" + common
		first := points(t, base)[0].Fingerprint
		if again := points(t, base)[0].Fingerprint; again != first { // the spec lies in another folder
			t.Errorf("the same point has the fingerprints %s and %s", first, again)
		}
		seen := []string{first}
		for _, text := range []string{"set: {clock: 2GHz}\nschedules: fp16\n" + common, "schedules: \"uniform:4\"\n" + common, "batch: 2\nschedules: fp16\n" + common,
			strings.Replace(base, "pmpd-paper", "edge-lpddr5", 1), strings.Replace(base, "tiny.json", "phi-1.5", 1),
			strings.Replace(base, "prompt: 8", "prompt: 9", 1), strings.Replace(base, "gen: 4", "gen: 5", 1)} {
			f := points(t, text)[0].Fingerprint
			if slices.Contains(seen, f) {
				t.Errorf("has the fingerprint of another point:\n%s", text)
			}
			seen = append(seen, f)
		}
	})
}

func TestRulesOfPrecisionAreAnAxis(t *testing.T) {
	var got []string
	for _, p := range points(t, `npu: pmpd-paper
models: phi-1.5
lengths: [{prompt: 8, gen: 4}]
schedules: [fp16, "uniform:4", "static:4>3@2"]
precision: [none, fc2=+1, "layers=0,23:8"]
filters: ["schedule == uniform:4;layers=0,23:8", "precision == none and schedule != fp16"]
`) {
		got = append(got, p.Schedule.String())
	}
	want := []string{"fp16", "uniform:4;fc2=+1", "static:4>3@2;fc2=+1", "static:4>3@2;layers=0,23:8"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestRulesThatAModelHasNotAreNamedWhereTheyStand(t *testing.T) {
	spec := specIn(t, "npu: pmpd-paper\nmodels: phi-1.5\nlengths: [{prompt: 8, gen: 4}]\nschedules: [\"uniform:4\"]\nprecision: [none, fc3=+1]\n")
	s, err := Load(spec, MostPoints)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Points(t.Context(), spec, testVersion)
	if want := ":5:19: fc3=+1: rule fc3=+1: phi-1.5 has no matrix fc3 whose bits change; accepted: "; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
