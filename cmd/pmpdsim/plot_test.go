package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/array"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// resultsFile runs a small job and keeps its results.
func resultsFile(t *testing.T, more ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "results.jsonl")
	if _, errs, code := pmpdsim(t, tiny(append(more, "-o", path)...)...); code != exitOK || errs != "" {
		t.Fatalf("run: exit code %d, %s", code, errs)
	}
	return path
}

// plotted are the numbers of a figure, by column.
func plotted(t *testing.T, args ...string) (rows []map[string]string) {
	t.Helper()
	out, errs, code := pmpdsim(t, append([]string{"plot"}, append(args, "--format", "csv")...)...)
	if code != exitOK || errs != "" {
		t.Fatalf("plot %v: exit code %d, %s", args, code, errs)
	}
	records, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = r[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestBreakdownsAddUpToTheResult(t *testing.T) {
	path := resultsFile(t, "--breakdown", "--batch", "3")
	all, _, err := readOutcomes([]string{path})
	if err != nil || len(all) != 3 {
		t.Fatalf("%d results, %v", len(all), err)
	}
	for _, phase := range []string{"decode", "prefill"} {
		sums := map[string]float64{}
		for _, row := range plotted(t, "breakdown", path, "--phase", phase) {
			sums[row["schedule"]+" "+row["quantity"]] += number(t, row["value"])
		}
		for _, o := range all {
			time, energy := o.TPOTSeconds, o.EnergyPerToken
			if phase == "prefill" {
				tokens := float64((o.GeneratedTokens - 1) * o.Batch)
				time, energy = o.PrefillSeconds, o.EnergyJoules-o.EnergyPerToken*tokens
			}
			for name, want := range map[string]float64{"time": time, "energy": energy} {
				if got := sums[o.Schedule+" "+name]; math.Abs(got/want-1) > 1e-6 {
					t.Errorf("%s of %s: parts of %s come to %v, want %v", phase, o.Schedule, name, got, want)
				}
			}
		}
	}
}

// TestNoOperatorIsAboveItsRoof: what is drawn of an operator can be no more than its traffic at the DRAM's peak allows, nor
// than the array does with its narrowest weights.
func TestNoOperatorIsAboveItsRoof(t *testing.T) {
	for _, flags := range [][]string{nil, {"--npu", "edge-lpddr4x", "--set", "array.rows=8"}} {
		path := resultsFile(t, append(slices.Clone(flags), "--schedule", "uniform:2", "--schedule", "fp16")...)
		cfg, err := config.Load("edge-lpddr5")
		if flags != nil {
			if cfg, err = config.Load("edge-lpddr4x"); err == nil {
				err = cfg.Set([]string{"array.rows=8"})
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		bandwidth, peak := cfg.PeakBandwidth(), array.PeakMACsPerSecond(cfg, 2)
		for _, phase := range []string{"decode", "prefill"} {
			points, roofs := 0, 0
			for _, row := range plotted(t, append([]string{"roofline", path, "--phase", phase}, flags...)...) {
				intensity, rate := number(t, row["macs_per_byte"]), number(t, row["macs_per_second"])
				switch {
				case strings.HasPrefix(row["what"], "roof of"):
					roofs++
					if row["what"] == "roof of 16-bit weights" && !near(rate, rounded(t, array.PeakMACsPerSecond(cfg, unit.Bits(16)))) {
						t.Errorf("%v: %v MACs/s", row, rate)
					}
				case rate > min(intensity*bandwidth, peak)*(1+1e-6) || rate <= 0:
					t.Errorf("%s: %v is above its roof of %v", phase, row, min(intensity*bandwidth, peak))
				default:
					points++
				}
			}
			if points < 14 || roofs != 3 {
				t.Errorf("%s: %d points and %d roofs", phase, points, roofs)
			}
		}
	}
}

// rounded has the digits of the table.
func rounded(t *testing.T, v float64) float64 { return number(t, real(v)) }

func TestFrontsAreWhatNoneBeats(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var all []*outcome
		for range 1 + r.IntN(12) {
			all = append(all, &outcome{Result: &result.Result{TokensPerSecond: float64(r.IntN(6)), AreaMM2: float64(r.IntN(6))}})
		}
		area := func(o *outcome) float64 { return o.AreaMM2 }
		got := front(all, area)
		for _, o := range all {
			beaten := slices.ContainsFunc(all, func(x *outcome) bool {
				return x.TokensPerSecond >= o.TokensPerSecond && area(x) <= area(o) && (x.TokensPerSecond > o.TokensPerSecond || area(x) < area(o))
			})
			if slices.Contains(got, o) == beaten {
				t.Fatalf("%v tokens/s at %v mm2 is beaten: %v, but on the front: %v", o.TokensPerSecond, o.AreaMM2, beaten, !beaten)
			}
		}
	}
}

func TestResultsAreToldApart(t *testing.T) {
	line := func(npu, schedule, more string) string {
		return fmt.Sprintf(`{"npu":%q,"model":"phi-1.5","task":"t","schedule":%q,"avg_weight_bits":3,"kv_bits":8,"prompt_tokens":9,"generated_tokens":5,`+
			`"batch":1,"tokens_per_second":7,"energy_joules_per_token":0.5%s}`, npu, schedule, more)
	}
	row := func(axes, result string) string { return `{"npu":"n","axes":` + axes + `,"result":` + result + `}` }
	for _, c := range []struct {
		name  string
		lines []string
		want  string // settings and schedules, or the error
	}{
		{"one schedule alone needs no setting", []string{line("n", "fp16", "")}, ": fp16"},
		{"NPUs have names", []string{line("n", "fp16", ""), line("m", "fp16", "")}, "m: fp16; n: fp16"},
		{"numbers of axes are sorted as numbers", []string{row(`{"cores":"16"}`, line("n", "fp16", "")), row(`{"cores":"2"}`, line("n", "fp16", ""))},
			"cores 2: fp16; cores 16: fp16"},
		{"changed NPUs of one name have fingerprints", []string{line("n", "fp16", `,"config_fingerprint":"aaaaaaaaaaaa"`),
			line("n", "uniform:4", `,"config_fingerprint":"bbbbbbbbbbbb"`)}, "config aaaaaaaa: fp16; config bbbbbbbb: uniform:4"},
		{"what follows from the NPU's name is left out", []string{strings.Replace(line("m", "fp16", ""), `"kv_bits":8`, `"kv_bits":16`, 1), line("n", "fp16", "")},
			"m: fp16; n: fp16"},
		{"what does not is there", []string{strings.Replace(line("n", "fp16", ""), `"kv_bits":8`, `"kv_bits":16`, 1), line("n", "fp16", ""), line("m", "fp16", "")},
			"m, KV 8 bits: fp16; n, KV 8 bits: fp16; n, KV 16 bits: fp16"},
		{"unknown keys are skipped", []string{line("n", "fp16", `,"later":{"x":1},"footprint_bytes":{"total":1}`)}, ": fp16"},
		{"failed points are left out", []string{`{"npu":"n","error":"too large","axes":{}}`, line("n", "fp16", "")}, ": fp16"},
		{"equal ones are an error", []string{line("n", "fp16", ""), "", line("n", "fp16", "")},
			"r:1 and r:3 are the same schedule on the same NPU and workload; accepted: each once"},
		{"what is no JSON has a place", []string{line("n", "fp16", ""), "schedule fp16"}, "r:2: not a result: invalid character 's' looking for " +
			"beginning of value; accepted: a line for each result, as run --format json and sweep write them"},
		{"what is another object has one, too", []string{`{"name":"x"}`},
			"r:1: not a result: npu is missing; accepted: a line for each result, as run --format json and sweep write them"},
		{"an empty file has no results", []string{""}, "r: no results"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("r", []byte(strings.Join(c.lines, "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
			all, _, err := readOutcomes([]string{"r"})
			if err == nil {
				all, _, err = arrange(all)
			}
			var texts []string
			for _, o := range all {
				texts = append(texts, o.setting+": "+o.Schedule)
			}
			got := strings.Join(texts, "; ")
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
