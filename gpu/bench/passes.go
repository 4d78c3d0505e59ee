package bench

import (
	"slices"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// passes fills the cache and decodes; the median of the device's times counts. The bytes are those in the middle.
func passes(m *weights.Model, bits int, o Options, start func(positions int) (gpu.Sequence, error)) (*Pass, error) {
	s, err := start(o.Context + Warm + o.Repeats)
	if err != nil {
		return nil, err
	}
	prompt := make([]int, o.Context)
	for i := range prompt {
		prompt[i] = (i*37 + 11) % m.Vocab
	}
	last, err := s.Prefill(prompt, precision.Uniform(bits))
	if err != nil {
		return nil, err
	}
	var times []time.Duration
	for i := range Warm + o.Repeats {
		if last, err = s.Decode(last.Token, precision.Uniform(bits)); err != nil {
			return nil, err
		}
		if i >= Warm && last.StepNS != nil {
			times = append(times, time.Duration(*last.StepNS))
		}
	}
	middle := o.Context + Warm + o.Repeats/2
	p := &Pass{Model: m.Name, Bits: bits, Positions: middle, Bytes: passBytes(m, bits, middle), Nodes: len(gpu.Launches(m.Model))}
	if len(times) > 0 {
		slices.Sort(times)
		p.Took = &times[len(times)/2]
	}
	return p, nil
}
