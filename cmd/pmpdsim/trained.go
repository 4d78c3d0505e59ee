package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/pmpdsim/pmpdsim/gpu/learn"
	"github.com/pmpdsim/pmpdsim/plots"
)

// trained is what schedule train prints.
type trained struct {
	Model         string `json:"model"`
	Weights       string `json:"weights_sha256,omitempty"`
	Quantiser     string `json:"quantiser,omitempty"` // how weights became planes
	Schedule      string `json:"schedule"`
	Candidates    []int  `json:"candidates"` // switch points, one a class
	Options       string `json:"options"`
	*learn.Report        // of the training

	Blocks []ofBlock `json:"blocks,omitempty"` // what caches of other blocks came to
}

// ofBlock is a training on the cache of another block.
type ofBlock struct {
	Block         int `json:"block"` // from 0
	*learn.Report     // of it
}

// otherBlocks are the first and the middle one, where they are not the last.
func otherBlocks(layers int) (all []int) {
	for _, block := range []int{0, (layers - 1) / 2} {
		if block < layers-1 && !slices.Contains(all, block) {
			all = append(all, block)
		}
	}
	return all
}

// best is the judgement of the most prompts.
func best(r *learn.Report) *learn.Judgement {
	if r.Cross != nil {
		return r.Cross
	}
	return &r.HeldOut
}

// writeBlocks compares the caches of blocks.
func (t *trained) writeBlocks(out io.Writer) error {
	if len(t.Blocks) == 0 {
		return nil
	}
	blocks := &plots.Table{Columns: []plots.Column{{Name: "cache of"}, {Name: "accuracy", Right: true}, {Name: "95 % interval", Right: true},
		{Name: "at high precision", Right: true}, {Name: "ROUGE-L against fp16", Right: true}, {Name: "one switch, as many bits", Right: true}}}
	add := func(name string, j *learn.Judgement) {
		blocks.Add(name, percent(j.Accuracy), percent(j.AccuracyLow)+" to "+percent(j.AccuracyHigh), percent(j.Guessed.High),
			fmt.Sprintf("%.4f", j.Guessed.Rouge), fmt.Sprintf("%.4f", j.FixedAt(j.Guessed.High)))
	}
	for _, b := range t.Blocks {
		add("block "+strconv.Itoa(b.Block), best(b.Report))
	}
	add("the last", best(t.Report))
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	return blocks.Write(out)
}

// judged is a judgement with the prompts that it is of.
type judged struct {
	name string
	*learn.Judgement
}

// write writes tables.
func (t *trained) write(out io.Writer) error {
	accuracy := &plots.Table{Columns: []plots.Column{{Name: "prompts"}, {Name: "number", Right: true}}}
	for _, step := range t.Candidates {
		accuracy.Columns = append(accuracy.Columns, plots.Column{Name: "switch at " + strconv.Itoa(step), Right: true})
	}
	for _, name := range []string{"accuracy", "95 % interval", "most frequent class"} {
		accuracy.Columns = append(accuracy.Columns, plots.Column{Name: name, Right: true})
	}
	for _, j := range t.kinds() {
		cells := []string{j.name, strconv.Itoa(j.Examples)}
		for _, n := range j.Classes {
			cells = append(cells, strconv.Itoa(n))
		}
		accuracy.Add(append(cells, percent(j.Accuracy), percent(j.AccuracyLow)+" to "+percent(j.AccuracyHigh), percent(j.Baseline))...)
	}
	if err := accuracy.Write(out); err != nil {
		return err
	}
	kinds := t.kinds()
	last := kinds[len(kinds)-1]
	worth := &plots.Table{Columns: []plots.Column{{Name: "switch, of prompts " + last.name}, {Name: "at high precision", Right: true},
		{Name: "ROUGE-L against fp16", Right: true}, {Name: "one switch, as many bits", Right: true}}}
	add := func(name string, o learn.Outcome, fixed string) {
		worth.Add(name, percent(o.High), fmt.Sprintf("%.4f", o.Rouge), fixed)
	}
	for class, step := range t.Candidates {
		add("all at "+strconv.Itoa(step), last.Fixed[class], "")
	}
	add("learned", last.Guessed, fmt.Sprintf("%.4f", last.FixedAt(last.Guessed.High)))
	add("oracle", last.Right, fmt.Sprintf("%.4f", last.FixedAt(last.Right.High)))
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	if err := worth.Write(out); err != nil {
		return err
	}
	if err := t.writeBlocks(out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nschedule  %s of %s\nlearned   %d steps, %s; loss %.4f to %.4f nats\n%-9s %s\n", t.Schedule, t.Model, t.Steps, t.Options,
		t.Loss[0], t.Loss[len(t.Loss)-1], last.name, last.verdict())
	return err
}

// verdict says whether the network is worth anything.
func (j judged) verdict() string {
	said := "it does not beat guessing the most frequent class"
	switch {
	case j.AccuracyLow > j.Baseline:
		said = "it beats guessing the most frequent class"
	case j.Accuracy > j.Baseline:
		said = "it beats guessing the most frequent class by less than its interval"
	}
	if j.Guessed.Rouge > j.FixedAt(j.Guessed.High) {
		return said + "; its switches beat one switch with as many bits"
	}
	return said + "; its switches do not beat one switch with as many bits"
}

func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }
