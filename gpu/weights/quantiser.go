package weights

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Quantiser is how a Source quantises. The zero value: from a seed of 2 bits, all weights alike, every time anew.
type Quantiser struct {
	Seed          int            // MinSeed to MaxSeed; 0: MinSeed
	Sensitivities *Sensitivities // nil: all weights count alike
	Cache         *Cache         // nil: nothing is kept
}

// QuantiseBy says how a source is to quantise the blocks that are asked for from then on. Tensors and values of sensitivities are
// checked against the model. Sources that have planes from the start take another quantiser for none.
func QuantiseBy(s Source, q Quantiser) error {
	f, ok := s.(*folder)
	planes := func(name string) bool { return strings.HasSuffix(name, ".qweight") }
	if anew := q.Seed != 0 || q.Sensitivities != nil; !ok || slices.ContainsFunc(slices.Collect(maps.Keys(f.tensors)), planes) {
		if anew {
			return errors.New("the weights have their planes from the start: nothing is quantised; accepted: a model whose weights are numbers")
		}
		return nil
	}
	if q.Seed != 0 && (q.Seed < MinSeed || q.Seed > MaxSeed) {
		return fmt.Errorf("a seed of %d bits; accepted: %d to %d", q.Seed, MinSeed, MaxSeed)
	}
	if q.Sensitivities != nil {
		if err := q.Sensitivities.check(f); err != nil {
			return err
		}
	}
	f.quantiser = q
	return nil
}

// quantise makes planes of a matrix that was read from pieces, or has them from the cache.
func (f *folder) quantise(m *Matrix, pieces []piece, expert int) error {
	o := QuantiseOptions{Seed: f.quantiser.Seed}
	if s := f.quantiser.Sensitivities; s != nil {
		var err error
		if o.Sensitivities, err = s.matrix(f, m, pieces, expert); err != nil {
			return err
		}
	}
	if c := f.quantiser.Cache; c != nil {
		return c.quantise(m, o)
	}
	return m.Quantise(o)
}
