// Package machines finds the NPUs that results come from. Results carry them, or stand in the folder of a sweep that does.
// Those of version 0.1.0 name fingerprints: their NPUs are in the spec of the sweep, among the presets, or with whoever ran
// them. The package turns configurations
// into study.Machine, which is data. It needs package array for the peak of an array, so nothing that draws imports it.
package machines

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/array"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/sweep"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Known are configurations by their fingerprints.
type Known map[string]*config.Config

// Complete gives the results of folders of version 0.1.0, which name their NPUs by fingerprints only, the NPUs of the
// folder's spec. An error says why those of some folder are not known.
func Complete(s *study.Set) (errs []error) {
	for _, in := range s.Inputs {
		if info, err := os.Stat(in.Path); err != nil || !info.IsDir() {
			continue
		}
		if !slices.ContainsFunc(s.Outcomes, func(o *study.Outcome) bool { return o.Inputs == nil }) {
			continue
		}
		some, err := sweep.NPUs(in.Path)
		if err != nil {
			errs = append(errs, fmt.Errorf("the NPUs of %s are known by their fingerprints only: %w", in.Path, err))
		}
		for _, o := range s.Outcomes {
			if cfg := some[o.Config]; cfg != nil && o.Inputs == nil {
				text, err := json.Marshal(cfg)
				if err != nil {
					return append(errs, err)
				}
				o.Inputs = &result.Inputs{NPU: text}
			}
		}
	}
	return errs
}

// NPU is the configuration that a result carries; nil where it carries none.
func NPU(o *study.Outcome) (*config.Config, error) {
	if o.Inputs == nil || o.Inputs.NPU == nil {
		return nil, nil
	}
	cfg, err := config.Parse(o.Place+": inputs.npu", o.Inputs.NPU)
	if err != nil {
		return nil, err
	}
	if cfg.Fingerprint() != o.Config {
		return nil, fmt.Errorf("%s: inputs.npu has the fingerprint %.8s, config_fingerprint is %.8s; accepted: a result as it was written", o.Place,
			cfg.Fingerprint(), o.Config)
	}
	return cfg, nil
}

// Add adds a configuration, which has to be that of some outcome.
func (k Known) Add(cfg *config.Config, s *study.Set) error {
	k[cfg.Fingerprint()] = cfg
	if !slices.ContainsFunc(s.Outcomes, func(o *study.Outcome) bool { return o.Config == cfg.Fingerprint() }) {
		return fmt.Errorf("no result was simulated on %s with these changes (fingerprint %.8s); accepted: the --npu and --set of a run, or none of them",
			cfg.Name, cfg.Fingerprint())
	}
	return nil
}

// Of returns the machines of a set that are known, that results carry, or that are presets, changed by axes or not, in the
// order in which they come. Their roofs are those of the weight widths that matter for the set. A note says why this
// program does not take the NPU that a result carries, as when another version knew other keys; it is known by its
// fingerprint only.
func (k Known) Of(s *study.Set) (all []study.Machine, notes []error) {
	bits, noted := s.Widths("decode", "prefill"), map[string]bool{}
	for _, o := range s.Outcomes {
		if slices.ContainsFunc(all, func(m study.Machine) bool { return m.Fingerprint == o.Config }) {
			continue
		}
		cfg := k[o.Config]
		if cfg == nil {
			var err error
			if cfg, err = NPU(o); err != nil && !noted[o.Config] {
				notes, noted[o.Config] = append(notes, err), true
			}
		}
		if cfg == nil {
			cfg = changedPreset(o)
		}
		if cfg != nil {
			all = append(all, New(cfg, bits))
		}
	}
	return all, notes
}

// Same refuses a set whose outcomes ran on different machines.
func Same(s *study.Set) error {
	first := s.Outcomes[0]
	for _, o := range s.Outcomes[1:] {
		if o.Config != first.Config {
			return fmt.Errorf("%s and %s are from different NPUs; accepted: results of one, which has one set of roofs (choose with --only KEY=VALUE)",
				first.Place, o.Place)
		}
	}
	return nil
}

// Check refuses a configuration that is not the one that an outcome was simulated on.
func Check(cfg *config.Config, o *study.Outcome) error {
	if cfg.Fingerprint() == o.Config {
		return nil
	}
	return fmt.Errorf("%s: simulated on another NPU than %s with these changes (fingerprint %.8s, not %.8s); accepted: the --npu and --set of its run",
		o.Place, cfg.Name, o.Config, cfg.Fingerprint())
}

// changedPreset is the preset that a result names, with its axes: the fingerprint tells whether that was its NPU.
func changedPreset(o *study.Outcome) *config.Config {
	cfg, err := config.Preset(o.NPU)
	if err != nil {
		return nil
	}
	var changes []string
	for _, k := range o.Keys {
		if _, ok := config.Lookup(k.Name); ok {
			changes = append(changes, k.Name+"="+k.Value)
		}
	}
	if cfg.Set(changes) != nil || cfg.Fingerprint() != o.Config {
		return nil
	}
	return cfg
}

// New is what a configuration says of a machine, with roofs for some widths of weights.
func New(cfg *config.Config, bits []int) study.Machine {
	m := study.Machine{Fingerprint: cfg.Fingerprint(), Name: cfg.Name, Bandwidth: cfg.PeakBandwidth()}
	for _, b := range bits {
		m.Roofs = append(m.Roofs, study.Roof{Bits: b, MACsPerSecond: array.PeakMACsPerSecond(cfg, unit.Bits(b))})
	}
	for _, k := range config.Keys() {
		if v, ok := cfg.Get(k.Path); ok && k.Path != "name" && k.Path != "description" && v != "" && !config.SaysChanges(v) {
			m.Keys = append(m.Keys, [2]string{k.Path, v})
		}
	}
	if p := cfg.DRAM.Part; p != nil {
		for _, v := range p.Values() {
			m.Keys = append(m.Keys, [2]string{"dram.part." + v[0], v[1]})
		}
	}
	return m
}
