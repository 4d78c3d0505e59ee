package study_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/study"
)

// line is a result as run --format json writes it; more is put behind.
func line(npu, schedule, more string) string {
	return fmt.Sprintf(`{"npu":%q,"model":"phi-1.5","task":"t","schedule":%q,"avg_weight_bits":3,"kv_bits":8,"prompt_tokens":9,"generated_tokens":5,`+
		`"batch":1,"tokens_per_second":7,"energy_joules_per_token":0.5%s}`, npu, schedule, more)
}

// rate is a result with a throughput and an energy.
func rate(npu, schedule string, tokens, joules float64) string {
	return strings.Replace(line(npu, schedule, ""), `"tokens_per_second":7,"energy_joules_per_token":0.5`,
		fmt.Sprintf(`"tokens_per_second":%v,"energy_joules_per_token":%v`, tokens, joules), 1)
}

// row is a result as a sweep writes it.
func row(axes, result string) string {
	return `{"npu":"n","axes":` + axes + `,"result":` + result + `}`
}

// written writes lines into a file and returns its path.
func written(t testing.TB, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t testing.TB, lines ...string) *study.Set {
	t.Helper()
	s, err := study.Read(written(t, lines...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// told writes settings and schedules of an arranged set.
func told(s *study.Set) string {
	var texts []string
	for _, o := range s.Outcomes {
		texts = append(texts, o.Setting+": "+o.Schedule)
	}
	return strings.Join(texts, "; ")
}

func TestResultsAreToldApart(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  string // settings and schedules, or the error
	}{
		{"one schedule alone needs no setting", []string{line("n", "fp16", "")}, ": fp16"},
		{"NPUs have names", []string{line("n", "fp16", ""), line("m", "fp16", "")}, "m: fp16; n: fp16"},
		{"numbers of axes are sorted as numbers", []string{row(`{"cores":"16"}`, line("n", "fp16", "")), row(`{"cores":"2"}`, line("n", "fp16", ""))},
			"cores 2: fp16; cores 16: fp16"},
		{"sampled results say so beside exact ones", []string{line("n", "fp16", ""), line("n", "fp16", `,"passes":"sampled:1%","passes_simulated":1`)},
			"passes all: fp16; passes sampled:1%: fp16"},
		{"changed NPUs of one name have fingerprints", []string{line("n", "fp16", `,"config_fingerprint":"aaaaaaaaaaaa"`),
			line("n", "uniform:4", `,"config_fingerprint":"bbbbbbbbbbbb"`)}, "config aaaaaaaa: fp16; config bbbbbbbb: uniform:4"},
		{"what follows from the NPU's name is left out", []string{strings.Replace(line("m", "fp16", ""), `"kv_bits":8`, `"kv_bits":16`, 1), line("n", "fp16", "")},
			"m: fp16; n: fp16"},
		{"what does not is there", []string{strings.Replace(line("n", "fp16", ""), `"kv_bits":8`, `"kv_bits":16`, 1), line("n", "fp16", ""), line("m", "fp16", "")},
			"m, KV 8 bits: fp16; n, KV 8 bits: fp16; n, KV 16 bits: fp16"},
		{"unknown keys are skipped", []string{line("n", "fp16", `,"later":{"x":1},"footprint_bytes":{"total":1,"capacity":2}`)}, ": fp16"},
		{"failed points are left out", []string{`{"npu":"n","error":"too large","axes":{}}`, line("n", "fp16", "")}, ": fp16"},
		{"equal ones are an error", []string{line("n", "fp16", ""), "", line("n", "fp16", "")},
			"r:1 and r:3 are the same schedule on the same NPU and workload; accepted: each once"},
		{"what is no JSON has a place", []string{line("n", "fp16", ""), "schedule fp16"}, "r:2: not a result: not JSON: 's' cannot stand at " +
			"byte 1; accepted: a line for each result, as run --format json and sweep write them"},
		{"what is another object has one, too", []string{`{"name":"x"}`},
			"r:1: not a result: npu is missing; accepted: a line for each result, as run --format json and sweep write them"},
		{"an empty file has no results", []string{""}, "r: no results; accepted: files of run --format json, folders of sweeps"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("r", []byte(strings.Join(c.lines, "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
			s, err := study.Read("r")
			if err == nil {
				s, err = s.Arrange()
			}
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = told(s)
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestOnlyByNamesWithEqualsSigns: of two axes, one of which begins as the other and = do, the longer is meant.
func TestOnlyByNamesWithEqualsSigns(t *testing.T) {
	all := read(t, row(`{"k":"v=8","k=v":"9"}`, line("n", "fp16", "")), row(`{"k":"1","k=v":"8"}`, line("n", "uniform:3", "")))
	for condition, want := range map[string]string{"k=v=8": "uniform:3", "k=v=9": "fp16", "k=1": "uniform:3"} {
		s, err := all.Only(condition)
		if err != nil || len(s.Outcomes) != 1 || s.Outcomes[0].Schedule != want {
			t.Errorf("%s: %v, %v, want %s", condition, s, err, want)
		}
	}
}

func TestOnly(t *testing.T) {
	all := read(t, line("m", "fp16", ""), line("n", "fp16", ""), line("n", "uniform:4", ""), row(`{"rows":"8"}`, line("n", "uniform:3", "")))
	for _, c := range []struct {
		name       string
		conditions []string
		want       string // places, or the error
	}{
		{"nothing asked for is all", nil, "fp16 fp16 uniform:4 uniform:3"},
		{"two keys have to agree", []string{"npu=n", "schedule=fp16"}, "fp16"},
		{"values of one key are alternatives", []string{"schedule=uniform:3", "schedule=uniform:4"}, "uniform:4 uniform:3"},
		{"an axis is a key", []string{"rows=8"}, "uniform:3"},
		{"an axis that an outcome does not have has no value", []string{"rows="}, "fp16 fp16 uniform:4"},
		{"a key that nothing has", []string{"cores=2"},
			"--only cores=2: nothing to choose by; accepted: KEY=VALUE with a key of npu, model, task, prompt, gen, batch, kv-bits, rows, schedule"},
		{"a key without a value", []string{"npu"},
			"--only npu: nothing to choose by; accepted: KEY=VALUE with a key of npu, model, task, prompt, gen, batch, kv-bits, rows, schedule"},
		{"a value that nothing has", []string{"npu=x"}, "--only npu=x: no result has that; accepted: m, n"},
		{"values that nothing has together", []string{"npu=m", "rows=8"}, "--only: no result has all of that; accepted: what some result has"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := all.Only(c.conditions...)
			var schedules []string
			if err == nil {
				for _, o := range s.Outcomes {
					schedules = append(schedules, o.Schedule)
				}
			} else {
				schedules = []string{err.Error()}
			}
			if got := strings.Join(schedules, " "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	if len(all.Outcomes) != 4 {
		t.Error("choosing has changed the set")
	}
}

func TestMeans(t *testing.T) {
	seed := func(n string, tokens float64) string { return rate("n", "random:4>3"+n, tokens, 1) }
	all := read(t, seed(",seed=10", 72), seed("", 60), seed(",seed=7", 66), rate("n", "fp16", 20, 1))
	s, err := all.Arrange("seed")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := told(s), ": fp16; : random:4>3"; got != want {
		t.Errorf("outcomes %q, want %q", got, want)
	}
	if got, want := s.Outcomes[1].Spread(study.TokensPerSecond()), (study.Spread{N: 3, Mean: 66, Least: 60, Most: 72}); got != want {
		t.Errorf("spread %+v, want %+v", got, want)
	}
	if got := s.Outcomes[0].Spread(study.SpeedupFP16()); got.N != 0 || got.Mean == got.Mean {
		t.Errorf("a metric that no result has comes to %+v", got)
	}
	if got, want := s.MeanOf(), "mean of 3 results over seed"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	t.Run("the order of files does not matter", func(t *testing.T) {
		again, err := read(t, rate("n", "fp16", 20, 1), seed("", 60), seed(",seed=7", 66), seed(",seed=10", 72)).Arrange("seed")
		if err != nil || told(again) != told(s) || len(again.Outcomes[1].Replicates) != 3 {
			t.Fatalf("%v", err)
		}
		for i, o := range again.Outcomes[1].Replicates {
			if got, want := o.TokensPerSecond, []float64{60, 66, 72}[i]; got != want {
				t.Errorf("replicate %d has %v, want %v", i, got, want)
			}
		}
	})
	t.Run("the set that was arranged stays as it was", func(t *testing.T) {
		if o := all.Outcomes[0]; o.Schedule != "random:4>3,seed=10" || o.Setting != "" || len(all.Outcomes) != 4 {
			t.Errorf("%+v", o)
		}
		if _, err := all.Arrange("seed"); err != nil {
			t.Error(err)
		}
	})
	for over, want := range map[string]string{
		"colour": "--over colour: nothing to average over; accepted: seed, trace, npu, model, task, prompt, gen, batch, kv-bits",
		"npu":    "--over npu: no two results differ in that alone; accepted: keys by which results of one schedule, NPU and workload differ",
	} {
		if _, err := all.Arrange(over); err == nil || err.Error() != want {
			t.Errorf("over %s: %v, want %s", over, err, want)
		}
	}
}

// TestInputsOfWhichPartIsKnown: folders of version 0.1.0, and those that have lost their inputs, get their NPUs and no models.
func TestInputsOfWhichPartIsKnown(t *testing.T) {
	const npu = `,"config_fingerprint":"c","inputs":{"npu":{"array":{"rows":4}}},"model_fingerprint":`
	c, err := study.Compare(read(t, line("n", "fp16", npu+`"a"`)), read(t, line("n", "fp16", npu+`"b"`)))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Inputs) != 1 || c.Inputs[0].Key != "model (fingerprint)" || c.Inputs[0].A != "a" || c.Inputs[0].B != "b" {
		t.Errorf("%+v", c.Inputs)
	}
}
