package learn

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
)

// learnable are prompts whose class is that of the one token whose values stand out.
func learnable(n int) (all []Example) {
	draw := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		class := []int{0, 0, 0, 1, 2, 3}[draw.IntN(6)]
		in := &classifier.Input{Heads: 2, Dim: 4, Tokens: 4 + i%5}
		for at := range in.Tokens * in.Dim {
			in.Key, in.Value = append(in.Key, draw.NormFloat64()), append(in.Value, .1*draw.NormFloat64())
			if at%in.Dim == class {
				in.Value[at]++
			}
		}
		e := Example{Input: in}
		for k := range e.Rouge {
			if e.Rouge[k] = .5; k < class {
				e.Rouge[k] = .4
			}
		}
		all = append(all, e)
	}
	return all
}

func options() Options {
	return Options{Epochs: 10, Accumulate: 8, Rate: 1e-2, Decay: .01, Dropout: .1, Seed: 1, Workers: 1}
}

func TestTrain(t *testing.T) {
	examples := learnable(200)
	net, report, err := Train(t.Context(), examples, options())
	if err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	if err := net.Write(&data, nil); err != nil {
		t.Fatal(err)
	}
	t.Run("what can be learned is learned", func(t *testing.T) {
		h := report.HeldOut
		if h.Examples != 20 || h.Accuracy < .9 || h.Baseline > .7 || h.Baseline < .3 {
			t.Errorf("%+v", h)
		}
		if h.Guessed.Rouge < h.FixedAt(h.Guessed.High)+.01 || h.Guessed.Rouge > h.Right.Rouge {
			t.Errorf("ROUGE-L %v, of switches at one point %v at as many bits, of right ones %v", h.Guessed.Rouge, h.FixedAt(h.Guessed.High), h.Right.Rouge)
		}
		if n := len(report.Loss); n != 10 || report.Loss[n-1] > report.Loss[0]/2 {
			t.Errorf("losses %v", report.Loss)
		}
	})
	t.Run("any number of workers gives the same bytes", func(t *testing.T) {
		o := options()
		o.Workers = 3
		again, same, err := Train(t.Context(), examples, o)
		if err != nil {
			t.Fatal(err)
		}
		var other bytes.Buffer
		if err := again.Write(&other, nil); err != nil || !bytes.Equal(data.Bytes(), other.Bytes()) || !reflect.DeepEqual(report, same) {
			t.Error("other weights, or another report", err)
		}
	})
	t.Run("another seed gives another network", func(t *testing.T) {
		o := options()
		o.Seed = 2
		again, _, err := Train(t.Context(), examples, o)
		var other bytes.Buffer
		if err := errors.Join(err, again.Write(&other, nil)); err != nil || bytes.Equal(data.Bytes(), other.Bytes()) {
			t.Error("the same weights", err)
		}
	})
	t.Run("what is held out is not learned", func(t *testing.T) {
		changed := append([]Example{}, examples...)
		for i := range 20 {
			changed[i].Rouge = [Classes]float64{1, 1, 1, 1} // all of class 0
		}
		again, other, err := Train(t.Context(), changed, options())
		var bytesOf bytes.Buffer
		if err := errors.Join(err, again.Write(&bytesOf, nil)); err != nil || !bytes.Equal(data.Bytes(), bytesOf.Bytes()) {
			t.Error("the held-out labels changed the weights", err)
		}
		if other.HeldOut.Classes != [Classes]int{20} {
			t.Errorf("%+v", other.HeldOut)
		}
	})
	t.Run("folds judge every example by a network that has not seen it", func(t *testing.T) {
		o := options()
		o.Folds = 4
		_, r, err := Train(t.Context(), examples, o)
		if err != nil || r.Cross.Examples != 200 || r.Cross.Classes != r.Classes || r.Cross.Accuracy < .85 {
			t.Errorf("%+v, %v", r.Cross, err)
		}
	})
	t.Run("a fold's labels change no guess in it", func(t *testing.T) {
		o := options()
		o.Folds = 2
		changed := append([]Example{}, examples...)
		for i := range 100 {
			changed[i].Rouge = [Classes]float64{}
			for k := (examples[i].Class() + 1) % Classes; k < Classes; k++ {
				changed[i].Rouge[k] = 1
			}
		}
		want, err1 := cross(t.Context(), examples, o, func() {})
		got, err2 := cross(t.Context(), changed, o, func() {})
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			if got[i].class != want[i].class {
				t.Errorf("example %d: class %d, with other labels %d", i, want[i].class, got[i].class)
			}
		}
	})
	t.Run("each example of a batch has dropout of its own", func(t *testing.T) {
		net := classifier.New(2, 4)
		o := options()
		initialise(net, o.draw(drawWeights, 0, 0))
		slopes, err := (&training{Options: o, net: net}).slopes(t.Context(), []int{0, 0}, []*Example{&examples[3]}, 0, 0)
		if err != nil || slopes[0].Loss == slopes[1].Loss {
			t.Error(slopes, err)
		}
	})
	t.Run("noise is not learned", func(t *testing.T) {
		noise := learnable(200)
		draw := rand.New(rand.NewPCG(5, 6))
		draw.Shuffle(len(noise), func(i, j int) { noise[i].Rouge, noise[j].Rouge = noise[j].Rouge, noise[i].Rouge })
		o := options()
		o.Folds = 4
		_, r, err := Train(t.Context(), noise, o)
		if err != nil || r.Cross.Accuracy > r.Cross.Baseline+.1 {
			t.Errorf("%+v, %v", r.Cross, err)
		}
	})
	t.Run("it can be interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		o := options()
		o.Progress = func(done, _ int) {
			if done == 2 {
				cancel(errors.New("stop"))
			}
		}
		if _, _, err := Train(ctx, examples, o); err == nil || err.Error() != "stop" {
			t.Error(err)
		}
	})
	t.Run("too few examples are refused", func(t *testing.T) {
		if _, _, err := Train(t.Context(), examples[:9], options()); err == nil || !strings.Contains(err.Error(), "accepted: 10 or more") {
			t.Error(err)
		}
	})
}

