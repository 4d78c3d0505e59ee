package main

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/array"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots/report"
	"github.com/pmpdsim/pmpdsim/sim/sweep"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// machinesOf finds the NPUs that results name by their fingerprints: in folders of sweeps, among the presets, and in flags.
func machinesOf(c *cli.Context, all []*outcome) (machines []report.Machine, err error) {
	known := map[string]*config.Config{}
	for _, path := range c.Args().Slice() {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			continue
		}
		some, err := sweep.Machines(path)
		if err != nil {
			say(c.App.ErrWriter, "note: the NPUs of %s are known by their fingerprints only: %v", path, err)
		}
		maps.Copy(known, some)
	}
	if err := given(c, all, known); err != nil {
		return nil, err
	}
	bits := widthsOf(all, "decode")
	for _, b := range widthsOf(all, "prefill") {
		if !slices.Contains(bits, b) {
			bits = append(bits, b)
		}
	}
	slices.Sort(bits)
	for _, o := range all {
		if slices.ContainsFunc(machines, func(m report.Machine) bool { return m.Fingerprint == o.Config }) {
			continue
		}
		cfg := known[o.Config]
		if cfg == nil {
			cfg = changedPreset(o)
		}
		if cfg != nil {
			machines = append(machines, machineOf(cfg, bits))
		}
	}
	return machines, nil
}

// given adds the NPU of --npu and --set, which has to be that of some result.
func given(c *cli.Context, all []*outcome, known map[string]*config.Config) error {
	if !c.IsSet("npu") && !c.IsSet("set") {
		return nil
	}
	name := c.String("npu")
	if !c.IsSet("npu") {
		name = all[0].NPU
	}
	cfg, err := config.Load(name)
	if err != nil {
		return flagged("npu", name, err)
	}
	if err := cfg.Set(c.StringSlice("set")); err != nil {
		return err
	}
	known[cfg.Fingerprint()] = cfg
	if !slices.ContainsFunc(all, func(o *outcome) bool { return o.Config == cfg.Fingerprint() }) {
		return fmt.Errorf("no result was simulated on %s with these changes (fingerprint %.8s); accepted: the --npu and --set of a run, or none of them", name, cfg.Fingerprint())
	}
	return nil
}

// changedPreset is the preset that a result names, with its axes: the fingerprint tells whether that was its NPU.
func changedPreset(o *outcome) *config.Config {
	cfg, err := config.Preset(o.NPU)
	if err != nil {
		return nil
	}
	var changes []string
	for _, k := range o.keys {
		if _, ok := config.Lookup(k.name); ok {
			changes = append(changes, k.name+"="+k.value)
		}
	}
	if cfg.Set(changes) != nil || cfg.Fingerprint() != o.Config {
		return nil
	}
	return cfg
}

func machineOf(cfg *config.Config, bits []int) report.Machine {
	m := report.Machine{Fingerprint: cfg.Fingerprint(), Name: cfg.Name, Bandwidth: cfg.PeakBandwidth()}
	for _, b := range bits {
		m.Roofs = append(m.Roofs, report.Roof{Bits: b, MACsPerSecond: array.PeakMACsPerSecond(cfg, unit.Bits(b))})
	}
	for _, k := range config.Keys() {
		if v, ok := cfg.Get(k.Path); ok && k.Path != "name" && k.Path != "description" && v != "" {
			m.Keys = append(m.Keys, [2]string{k.Path, v})
		}
	}
	return m
}
