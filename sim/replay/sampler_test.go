package replay

import (
	"bytes"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/workloads"
)

func TestSamplingsAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]Sampling{
		"all": {}, "sampled": {Tolerance: 0.001}, "sampled:0.1%": {Tolerance: 0.001}, "sampled:5%": {Tolerance: 0.05}, "sampled:0.1234567%": {Tolerance: 0.001234567},
		"sampled:10%": {Tolerance: 0.1}, "sampled:0.001%": {Tolerance: 1e-5}, "2": {Even: 2}, "40": {Even: 40},
	} {
		got, err := ParseSampling(text)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
		if again, err := ParseSampling(got.String()); err != nil || again != got {
			t.Errorf("%s is written as %s, and read as %v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "some", "1", "0", "-3", "1e9", "sampled:", "sampled:0.1", "sampled:0%", "sampled:50%", "sampled:NaN%", "all:1%", "131073"} {
		if s, err := ParseSampling(text); err == nil || !strings.Contains(err.Error(), "accepted: all, sampled, sampled:PERCENT% from 0.001% to 10%") {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
}

// groupsOf are the groups of like passes of a job.
func groupsOf(t *testing.T, j Job) [][]int {
	t.Helper()
	p, err := Prepare(j)
	if err != nil {
		t.Fatal(err)
	}
	groups, err := p.run(p.all()).groups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return groups
}

func TestPassesAreGroupedByTheirPrograms(t *testing.T) {
	windowed, err := workloads.ParseConfig("m", "config.json", []byte(`{"model_type": "mistral", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
		"num_key_value_heads": 2, "vocab_size": 64, "intermediate_size": 64, "max_position_embeddings": 256, "sliding_window": 20, "hidden_act": "silu"}`))
	if err != nil {
		t.Fatal(err)
	}
	from := func(a, b int) (all []int) {
		for pass := a; pass <= b; pass++ {
			all = append(all, pass)
		}
		return all
	}
	window := func(schedule string) Job {
		j := short(t, "pmpd-paper", "phi-1.5", schedule, 10, 21)
		j.Model = windowed
		return j
	}
	tiles := short(t, "edge-lpddr5", "phi-1.5", "uniform:4", 10, 21)
	if err := tiles.Config.Set([]string{"scratchpad.tile=32KiB"}); err != nil { // 16 positions of 2,048 values at 8 bits
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		job  Job
		want [][]int
	}{
		{"a precision", short(t, "pmpd-paper", "phi-1.5", "uniform:4", 10, 21), [][]int{from(1, 20)}},
		{"the pass behind a switch is its own", short(t, "pmpd-paper", "phi-1.5", "static:4>3@10", 10, 21), [][]int{from(1, 10), {11}, from(12, 20)}},
		{"a window is full with its 20th position", window("uniform:4"), [][]int{from(1, 9), from(10, 20)}},
		{"tiles of 16 positions from DRAM, of which one is one", tiles, [][]int{from(1, 7), from(8, 20)}},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got := groupsOf(t, c.job); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v\nwant %v", got, c.want)
			}
		})
	}
}

// asSampled are a short job's results with some of its passes simulated.
func asSampled(t *testing.T, sampling string, workers int, schedules ...string) []*result.Result {
	t.Helper()
	s, err := ParseSampling(sampling)
	if err != nil {
		t.Fatal(err)
	}
	var jobs []Job
	for _, schedule := range schedules {
		j := short(t, "edge-lpddr5", "llama-3.2-1b", schedule, 40, 30)
		j.Sampling = s
		jobs = append(jobs, j)
	}
	return mustRun(t, workers, jobs...)
}

func TestSampledResultsSaySo(t *testing.T) {
	exact, even, some := asSampled(t, "all", 2, "uniform:4")[0], asSampled(t, "2", 2, "uniform:4")[0], asSampled(t, "sampled", 2, "uniform:4")[0]
	if exact.Sampling != "" || exact.PassesSimulated != 0 || exact.MidpointError != nil {
		t.Errorf("all: %q, %d, %v", exact.Sampling, exact.PassesSimulated, exact.MidpointError)
	}
	if even.Sampling != "2" || even.PassesSimulated != 2 || even.MidpointError != nil {
		t.Errorf("two, which nothing checks: %q, %d, %v", even.Sampling, even.PassesSimulated, even.MidpointError)
	}
	if some.Sampling != "sampled:0.1%" || some.PassesSimulated != 5 || some.MidpointError == nil || *some.MidpointError > 0.001 {
		t.Errorf("sampled: %q, %d, %v", some.Sampling, some.PassesSimulated, some.MidpointError)
	}
	if checked := asSampled(t, "3", 2, "uniform:4")[0]; checked.PassesSimulated != 3 || checked.MidpointError == nil {
		t.Errorf("three: %d, %v", checked.PassesSimulated, checked.MidpointError)
	}
	if same := asSampled(t, "29", 2, "uniform:4")[0]; same.Cycles != exact.Cycles || same.PassesSimulated != 29 || same.MidpointError != nil {
		t.Errorf("29 of 29: %d cycles, all %d", same.Cycles, exact.Cycles)
	}
}

