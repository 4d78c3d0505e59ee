package timeline_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/sim/replay"
)

// processorVariable holds a command that runs a query as trace_processor_shell does, for computers that have none on
// the path: "node .../testdata/trace_processor.mjs DIR".
const processorVariable = "PMPDSIM_TRACE_PROCESSOR"

// traceProcessor is Perfetto's, or the test is skipped.
func traceProcessor(t *testing.T) []string {
	t.Helper()
	if command := os.Getenv(processorVariable); command != "" {
		return strings.Fields(command)
	}
	for _, name := range []string{"trace_processor_shell", "trace_processor"} {
		if path, err := exec.LookPath(name); err == nil {
			return []string{path}
		}
	}
	t.Skipf("no trace_processor_shell on the path, and %s is not set (docs/timeline.md)", processorVariable)
	return nil
}

// asked runs a query of names and numbers.
func asked(t *testing.T, processor []string, file []byte, query string) map[string]float64 {
	t.Helper()
	dir := t.TempDir()
	trace, sql := filepath.Join(dir, "a.perfetto-trace"), filepath.Join(dir, "q.sql")
	for path, data := range map[string][]byte{trace: file, sql: []byte(query)} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command(processor[0], append(slices.Clone(processor[1:]), "-q", sql, trace)...)
	var errs strings.Builder
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v, %s", c, err, errs.String())
	}
	records, err := csv.NewReader(strings.NewReader(string(out))).ReadAll()
	if err != nil || len(records) < 2 {
		t.Fatalf("%v: %v in %q", c, err, out)
	}
	answers := map[string]float64{}
	for _, r := range records[1:] {
		if answers[r[0]], err = strconv.ParseFloat(r[1], 64); err != nil {
			t.Fatalf("%s: %v", r[0], err)
		}
	}
	return answers
}

// perfettoQuery has a line for each thing that Perfetto is asked for.
func perfettoQuery() string {
	spans := func(track string) string {
		return "from slice s join track t on s.track_id = t.id where t.name = '" + track + "'"
	}
	parts := []string{
		"select 'errors' as name, sum(value) as n from stats where severity in ('error', 'data_loss')",
		"select 'spans', count(*) from slice",
		"select 'spans that do not end', count(*) from slice where dur < 0",
		"select 'spans that leave the one around them', count(*) from slice c join slice p on c.parent_id = p.id where c.ts < p.ts or c.ts + c.dur > p.ts + p.dur",
		"select 'samples', count(*) from counter",
		"select 'tracks of counters', count(distinct track_id) from counter",
		"select 'cycles of steps', sum(extract_arg(s.arg_set_id, 'debug.cycles')) " + spans("Steps") + " and s.depth = 1",
		"select 'busy cycles of arrays', sum(extract_arg(s.arg_set_id, 'debug.busy')) " + spans("Array") + " and s.depth = 0",
		"select 'most bandwidth', max(c.value) from counter c join track t on c.track_id = t.id where t.name like 'DRAM bandwidth%'",
	}
	for depth := range 3 {
		parts = append(parts, fmt.Sprintf("select 'steps at depth %d', count(*) %s and s.depth = %[1]d", depth, spans("Steps")),
			fmt.Sprintf("select 'nanoseconds at depth %d', sum(s.dur) %s and s.depth = %[1]d", depth, spans("Steps")))
	}
	return strings.Join(parts, " union all ")
}

// TestPerfettoReadsTimelines asks Perfetto's own trace processor what is in a file, and compares with the result and
// with what our decoder finds.
func TestPerfettoReadsTimelines(t *testing.T) {
	processor := traceProcessor(t)
	cores := job(t, "laptop-lpddr5x", "small", "static:4>2@2", "cores=4", "noc.topology=bus", "noc.bandwidth=60GB/s", "fusion=elementwise")
	for name, jobs := range map[string][]replay.Job{
		"one core":             {job(t, "edge-lpddr5", "small", "uniform:3")},
		"four cores":           {cores},
		"several runs in line": {job(t, "edge-lpddr5", "small", "fp16"), job(t, "edge-lpddr5", "small", "static:4>2@2")},
	} {
		t.Run(name, func(t *testing.T) {
			rs, file := write(t, 1, 3, activity.Transfers, jobs...)
			d := decode(t, file)
			got := asked(t, processor, file, perfettoQuery())
			want := map[string]float64{"errors": 0, "spans that do not end": 0, "spans that leave the one around them": 0}
			for i, r := range rs {
				want["cycles of steps"] += float64(r.Cycles)
				for depth := range 3 { // the run, its steps, their operators: none leaves a gap
					want[fmt.Sprintf("nanoseconds at depth %d", depth)] += float64(nanoseconds(r.Cycles, int64(jobs[i].Config.Clock)))
				}
				want["busy cycles of arrays"] += float64(r.Counts.Prefill.ArrayBusy + r.Counts.Decode.ArrayBusy)
				if peak := jobs[i].Config.PeakBandwidth() / 1e9; got["most bandwidth"] > peak || got["most bandwidth"] < peak/10 {
					t.Errorf("%v GB/s of a peak of %v", got["most bandwidth"], peak)
				}
			}
			want["most bandwidth"] = got["most bandwidth"]
			for _, k := range d.order {
				want["spans"] += float64(len(k.spans))
				want["samples"] += float64(len(k.samples))
				if len(k.samples) > 0 {
					want["tracks of counters"]++
				}
				if k.name == "Steps" {
					for _, s := range k.spans {
						want[fmt.Sprintf("steps at depth %d", s.depth)]++
					}
				}
			}
			if want["spans"] < 500 || want["samples"] < 20 {
				t.Errorf("there is little in the file: %v", want)
			}
			for _, what := range slices.Sorted(maps.Keys(want)) {
				if got[what] != want[what] {
					t.Errorf("%s: Perfetto says %v, want %v", what, got[what], want[what])
				}
			}
			if len(got) != len(want) {
				t.Errorf("Perfetto says %v", got)
			}
		})
	}
	t.Run("the queries of the document have answers", func(t *testing.T) {
		text, err := os.ReadFile("../../docs/timeline.md")
		if err != nil {
			t.Fatal(err)
		}
		queries := regexp.MustCompile("`(select [^`]+)`").FindAllSubmatch(text, -1)
		if len(queries) == 0 {
			t.Fatal("there are none")
		}
		_, file := write(t, 1, 3, activity.Ops, job(t, "edge-lpddr5", "small", "uniform:3"))
		for _, q := range queries {
			if got := asked(t, processor, file, string(q[1])); got["q_proj"] <= 0 {
				t.Errorf("%s: %v", q[1], got)
			}
		}
	})
}
