package workloads

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// Task is a workload by its lengths: how many tokens the prompt has and how many are generated.
type Task struct {
	Name   string `json:"name"`
	Prompt int    `json:"prompt"` // mean number of prompt tokens, template included
	Source string `json:"source"`

	gen, genVicuna int
}

// CustomTask is what results call lengths that are no task's.
const CustomTask = "custom"

// Tasks returns the tasks of the paper. Prompts are means over the data sets with the paper's template and the
// Llama tokenizer; generation is max_new_tokens of the paper's scripts (SamsungLabs/PMPD @909cdf9, scripts/*.sh), which
// stop CNN/DM at 120 tokens with Vicuna and leave the default of 256 with MobileLLaMA and Phi-1.5.
func Tasks() []Task {
	return []Task{
		{"cnn_dm", 1032, "CNN/DailyMail test, 11490 articles: bytes / 4.04 bytes per token, and 48 tokens of template", 256, 120},
		{"dialogsum", 281, "DialogSum test (cylnlp/dialogsum @848cc8c), 500 dialogues: mean 281.1", 33, 33},
		{"iwslt", 64, "IWSLT17 fr-en tst2016 and tst2017 (hlt-mt/WIT3 @e43615b), 2614 sentences: mean 63.8", 60, 60},
		{"mt_bench", 79, "MT-Bench first turns (FastChat question.jsonl), 80 questions: mean 78.6", 256, 256},
	}
}

// Gen returns the number of tokens that the task generates with a model.
func (t Task) Gen(m *Model) int {
	if m.Name == "vicuna-7b" {
		return t.genVicuna
	}
	return t.gen
}

// LookupTask finds a task by its name.
func LookupTask(name string) (Task, error) {
	names := []string{}
	for _, t := range Tasks() {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return Task{}, fmt.Errorf("task %q is not known; %s", name, suggest.Accepted(name, names))
}
