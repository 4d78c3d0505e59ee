package timeline_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// small is a model that runs in milliseconds.
const small = `{"model_type":"llama","hidden_size":256,"intermediate_size":512,"num_hidden_layers":2,"num_attention_heads":4,
	"num_key_value_heads":2,"vocab_size":512,"max_position_embeddings":128,"rms_norm_eps":1e-5,"tie_word_embeddings":false,
	"hidden_act":"silu"}`

func job(t *testing.T, npu, model, schedule string, set ...string) replay.Job {
	t.Helper()
	c, err := config.Preset(npu)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set(set); err != nil {
		t.Fatal(err)
	}
	var m *workloads.Model
	if model == "small" {
		m, err = workloads.ParseConfig("small", "small", []byte(small))
	} else {
		m, err = workloads.Load(model)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := precision.Parse(schedule)
	if err != nil {
		t.Fatal(err)
	}
	return replay.Job{Config: c, Model: m, Prompt: 20, Generated: 5, Schedule: s}
}

func prepared(t *testing.T, jobs ...replay.Job) []*replay.Prepared {
	t.Helper()
	all, err := replay.PrepareAll(jobs)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// write runs jobs and returns their results and their timeline.
func write(t *testing.T, workers, steps int, d activity.Detail, jobs ...replay.Job) ([]*result.Result, []byte) {
	t.Helper()
	parts := make([]bytes.Buffer, len(jobs))
	rs, err := replay.Run(t.Context(), prepared(t, jobs...), replay.Options{Workers: workers, Version: "test",
		Timeline: &replay.Timeline{Detail: d, Passes: steps, Part: func(i int) io.Writer { return &parts[i] }}})
	if err != nil {
		t.Fatal(err)
	}
	var file []byte
	for i := range parts {
		file = append(file, parts[i].Bytes()...)
	}
	return rs, file
}

// nanoseconds is a cycle's time, calculated another way.
func nanoseconds(c, clock int64) uint64 {
	n := new(big.Int).Mul(big.NewInt(c), big.NewInt(1e9))
	return n.Quo(n, big.NewInt(clock)).Uint64()
}

// total adds an argument up over the spans of tracks: those of single tiles, or all others.
func total(tracks []*track, argument string, tiles bool) (sum int64) {
	for _, k := range tracks {
		for _, s := range k.spans {
			if _, tile := s.args["tile"]; tile == tiles {
				sum += s.args[argument]
			}
		}
	}
	return sum
}

// below are the tracks whose names begin like that.
func below(run map[string][]*track, prefix string) (found []*track) {
	for name, tracks := range run {
		if strings.HasPrefix(name, prefix) {
			found = append(found, tracks...)
		}
	}
	return found
}

func highest(tracks []*track) (most float64) {
	for _, k := range tracks {
		for _, s := range k.samples {
			most = max(most, s.value)
		}
	}
	return most
}

func TestATimelineAddsUpToTheResult(t *testing.T) {
	batch := job(t, "edge-lpddr5", "small", "uniform:3")
	batch.Batch = 3
	cores := job(t, "laptop-lpddr5x", "small", "static:4>2@2", "cores=4", "noc.topology=bus", "noc.bandwidth=60GB/s", "fusion=elementwise")
	decode := job(t, "edge-lpddr5", "small", "uniform:2")
	decode.DecodeOnly = true
	for _, c := range []struct {
		name string
		job  replay.Job
	}{
		{"one core, DRAM", job(t, "edge-lpddr5", "small", "static:4>2@2")},
		{"a clock above 1 GHz, an ideal memory", job(t, "pmpd-paper", "small", "fp16", "clock=1.7GHz")},
		{"a batch has as many prefills as sequences", batch},
		{"four cores on a bus that is slower than DRAM", cores},
		{"decode alone", decode},
		{"a schedule that decides", job(t, "edge-lpddr5", "small", "random:4>3,l=3,seed=7")},
	} {
		t.Run(c.name, func(t *testing.T) {
			rs, file := write(t, 2, 100, activity.Transfers, c.job)
			run := only(t, file)
			n := rs[0].Counts.Prefill
			n.Add(&rs[0].Counts.Decode)
			checkSums(t, run, &n)
			checkSteps(t, run["Steps"][0], &c.job, &n)
			checkCounters(t, run, &c.job, &n)
			checkDurations(t, run, int64(c.job.Config.Clock))
			if c.job.Config.Cores > 1 && (n.Exchanged == 0 || n.NetworkWait == 0 || len(run["Array"]) != c.job.Config.Cores) {
				t.Errorf("%v exchanged, %d cycles waited for links, %d arrays: the case shows nothing", n.Exchanged, n.NetworkWait, len(run["Array"]))
			}
		})
	}
}

// only is the one run of a file.
func only(t *testing.T, file []byte) map[string][]*track {
	t.Helper()
	return decode(t, file).run(0)
}

// checkSums compares what was counted with what the spans say.
func checkSums(t *testing.T, run map[string][]*track, n *stats.Counts) {
	t.Helper()
	for _, c := range []struct {
		name      string
		got, want int64
	}{
		{"array busy, ops", total(run["Array"], "busy", false), int64(n.ArrayBusy)},
		{"array busy, tiles", total(run["Array"], "busy", true), int64(n.ArrayBusy)},
		{"vector unit busy, ops", total(run["Vector"], "busy", false), int64(n.VectorBusy)},
		{"vector unit busy, tiles", total(run["Vector"], "busy", true), int64(n.VectorBusy)},
		{"decoding", total(run["Decode"], "busy", false), int64(n.LaunchBusy)},
		{"bytes of loads and stores", total(append(below(run, "Loads"), below(run, "Stores")...), "bytes", false), int64(n.DRAMBytes())},
		{"transfers", total(append(below(run, "Loads"), below(run, "Stores")...), "transfers", false), n.Transfers},
		{"bytes of weights", total(run["Loads: weights"], "bytes", false), int64(n.Traffic[isa.Weights])},
		{"bytes of cache written", total(run["Stores: kv-write"], "bytes", false), int64(n.Traffic[isa.KVWrite])},
		{"bytes of transfers", total(below(run, "Transfers"), "bytes", true) + total(below(run, "Transfers"), "bytes", false), int64(n.DRAMBytes())},
		{"bytes exchanged", total(run["Exchanges"], "bytes", false), int64(n.Exchanged)},
		{"waits for links", total(below(run, "Link waits"), "busy", true) + total(below(run, "Link waits"), "busy", false), int64(n.NetworkWait)},
		{"the run's cycles", run["Steps"][0].spans[0].args["cycles"], int64(n.Cycles)},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, the result has %d", c.name, c.got, c.want)
		}
	}
}

// checkSteps checks that steps tile the run, and the front's spans each step.
func checkSteps(t *testing.T, k *track, j *replay.Job, n *stats.Counts) {
	t.Helper()
	clock := int64(j.Config.Clock)
	want := j.Generated - 1
	if !j.DecodeOnly {
		want += max(j.Batch, 1)
	}
	var cycles int64
	var at uint64
	steps := 0
	for _, s := range k.spans[1:] {
		if s.depth == 2 {
			if s.from != at {
				t.Fatalf("%s begins at %d ns, what is before it ends at %d", s.name, s.from, at)
			}
			at = s.to
			continue
		}
		steps++
		if at != nanoseconds(cycles, clock) || s.from != at {
			t.Fatalf("%s begins at %d ns, what is before it ends at %d ns and takes %d cycles", s.name, s.from, at, cycles)
		}
		cycles += s.args["cycles"]
	}
	if end := nanoseconds(int64(n.Cycles), clock); cycles != int64(n.Cycles) || at != end || k.spans[0].to != end || steps != want {
		t.Errorf("%d steps of %d cycles end at %d ns; %d steps of %d cycles do at %d", steps, cycles, at, want, n.Cycles, end)
	}
}

// checkCounters checks the counters against the counts, and the bandwidth against the DRAM's.
func checkCounters(t *testing.T, run map[string][]*track, j *replay.Job, n *stats.Counts) {
	t.Helper()
	if got := highest(below(run, "Scratchpad")); got != float64(n.ScratchPeak) {
		t.Errorf("at most %v bytes of scratchpad in use, the result has %d", got, n.ScratchPeak)
	}
	if got, want := highest(run["KV length (tokens)"]), float64(j.Prompt+j.Generated-1); got != want {
		t.Errorf("KV length reaches %v, want %v", got, want)
	}
	want := float64(j.Schedule.Bits[0])
	if got := highest(run["Weight bits"]); got != want {
		t.Errorf("weights have up to %v bits, want %v", got, want)
	}
	gb := run["DRAM bandwidth (GB/s)"][0].samples
	sum := 0.0
	for i, s := range gb[1:] {
		sum += gb[i].value * float64(s.at-gb[i].at)
		if peak := j.Config.PeakBandwidth() / 1e9; gb[i].value > peak*1.000001 || gb[i].value < 0 {
			t.Errorf("%v GB/s at %d ns, the peak is %v", gb[i].value, gb[i].at, peak)
		}
	}
	if off := sum/float64(n.DRAMBytes()) - 1; math.Abs(off) > 0.001 || gb[len(gb)-1].value != 0 { // windows end at whole nanoseconds
		t.Errorf("the bandwidth makes %.0f bytes, %d were moved", sum, n.DRAMBytes())
	}
}

// checkDurations checks that nanoseconds are those of the cycles that the spans of tiles have, up to the rounding of
// both ends.
func checkDurations(t *testing.T, run map[string][]*track, clock int64) {
	t.Helper()
	for _, k := range slices.Concat(run["Array"], run["Vector"], run["Decode"]) {
		for i, s := range k.spans {
			if _, tile := s.args["tile"]; tile != (s.depth == 1) {
				t.Fatalf("span %d of %s lies %d deep", i, k.name, s.depth)
			}
			exact := float64(s.args["busy"]) * 1e9 / float64(clock)
			if d := float64(s.to - s.from); s.args["busy"] == 0 || (s.depth == 1 && math.Abs(d-exact) >= 1) || d <= exact-1 {
				t.Errorf("%s on %s takes %v ns, %d cycles are %v", s.name, k.name, d, s.args["busy"], exact)
			}
		}
	}
}

func TestSameJobSameTimeline(t *testing.T) {
	jobs := []replay.Job{job(t, "edge-lpddr5", "small", "fp16"), job(t, "edge-lpddr5", "small", "static:4>2@2"), job(t, "pmpd-paper", "small", "uniform:3")}
	var first []byte
	for i, workers := range []int{1, 2, 5, 1} {
		if _, file := write(t, workers, 2, activity.Transfers, jobs...); i == 0 {
			first = file
		} else if !bytes.Equal(first, file) {
			t.Errorf("%d workers write another file than 1", workers)
		}
	}
	d := decode(t, first)
	for i, j := range jobs {
		if s := d.run(i)["Steps"][0].spans[0]; s.texts["schedule"] != j.Schedule.String() || s.texts["config fingerprint"] != j.Config.Fingerprint() {
			t.Errorf("run %d: %v", i, s.texts)
		}
	}
}

func TestATimelineChangesNoResult(t *testing.T) {
	j := job(t, "edge-lpddr5", "small", "static:4>2@2")
	want, err := replay.Run(t.Context(), prepared(t, j), replay.Options{Workers: 1, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := write(t, 1, 100, activity.Transfers, j)
	if got[0].Counts != want[0].Counts {
		t.Errorf("%+v with a timeline, %+v without", got[0].Counts, want[0].Counts)
	}
}

func TestDetail(t *testing.T) {
	j := job(t, "edge-lpddr5", "small", "uniform:3")
	type has struct{ ops, tiles, transfers int } // steps that have them
	for _, c := range []struct {
		detail activity.Detail
		steps  int
		want   has
	}{
		{activity.Steps, 3, has{}},
		{activity.Ops, 3, has{ops: 5}},
		{activity.Tiles, 2, has{5, 2, 0}},
		{activity.Transfers, 2, has{5, 2, 2}},
		{activity.Transfers, 0, has{5, 0, 0}},
	} {
		rs, file := write(t, 2, c.steps, c.detail, j)
		run := only(t, file)
		steps := run["Steps"][0].spans
		if steps[0].args["cycles"] != rs[0].Cycles || steps[0].texts["detail"] != c.detail.String() || steps[0].texts["left out"] == "" {
			t.Errorf("%v: the run is %+v", c.detail, steps[0])
		}
		var got has
		for _, s := range steps {
			if s.depth != 1 {
				continue
			}
			inside := func(tracks []*track, tile bool) int {
				for _, k := range tracks {
					for _, x := range k.spans {
						if _, is := x.args["tile"]; is == tile && x.from >= s.from && x.to <= s.to && x.to > s.from {
							return 1
						}
					}
				}
				return 0
			}
			got.ops += inside(run["Array"], false)
			got.tiles += inside(run["Array"], true)
			got.transfers += inside(below(run, "Transfers: weights"), true)
			if c.detail > activity.Ops && strings.HasPrefix(s.texts["detail"], "op: only") != (s.name != "prefill" && s.name != "pass 1" || c.steps == 0) {
				t.Errorf("%v: %s has detail %q", c.detail, s.name, s.texts["detail"])
			}
		}
		if got != c.want {
			t.Errorf("%v in %d steps: %+v, want %+v", c.detail, c.steps, got, c.want)
		}
	}
}

// A 7B model has some 700 ops a pass. What more passes add to the file is the same for each, so that a run of 256
// tokens can be calculated from a short one: deflated, and as a reader meets it.
func TestARunOfA7BModelIsSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("a 7B model: left to the full run")
	}
	const limit, tokens = 50e6, 256
	var size, inflated [2]float64
	for i, generated := range []int{3, 6} {
		j := job(t, "edge-lpddr5", "vicuna-7b", "uniform:2")
		j.Prompt, j.Generated = 128, generated
		_, file := write(t, 2, 3, activity.Ops, j)
		size[i], inflated[i] = float64(len(file)), float64(decode(t, file).size)
	}
	for name, s := range map[string][2]float64{"deflated": size, "inflated": inflated} {
		all := s[1] + (s[1]-s[0])/3*(tokens-6)
		t.Logf("%s: %.1f MB", name, all/1e6)
		if all > limit {
			t.Errorf("%s: a run of %d tokens makes %.1f MB, at most %.1f are allowed", name, tokens, all/1e6, limit/1e6)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestAFullDiskEndsTheRun(t *testing.T) {
	_, err := replay.Run(t.Context(), prepared(t, job(t, "pmpd-paper", "small", "fp16")), replay.Options{Workers: 2,
		Timeline: &replay.Timeline{Detail: activity.Ops, Part: func(int) io.Writer { return full{} }}})
	if err == nil || err.Error() != "writing the timeline: the disk is full" {
		t.Errorf("got %v", err)
	}
}
