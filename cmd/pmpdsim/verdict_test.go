package main

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/learn"
)

func TestVerdict(t *testing.T) {
	fixed := [learn.Classes]learn.Outcome{{Rouge: 0.2}, {Rouge: 0.4}, {Rouge: 0.6}, {Rouge: 0.8}}
	for _, c := range []struct {
		low, accuracy, baseline, rouge float64
		want                           string
	}{
		{0.5, 0.6, 0.4, 0.61, "it beats guessing the most frequent class; its switches beat one switch with as many bits"},
		{0.5, 0.6, 0.55, 0.49, "it beats guessing the most frequent class by less than its interval; its switches do not beat one switch with as many bits"},
		{0.3, 0.4, 0.4, 0.61, "it does not beat guessing the most frequent class; its switches beat one switch with as many bits"},
	} {
		j := judged{"held out", &learn.Judgement{Accuracy: c.accuracy, AccuracyLow: c.low, Baseline: c.baseline, Fixed: fixed,
			Guessed: learn.Outcome{Rouge: c.rouge, High: 0.5}}} // at half the bits one switch has 0.5
		if got := j.verdict(); got != c.want {
			t.Errorf("got %s\nwant %s", got, c.want)
		}
	}
}
