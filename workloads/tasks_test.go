package workloads_test

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
)

func TestTasks(t *testing.T) {
	for _, c := range []struct {
		task, model string
		prompt, gen int
	}{
		{"cnn_dm", "vicuna-7b", 1032, 120},
		{"cnn_dm", "mobilellama-1.4b", 1032, 256},
		{"cnn_dm", "phi-1.5", 1032, 256},
		{"dialogsum", "vicuna-7b", 281, 33},
		{"dialogsum", "phi-1.5", 281, 33},
		{"iwslt", "mobilellama-1.4b", 64, 60},
		{"mt_bench", "vicuna-7b", 79, 256},
	} {
		t.Run(c.task+" with "+c.model+" has the paper's lengths", func(t *testing.T) {
			task, err := workloads.LookupTask(c.task)
			if err != nil {
				t.Fatal(err)
			}
			m, err := workloads.Load(c.model)
			if err != nil {
				t.Fatal(err)
			}
			if task.Prompt != c.prompt || task.Gen(m) != c.gen {
				t.Errorf("prompt %d, gen %d", task.Prompt, task.Gen(m))
			}
		})
	}
	t.Run("every task fits every preset and has a source", func(t *testing.T) {
		for _, task := range workloads.Tasks() {
			if len(task.Source) < 10 {
				t.Errorf("%s: source %q", task.Name, task.Source)
			}
			for _, m := range workloads.Models() {
				if err := m.CheckLengths(task.Prompt, task.Gen(m)); err != nil {
					t.Errorf("%s: %v", task.Name, err)
				}
			}
		}
	})
	t.Run("an unknown task is answered with the accepted ones", func(t *testing.T) {
		const want = `task "dialogsumm" is not known; accepted: cnn_dm, dialogsum, iwslt, mt_bench; did you mean "dialogsum"?`
		if _, err := workloads.LookupTask("dialogsumm"); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
}

func TestCheckLengths(t *testing.T) {
	m, err := workloads.Load("phi-1.5")
	if err != nil {
		t.Fatal(err)
	}
	const most = int(^uint(0) >> 1)
	for _, c := range []struct {
		name        string
		prompt, gen int
		want        string
	}{
		{"all positions may be used", 1848, 200, ""},
		{"one more may not, and both figures are named", 1849, 200, "phi-1.5: a prompt of 1849 tokens and 200 generated " +
			"tokens are more than the model's max_position_embeddings of 2048; accepted: up to 2048 together"},
		{"lengths whose sum overflows are refused", most, most, "max_position_embeddings of 2048"},
		{"no prompt is refused", 0, 5, "accepted: at least 1 of each"},
		{"no generation is refused", 5, -1, "accepted: at least 1 of each"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := m.CheckLengths(c.prompt, c.gen)
			if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(m *workloads.Model)
		want  string
	}{
		{"an unknown family", func(m *workloads.Model) { m.Family = "bert" }, "model_type: "},
		{"no layers", func(m *workloads.Model) { m.Layers = 0 }, "num_hidden_layers: 0"},
		{"queries wider than any model's", func(m *workloads.Model) { m.Heads, m.HeadDim = 8192, 8192 },
			"num_attention_heads × head_dim: "},
		{"KV heads that do not divide heads", func(m *workloads.Model) { m.KVHeads = 5 }, "num_key_value_heads: 5"},
		{"more rotated than there is", func(m *workloads.Model) { m.RotaryDim = 200 }, "partial_rotary_factor: "},
		{"an unknown norm", func(m *workloads.Model) { m.Norm = "batch" }, "norm: "},
		{"an unknown activation", func(m *workloads.Model) { m.Activation = "step" }, "hidden_act: "},
		{"three norms", func(m *workloads.Model) { m.BlockNorms = 3 }, "block norms: 3"},
		{"a parallel block with four norms", func(m *workloads.Model) { m.Parallel, m.BlockNorms = true, 4 }, "block norms: 4"},
		{"a sequential block with one norm", func(m *workloads.Model) { m.BlockNorms = 1 }, "block norms: 1"},
		{"norms behind a parallel block", func(m *workloads.Model) { m.Parallel, m.NormsBehind = true, true }, "block norms: 2"},
		{"a pattern of other letters", func(m *workloads.Model) { m.LayerPattern = "wx" }, "layer_pattern: "},
		{"a pattern longer than the model", func(m *workloads.Model) { m.LayerPattern = strings.Repeat("wf", 17) }, "layer_pattern: "},
		{"an unknown kind of head norms", func(m *workloads.Model) { m.QKNormKind = "none" }, "qk_norm_kind: "},
		{"a negative window", func(m *workloads.Model) { m.Window = -1 }, "sliding_window: -1"},
	} {
		t.Run(c.name+" is named", func(t *testing.T) {
			m, err := workloads.Load("vicuna-7b")
			if err != nil {
				t.Fatal(err)
			}
			c.spoil(m)
			if err := m.Validate(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s…", err, c.want)
			}
		})
	}
}