func TestClass(t *testing.T) {
	for _, c := range []struct {
		rouge [Classes]float64
		want  int
	}{
		{[Classes]float64{.5, .5, .5, .5}, 0},
		{[Classes]float64{.4996, .5, .5, .5}, 0}, // .500 in three digits
		{[Classes]float64{.4994, .4, .5, .5}, 2},
		{[Classes]float64{.1, .6, .2, .5}, 1}, // better than without a switch
		{[Classes]float64{.1, .2, .3, .5}, 3},
	} {
		if e := (&Example{Rouge: c.rouge}); e.Class() != c.want {
			t.Errorf("%v: class %d, want %d", c.rouge, e.Class(), c.want)
		}
	}
}

func TestBalance(t *testing.T) {
	examples := learnable(60)
	n := count(examples)
	all := balance(examples, rand.New(rand.NewPCG(1, 1)))
	var got [Classes]int
	times := map[*Example]int{}
	for _, e := range all {
		got[e.Class()]++
		times[e]++
	}
	for class := range got {
		if got[class] != n[most(n)] {
			t.Errorf("%v of %v", got, n)
		}
	}
	for e, k := range times {
		if whole := n[most(n)] / n[e.Class()]; k < whole || k > whole+1 {
			t.Errorf("an example of class %d stands %d times, another one %d", e.Class(), k, whole)
		}
	}
	if len(times) != 60 {
		t.Errorf("%d of 60 examples are left", len(times))
	}
}

func TestJudge(t *testing.T) {
	e := func(class int) *Example { return &learnableOf(class)[0] }
	j := judge([]guessed{{e(0), 0, 0}, {e(0), 1, 0}, {e(3), 3, 0}, {e(2), 0, 2}})
	if j.Accuracy != .5 || j.Baseline != .75 || j.Confusion[0] != [Classes]int{1, 1, 0, 0} || j.Confusion[2][0] != 1 {
		t.Errorf("%+v", j)
	}
	// By hand: .5, .5, .5 and .4; switches at 0, 1/3, 1 and 0 of the tokens.
	near(t, "guessed", []float64{j.Guessed.Rouge, j.Guessed.High, j.Right.Rouge, j.Right.High}, []float64{1.9 / 4, 4. / 12, .5, 5. / 12}, 1e-12)
	near(t, "fixed", []float64{j.Fixed[0].Rouge, j.Fixed[3].Rouge, j.FixedAt(0), j.FixedAt(1), j.FixedAt(.5)},
		[]float64{.45, .5, .45, .5, (j.Fixed[1].Rouge + j.Fixed[2].Rouge) / 2}, 1e-12)
	low, high := wilson(.5, 4) // 4 draws: 0.15 to 0.85 (Agresti and Coull 1998 give the formula)
	if math.Abs(low-.15004) > 1e-4 || math.Abs(high-.84996) > 1e-4 {
		t.Error(low, high)
	}
}

// learnableOf are examples of one class.
func learnableOf(class int) (all []Example) {
	for _, e := range learnable(60) {
		if e.Class() == class {
			all = append(all, e)
		}
	}
	return all
}
