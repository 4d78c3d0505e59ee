package replay

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// bar is one bar of the paper's NPU figure.
type bar struct {
	model, task, schedule string
	published             float64 // tokens/s as the figure counts them: N tokens in the time of N-1 passes
}

// bars reads the fp16 and uniform bars.
func bars(t testing.TB) []bar {
	t.Helper()
	f, err := os.Open("testdata/pmpd_npu_fig.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	models := map[string]string{"Vicuna-7B": "vicuna-7b", "MobileLLaMA": "mobilellama-1.4b", "Phi-1.5": "phi-1.5"}
	tasks := map[string]string{"CNN/DM": "cnn_dm", "Dialogsum": "dialogsum", "IWSLT": "iwslt"}
	schedules := map[string]string{"fp16": "fp16", "3bit": "uniform:3", "4bit": "uniform:4"}
	var all []bar
	for _, r := range rows[1:] {
		if s, ok := schedules[r[2]]; ok {
			v, err := strconv.ParseFloat(r[4], 64)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, bar{models[r[1]], tasks[r[0]], s, v})
		}
	}
	return all
}

func job(t testing.TB, npu, model, task, schedule string) Job {
	t.Helper()
	c, err := config.Preset(npu)
	if err != nil {
		t.Fatal(err)
	}
	m, err := workloads.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	w, err := workloads.LookupTask(task)
	if err != nil {
		t.Fatal(err)
	}
	s, err := precision.Parse(schedule)
	if err != nil {
		t.Fatal(err)
	}
	return Job{Config: c, Model: m, Task: task, Prompt: w.Prompt, Generated: w.Gen(m), Schedule: s}
}

// The figure is a roofline of 32 GB/s over block linears and an 8-bit cache. The preset counts just that, so all sixteen
// fp16 and uniform bars must come out, without a factor that has been fitted here. The figure divides by the time of N-1
// passes and counts N tokens.
func TestThePapersFP16AndUniformBars(t *testing.T) {
	all := bars(t)
	if len(all) != 16 {
		t.Fatalf("%d bars, want 16", len(all))
	}
	if testing.Short() {
		all = all[8:10] // MobileLLaMA on DialogSum
	}
	jobs := make([]Job, len(all))
	for i, b := range all {
		jobs[i] = job(t, "pmpd-paper", b.model, b.task, b.schedule)
	}
	results, err := Run(t.Context(), jobs, Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range all {
		n := float64(results[i].GeneratedTokens)
		got := results[i].TokensPerSecond * n / (n - 1)
		off := got/b.published - 1
		t.Logf("%-18s %-10s %-10s simulated %6.2f published %6.2f: %+.2f %%", b.model, b.task, b.schedule, got, b.published, 100*off)
		if math.Abs(off) > 0.03 {
			t.Errorf("%s %s %s: simulated %.2f tokens/s, published %.2f", b.model, b.task, b.schedule, got, b.published)
		}
		// By hand: weights and cache over the bandwidth.
		params := jobs[i].Model.Params()
		bits := float64(jobs[i].Schedule.Bits[0])
		meanPast := float64(jobs[i].Prompt) + (n-2)/2
		bytes := float64(params.Blocks)*bits/8 + float64(jobs[i].Model.KVBytesPerToken(8))*(meanPast+1)
		if hand := 32e9 / bytes; math.Abs(results[i].TokensPerSecond/hand-1) > 0.003 {
			t.Errorf("%s %s %s: simulated %.3f tokens/s, by hand %.3f", b.model, b.task, b.schedule, results[i].TokensPerSecond, hand)
		}
	}
}
