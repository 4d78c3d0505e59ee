package eval_test

import (
	"io/fs"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/eval"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/tokens"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/tiny"
)

// TestFewerBitsOfTheCacheCostMore: on the trained model KL grows as the cache's bits fall, and keys by channel with zero points
// cost less than those by token, which is what KIVI found (arXiv 2402.02750, table 1).
func TestFewerBitsOfTheCacheCostMore(t *testing.T) {
	gputest.Numbers(t)
	const prompts, prompt, generate = 6, 40, 24
	m, err := weights.Load(workloads.TinyModel)
	if err != nil {
		t.Fatal(err)
	}
	source, err := weights.OpenFS(tiny.Files(), m)
	if err != nil {
		t.Fatal(err)
	}
	tokenizer, err := tokens.OpenFS(tiny.Files())
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(tiny.Files(), "heldout.txt")
	if err != nil {
		t.Fatal(err)
	}
	texts, err := eval.Texts(string(text), tokenizer.Encode, prompt+generate, prompts)
	if err != nil {
		t.Fatal(err)
	}
	b, err := cpu.Open(t.Context(), source, cpu.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	job := &eval.Job{Backend: b.(gpu.Scorer), Model: source.Model(), Texts: texts, Prompt: prompt, Generate: generate, Forced: true}
	caches := []string{"16", "8", "4,group=32,key_scales=channel,zero_points", "4,group=32,zero_points", "4", "3", "2"}
	for _, c := range caches {
		cache, err := formats.ParseCache(c)
		if err != nil {
			t.Fatal(err)
		}
		job.Schedules = append(job.Schedules, eval.Schedule{Schedule: precision.UniformSchedule(weights.Half), Cache: cache})
	}
	outcomes, err := eval.Run(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	last := -1.0
	for i, c := range caches {
		var kl, bits float64
		for k := range outcomes[i] {
			v := eval.Of(job.Model, &outcomes[i][k], &outcomes[0][k])
			kl, bits = kl+v.KL/prompts, bits+v.BitsPerToken/prompts
		}
		t.Logf("%s: %.3f bits a token, KL %.5f nats", c, bits, kl)
		if kl <= last || (c == "16") != (kl == 0) {
			t.Errorf("%s: KL %.5f nats, and %.5f with the cache before", c, kl, last)
		}
		last = kl
	}
}
