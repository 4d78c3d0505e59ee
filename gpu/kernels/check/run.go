//go:build cuda

package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Check is one kernel, or several that belong together, over several sizes.
type Check struct {
	Name string
	run  func(reporter, *rig)
}

// All are the checks, in the order of Names.
func All() []Check {
	return []Check{productsOfDecodeBitForBit, gemvAtEveryPrecision, normedProducts, productsThatAreAdded, attentionOfADecodeStep, normAddsThenNormalises, ropeTurnsAndAppends,
		activations, chooseTakesTheLargestAndMovesOn, chooseOfEqualsAndNaNs, embedCopiesRows, dequantIsExact, gemmWithTails,
		attentionOfPrefillIsCausal, copyCopies}
}

// Run runs checks, by their names, on a GPU, which it opens once, and hands on what became of each as soon as it is known. It returns
// driver.ErrNone without a GPU, what seen returns, or the error of a device that has failed: then nothing can be run any
// more, and the check's own row, which is handed on first, has the same text.
func Run(ctx context.Context, device int, which []string, seen func(Row) error) error {
	r, err := open(device)
	if err != nil {
		return err
	}
	defer r.device.Close()
	for _, c := range All() {
		if !slices.Contains(which, c.Name) {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f := &findings{}
		f.collect(func() { c.run(f, r.with(f)) })
		broken := r.free() // an error of the device stays with it
		if broken != nil && len(f.texts) == 0 {
			f.texts = append(f.texts, broken.Error())
		}
		if err := seen(Row{"kernel", c.Name, strings.Join(f.texts, "\n")}); err != nil {
			return err
		}
		if broken != nil {
			return fmt.Errorf("%s: the GPU has failed, and later checks were not run: %w", c.Name, broken)
		}
	}
	return nil
}

// with gives a rig to a check.
func (r *rig) with(t reporter) *rig {
	r.t = t
	return r
}

// findings are what a check has found wrong.
type findings struct{ texts []string }

// errEnded is the panic that ends a check.
var errEnded = errors.New("the check has ended")

// collect runs a check to its end, or to the first finding that ends it.
func (f *findings) collect(run func()) {
	defer func() {
		if p := recover(); p != nil && p != any(errEnded) {
			panic(p)
		}
	}()
	run()
}

// Helper does nothing: a finding has no line.
func (*findings) Helper() {}

// Errorf notes a finding.
func (f *findings) Errorf(format string, args ...any) {
	f.texts = append(f.texts, fmt.Sprintf(format, args...))
}

// Fatalf notes a finding and ends the check.
func (f *findings) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	panic(errEnded)
}

// Fatal notes a finding and ends the check.
func (f *findings) Fatal(args ...any) {
	f.texts = append(f.texts, fmt.Sprint(args...))
	panic(errEnded)
}
