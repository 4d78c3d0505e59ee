package main

import (
	"encoding/csv"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/array"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// resultsFile runs a small job and keeps its results.
func resultsFile(t *testing.T, more ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "results.jsonl")
	if _, errs, code := pmpdsim(t, shortJob(append(more, "-o", path)...)...); code != exitOK || errs != "" {
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
	set, err := study.Read(path)
	if err != nil || len(set.Outcomes) != 3 {
		t.Fatalf("%+v, %v", set, err)
	}
	for _, phase := range []string{"decode", "prefill"} {
		sums := map[string]float64{}
		for _, row := range plotted(t, "breakdown", path, "--phase", phase) {
			sums[row["schedule"]+" "+row["quantity"]] += number(t, row["value"])
		}
		for _, o := range set.Outcomes {
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
func rounded(t *testing.T, v float64) float64 { return number(t, strconv.FormatFloat(v, 'g', 9, 64)) }
