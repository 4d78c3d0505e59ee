package learn

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
)

// Options say how to train. PMPD searches learning rates of 1e-5 to 1e-4, 3, 5 or 10 epochs, sums of 32, 64 or 128 examples,
// weight decays of 0.01 to 0.02 and dropouts of 0.1 to 0.3 (pmpd/train/hypertune.py).
type Options struct {
	Epochs     int     // times that every example is seen
	Accumulate int     // examples whose gradients make one step
	Rate       float64 // learning rate
	Decay      float64 // weight decay, in the gradient, as torch.optim.Adam has it
	Dropout    float64 // of the attention
	Seed       uint64
	Folds      int // of a cross-validation; 0: none
	Workers    int // results do not depend on it

	Progress func(done, all int) // epochs; may be nil
}

// HeldOut is the share of examples, the first ones, that training does not see: PMPD's.
const HeldOut = 0.1

// Report is how a training went.
type Report struct {
	Examples int          `json:"examples"`
	Classes  [Classes]int `json:"classes"`  // examples of each class, of all
	Steps    int          `json:"steps"`    // of Adam
	Loss     []float64    `json:"loss"`     // mean of each epoch, nats
	Training Judgement    `json:"training"` // on what it was trained on
	HeldOut  Judgement    `json:"held_out"` // on what it has not seen
	Cross    *Judgement   `json:"cross_validated,omitempty"`
	Folds    int          `json:"folds,omitempty"`
}

// OfBlock are examples whose input is that of one of their Blocks: what a classifier would make of that block's cache.
func OfBlock(examples []Example, index int) []Example {
	all := slices.Clone(examples)
	for i := range all {
		all[i].Input = all[i].Blocks[index]
	}
	return all
}

// Enough refuses so few examples that none is held out.
func Enough(examples int) error {
	if held := int(float64(examples) * HeldOut); held < 1 {
		return fmt.Errorf("%d prompts, of which the first %.0f %% are held out; accepted: %d or more", examples, 100*HeldOut, int(1/HeldOut))
	}
	return nil
}

// Train trains a network. The first tenth of the examples is held out.
func Train(ctx context.Context, examples []Example, o Options) (*classifier.Net, *Report, error) {
	if err := Enough(len(examples)); err != nil {
		return nil, nil, err
	}
	held := int(float64(len(examples)) * HeldOut)
	if o.Folds > len(examples) {
		return nil, nil, fmt.Errorf("%d folds of %d examples; accepted: as many as there are examples at most", o.Folds, len(examples))
	}
	done := 0
	passed := func() {
		if done++; o.Progress != nil {
			o.Progress(done, o.Epochs*(1+o.Folds))
		}
	}
	report := &Report{Examples: len(examples), Classes: count(examples), Folds: o.Folds}
	t, err := learn(ctx, examples[held:], o, passed)
	if err != nil {
		return nil, nil, err
	}
	report.Loss, report.Steps = t.losses, t.adam.steps
	base := most(count(examples[held:]))
	report.HeldOut = judge(t.guess(examples[:held], base))
	report.Training = judge(t.guess(examples[held:], base))
	if o.Folds > 0 {
		all, err := cross(ctx, examples, o, passed)
		if err != nil {
			return nil, nil, err
		}
		judged := judge(all)
		report.Cross = &judged
	}
	return t.net, report, nil
}

// cross guesses the class of every example by a network that was trained without the fold that it is in. Folds are neighbours.
func cross(ctx context.Context, examples []Example, o Options, passed func()) (all []guessed, err error) {
	for fold := range o.Folds {
		from, to := fold*len(examples)/o.Folds, (fold+1)*len(examples)/o.Folds
		seen := append(append([]Example{}, examples[:from]...), examples[to:]...)
		t, err := learn(ctx, seen, o, passed)
		if err != nil {
			return nil, err
		}
		all = append(all, t.guess(examples[from:to], most(count(seen)))...)
	}
	return all, nil
}

// training is a network that is being trained.
type training struct {
	Options
	net    *classifier.Net
	adam   *adam
	losses []float64
}

// Streams of random numbers, of which each has its own.
const (
	drawWeights = iota
	drawBalance
	drawOrder   // and the epoch
	drawDropout // and the place in the epoch
)

func (o *Options) draw(what, of, place int) *rand.Rand {
	return rand.New(rand.NewPCG(o.Seed, uint64(what)|uint64(of)<<8|uint64(place)<<32))
}

// learn trains on all examples.
func learn(ctx context.Context, examples []Example, o Options, passed func()) (*training, error) {
	net := classifier.New(examples[0].Input.Heads, examples[0].Input.Dim)
	initialise(net, o.draw(drawWeights, 0, 0))
	t := &training{Options: o, net: net, adam: newAdam(net.Parameters(), o.Rate, o.Decay)}
	balanced := balance(examples, o.draw(drawBalance, 0, 0))
	for epoch := range o.Epochs {
		order := o.draw(drawOrder, epoch, 0).Perm(len(balanced))
		sum := 0.0
		for at := 0; at < len(order); at += o.Accumulate {
			some := order[at:min(at+o.Accumulate, len(order))]
			slopes, err := t.slopes(ctx, some, balanced, epoch, at)
			if err != nil {
				return nil, err
			}
			for _, s := range slopes {
				sum += s.Loss
			}
			t.adam.step(net.Parameters(), net.Gradient(slopes))
		}
		t.losses = append(t.losses, sum/float64(len(order)))
		passed()
	}
	return t, nil
}

// slopes computes those of a batch, side by side.
func (t *training) slopes(ctx context.Context, some []int, of []*Example, epoch, at int) ([]*classifier.Slope, error) {
	slopes := make([]*classifier.Slope, len(some))
	var g errgroup.Group
	g.SetLimit(t.Workers)
	for i, place := range some {
		g.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			e := of[place]
			keep := t.net.Dropped(e.Input, t.Dropout, t.draw(drawDropout, epoch, at+i).Float64)
			slopes[i] = t.net.Slope(e.Input, e.Class(), keep)
			return nil
		})
	}
	return slopes, g.Wait()
}

// balance repeats examples until each class that there is has as many as the most frequent one.
func balance(examples []Example, draw *rand.Rand) (all []*Example) {
	n := count(examples)
	for class, of := range n {
		if of == 0 {
			continue
		}
		var own []*Example
		for i := range examples {
			if examples[i].Class() == class {
				own = append(own, &examples[i])
			}
		}
		wanted := n[most(n)]
		for range wanted / of {
			all = append(all, own...)
		}
		for _, i := range draw.Perm(of)[:wanted%of] {
			all = append(all, own[i])
		}
	}
	return all
}
