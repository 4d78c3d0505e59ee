package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/layouts"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// loadLayoutSweep resolves the flags.
func loadLayoutSweep(c *cli.Context) (*layoutSweep, error) {
	s := &layoutSweep{named: c.IsSet("layout")}
	s.Channels, s.Workers, s.Postpone = c.Int("channels"), c.Int("workers"), c.Int("postpone")
	var err error
	if s.Standard, err = spec.Lookup(c.String("standard")); err != nil {
		return nil, flagged("standard", "", err)
	}
	if n := s.Channels; n < 1 || n > 1024 || n&(n-1) != 0 {
		return nil, fmt.Errorf("--channels %d: not a number of channels; accepted: a power of two, 1 to 1024", n)
	}
	if s.Workers < 1 {
		return nil, fmt.Errorf("--workers %d: too few; accepted: 1 or more", s.Workers)
	}
	if err := s.Refresh.UnmarshalText([]byte(c.String("refresh"))); err != nil {
		return nil, flagged("refresh", "", err)
	}
	if s.Postpone < 0 || s.Postpone > s.Standard.MaxPostponed {
		return nil, fmt.Errorf("--postpone %d: %s may postpone up to %d refreshes; accepted: 0 to %d", s.Postpone, s.Standard.Name,
			s.Standard.MaxPostponed, s.Standard.MaxPostponed)
	}
	if err := s.loadMappings(c); err != nil {
		return nil, err
	}
	if err := s.loadPlanes(c); err != nil {
		return nil, err
	}
	if err := s.loadLayouts(c); err != nil {
		return nil, err
	}
	return s, s.loadBytes(c)
}

func (s *layoutSweep) loadMappings(c *cli.Context) error {
	known := layouts.Mappings(s.Standard, s.Channels)
	for _, text := range c.StringSlice("mapping") {
		m := layouts.Mapping{Fields: text}
		if i := slices.IndexFunc(known, func(k layouts.Mapping) bool { return k.Name == text || k.Fields == text }); i >= 0 {
			m = known[i]
		} else if !strings.ContainsAny(text, "0123456789") {
			return fmt.Errorf("--mapping %s: no mapping has that name; accepted: %s, or address bits such as %s", text, mappingNames(known), known[0].Fields)
		} else if _, err := spec.ParseMapping(text, s.Standard, s.Channels, false); err != nil {
			return flagged("mapping", "", err)
		}
		if slices.Contains(s.Mappings, m) {
			return fmt.Errorf("--mapping %s: given twice; accepted: once", text)
		}
		s.Mappings = append(s.Mappings, m)
	}
	if len(s.Mappings) == 0 {
		s.Mappings = known
	}
	if c.Bool("bank-hash") {
		for _, m := range slices.Clone(s.Mappings) {
			m.Hash = true
			s.Mappings = append(s.Mappings, m)
		}
	}
	_, err := dram.New(dram.Options{Standard: s.Standard, Channels: s.Channels, Mapping: s.Mappings[0].Fields, Refresh: s.Refresh})
	if err != nil { // what is left to be wrong
		return flagged("refresh", "", err)
	}
	return nil
}