// The cache of tiny is read in blocks of eight positions. With these lengths the five passes that judge a line are all the first
// of a block, where the line is above all others, by 0.104 % of the bytes.
func TestStepsOfACacheAreSeenBetweenMiddles(t *testing.T) {
	all := short(t, "edge-lpddr5", "tiny", "uniform:2", 64, 100)
	some := all
	some.Sampling.Tolerance = DefaultTolerance
	r := mustRun(t, 2, all, some)
	if off := r[1].DRAMBytesPerToken/r[0].DRAMBytesPerToken - 1; math.Abs(off) > DefaultTolerance || r[1].PassesSimulated >= 99 {
		t.Errorf("%d of 99 simulated, %.3g off", r[1].PassesSimulated, off)
	}
}

func TestSampledResultsDoNotDependOnWorkers(t *testing.T) {
	var first []byte
	for _, workers := range []int{1, 3} {
		var b bytes.Buffer
		if err := result.WriteJSON(&b, asSampled(t, "sampled:0.01%", workers, "uniform:4", "static:4>3")); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b.Bytes()
		} else if !bytes.Equal(first, b.Bytes()) {
			t.Errorf("%d workers:\n%s\n1 worker:\n%s", workers, b.Bytes(), first)
		}
	}
}

func TestProgressOfSampledRunsEndsWithAllPasses(t *testing.T) {
	j := short(t, "pmpd-paper", "llama-3.2-1b", "static:4>3", 16, 40)
	j.Sampling.Tolerance = DefaultTolerance
	last, share := Progress{}, 0.0
	if _, err := runJobs(t.Context(), []Job{j}, Options{Workers: 1, Progress: func(p Progress) {
		if p.Share < share {
			t.Errorf("%v behind %v", p.Share, share)
		}
		last, share = p, p.Share
	}}); err != nil {
		t.Fatal(err)
	}
	if last.Passes != 40 || last.Total != 40 || share != 1 {
		t.Errorf("%+v", last)
	}
}

func TestWhatCannotBeSampledIsRefused(t *testing.T) {
	j := short(t, "pmpd-paper", "llama-3.2-1b", "uniform:4", 16, 9)
	j.Sampling.Even = 2
	timeline := &Timeline{Detail: activity.Steps, Part: func(int) io.Writer { return io.Discard }}
	if _, err := runJobs(t.Context(), []Job{j}, Options{Workers: 1, Timeline: timeline}); err == nil || !strings.Contains(err.Error(), "accepted: passes all, or no timeline") {
		t.Errorf("a timeline: %v", err)
	}
	for _, s := range []Sampling{{Even: 1}, {Even: -2}, {Even: MostTokens + 1}, {Tolerance: -1}, {Tolerance: math.NaN()}, {Tolerance: 0.5}, {Tolerance: 0.01, Even: 3}} {
		wrong := j
		if wrong.Sampling = s; s.All() {
			t.Errorf("%+v is all", s)
		}
		if _, err := Prepare(wrong); err == nil || !strings.Contains(err.Error(), "accepted: a tolerance from 1e-05 to 0.1") {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if _, _, err := Follow(t.Context(), j, nil, Options{Workers: 1}); err == nil || !strings.Contains(err.Error(), "accepted: passes all") {
		t.Errorf("a run that is followed: %v", err)
	}
}

func TestEverySimulatedPassBetweenTwoIsHeldAgainstTheirLine(t *testing.T) {
	for n := 2; n <= 9; n++ {
		for length := 1; length <= 40; length++ {
			var group []int
			for pass := 1; pass <= length; pass++ {
				group = append(group, pass)
			}
			s := &sampler{run: &run{Prepared: &Prepared{Job: Job{Sampling: Sampling{Even: n}}}, simulated: make([]bool, length+1)}, chosen: make([]bool, length+1)}
			s.evenly(group)
			want := 0
			if n < length {
				want = n - 2
			}
			if len(s.judged) != want {
				t.Errorf("%d of %d passes: %d are judged, want %d", n, length, len(s.judged), want)
			}
			for _, j := range s.judged {
				if !s.chosen[group[j.at]] || j.at <= j.i || j.at >= j.j {
					t.Errorf("%d of %d passes: pass %d, between %d and %d, is judged and not simulated", n, length, group[j.at], group[j.i], group[j.j])
				}
			}
		}
	}
}

func TestASampledResultWithoutDecodeIsReadAsItIsWritten(t *testing.T) {
	j := short(t, "pmpd-paper", "llama-3.2-1b", "uniform:4", 16, 1)
	j.Sampling.Tolerance = DefaultTolerance
	line, err := result.Encode(mustRun(t, 1, j)[0])
	if err != nil {
		t.Fatal(err)
	}
	if r, err := result.Parse(line); err != nil || r.PassesSimulated != 0 {
		t.Errorf("%v: %s", err, line)
	}
}