func mappingNames(all []layouts.Mapping) string {
	var names []string
	for _, m := range all {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}

// Limits of what can be asked for.
const (
	mostPlanes = 64
	leastChunk = 64 // a multiple of every standard's burst
	mostChunk  = unit.MiB
	mostSkew   = 16 * unit.MiB
	mostBytes  = 64 * unit.GiB
)

// loadPlanes reads --planes.
func (s *layoutSweep) loadPlanes(c *cli.Context) (err error) {
	text := c.String("planes")
	if !c.IsSet("planes") {
		text = defaultPlanes
		if c.IsSet("layout") {
			text = defaultPlanesRead
		}
	}
	s.Planes, err = integers("planes", text, fmt.Sprintf("1 to %d", mostPlanes), func(n int) bool { return n >= 1 && n <= mostPlanes })
	return err
}

// integers reads the value of a flag: different numbers that a check accepts.
func integers(flag, value, accepted string, check func(int) bool) ([]int, error) {
	var all []int
	for word := range strings.SplitSeq(value, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || !check(n) || slices.Contains(all, n) {
			return nil, fmt.Errorf("--%s %s: %q is not possible; accepted: different numbers, each %s", flag, value, word, accepted)
		}
		all = append(all, n)
	}
	return all, nil
}

// sizes reads a flag of sizes that a check accepts.
func sizes(c *cli.Context, flag, accepted string, check func(unit.Bytes) bool) ([]unit.Bytes, error) {
	var all []unit.Bytes
	for word := range strings.SplitSeq(c.String(flag), ",") {
		var b unit.Bytes
		if word != "0" {
			if err := b.UnmarshalText([]byte(word)); err != nil {
				return nil, fmt.Errorf("--%s %s: %w", flag, c.String(flag), err)
			}
		}
		if !check(b) || slices.Contains(all, b) {
			return nil, fmt.Errorf("--%s %s: %q is not possible; accepted: different sizes, each %s", flag, c.String(flag), word, accepted)
		}
		all = append(all, b)
	}
	return all, nil
}

const (
	acceptedChunk = "a power of two from 64B to 1MiB"
	acceptedSkew  = "a multiple of 64B up to 16MiB"
)

func chunkPossible(b unit.Bytes) bool { return b >= leastChunk && b <= mostChunk && b&(b-1) == 0 }

func skewPossible(b unit.Bytes) bool { return b >= 0 && b <= mostSkew && b%leastChunk == 0 }

func (s *layoutSweep) loadLayouts(c *cli.Context) (err error) {
	if s.named {
		if c.IsSet("chunk") || c.IsSet("skew") {
			return errors.New("--layout: a layout names its chunk and skew itself; accepted: no --chunk and --skew beside it")
		}
		for _, spec := range c.StringSlice("layout") {
			w, err := parseLayout(spec)
			if err != nil {
				return err
			}
			if slices.Contains(s.Layouts, w) {
				return fmt.Errorf("--layout %s: given twice; accepted: once", spec)
			}
			s.Layouts = append(s.Layouts, w)
		}
		return nil
	}
	if s.chunks, err = sizes(c, "chunk", acceptedChunk, chunkPossible); err != nil {
		return err
	}
	if s.skews, err = sizes(c, "skew", acceptedSkew, skewPossible); err != nil {
		return err
	}
	for _, skew := range s.skews {
		for _, chunk := range s.chunks {
			s.Layouts = append(s.Layouts, config.Weights{Layout: config.PlaneMajor, Chunk: chunk, Skew: skew})
		}
	}
	return nil
}

// parseLayout reads a layout as --layout of a run does. One without a chunk has that of the NPUs.
func parseLayout(spec string) (config.Weights, error) {
	w := config.Weights{Chunk: unit.KiB}
	assignments, err := config.ParseLayout(spec)
	if err != nil {
		return w, flagged("layout", "", err)
	}
	for _, a := range assignments {
		key, value, _ := strings.Cut(a, "=")
		switch key {
		case "weights.layout":
			err = w.Layout.UnmarshalText([]byte(value))
		case "weights.chunk":
			if err = w.Chunk.UnmarshalText([]byte(value)); err == nil && !chunkPossible(w.Chunk) {
				err = fmt.Errorf("a chunk of %s is not possible; accepted: %s", value, acceptedChunk)
			}
		case "weights.skew":
			if err = w.Skew.UnmarshalText([]byte(value)); err == nil && !skewPossible(w.Skew) {
				err = fmt.Errorf("a skew of %s is not possible; accepted: %s", value, acceptedSkew)
			}
		}
		if err != nil {
			return w, fmt.Errorf("--layout %s: %w", spec, err)
		}
	}
	if w.Skew > 0 && w.Layout != config.PlaneMajor {
		return w, fmt.Errorf("--layout %s: only the planes of %s are regions to move apart; accepted: %s", spec, config.PlaneMajor, config.LayoutForms)
	}
	return w, nil
}

func (s *layoutSweep) loadBytes(c *cli.Context) error {
	least := unit.Bytes(leastChunk)
	for _, w := range s.Layouts {
		least = max(least, w.Chunk*unit.Bytes(s.Channels*slices.Max(s.Planes)))
	}
	if err := s.Bytes.UnmarshalText([]byte(c.String("bytes"))); err != nil {
		return flagged("bytes", "", err)
	}
	if s.Bytes < least || s.Bytes > mostBytes || s.Bytes%leastChunk != 0 {
		return fmt.Errorf("--bytes %s: not what a pass can read; accepted: a multiple of 64B from %v, a turn of all planes, to %v",
			c.String("bytes"), least, mostBytes)
	}
	return nil
}
