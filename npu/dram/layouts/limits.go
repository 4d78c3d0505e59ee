package layouts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Limits of what can be asked for.
const (
	MostPlanes = 64
	leastChunk = 64 // a multiple of every standard's burst
	mostChunk  = unit.MiB
	mostSkew   = 16 * unit.MiB
	mostBytes  = 64 * unit.GiB
)

// What ChunkPossible and SkewPossible accept, in words.
const (
	AcceptedChunk = "a power of two from 64B to 1MiB"
	AcceptedSkew  = "a multiple of 64B up to 16MiB"
)

// ChunkPossible reports whether a plane can be read so many bytes at a time.
func ChunkPossible(b unit.Bytes) bool { return b >= leastChunk && b <= mostChunk && b&(b-1) == 0 }

// SkewPossible reports whether regions can be so much further apart than a power of two.
func SkewPossible(b unit.Bytes) bool { return b >= 0 && b <= mostSkew && b%leastChunk == 0 }

// Parse reads a layout as --layout of a run does. One without a chunk has that of the NPUs.
func Parse(text string) (config.Weights, error) {
	w := config.Weights{Chunk: unit.KiB}
	assignments, err := config.ParseLayout(text)
	if err != nil {
		return w, err
	}
	for _, a := range assignments {
		key, value, _ := strings.Cut(a, "=")
		switch key {
		case "weights.layout":
			err = w.Layout.UnmarshalText([]byte(value))
		case "weights.chunk":
			if err = w.Chunk.UnmarshalText([]byte(value)); err == nil && !ChunkPossible(w.Chunk) {
				err = fmt.Errorf("a chunk of %s is not possible; accepted: %s", value, AcceptedChunk)
			}
		case "weights.skew":
			if err = w.Skew.UnmarshalText([]byte(value)); err == nil && !SkewPossible(w.Skew) {
				err = fmt.Errorf("a skew of %s is not possible; accepted: %s", value, AcceptedSkew)
			}
		}
		if err != nil {
			return w, fmt.Errorf("%s: %w", text, err)
		}
	}
	if w.Skew > 0 && w.Layout != config.PlaneMajor {
		return w, fmt.Errorf("%s: only the planes of %s are regions to move apart; accepted: %s", text, config.PlaneMajor, config.LayoutForms)
	}
	return w, nil
}

// Grid returns plane-major layouts of every chunk with every skew, by skews.
func Grid(chunks, skews []unit.Bytes) (all []config.Weights) {
	for _, skew := range skews {
		for _, chunk := range chunks {
			all = append(all, config.Weights{Layout: config.PlaneMajor, Chunk: chunk, Skew: skew})
		}
	}
	return all
}

// Choose sets the mappings of a sweep: those with a name of Mappings, or made of address bits; all of Mappings where
// none is asked for. With hash each comes a second time, with its bank bits hashed.
func (s *Spec) Choose(texts []string, hash bool) error {
	known := Mappings(s.Standard, s.Channels)
	s.Mappings = nil
	for _, text := range texts {
		m := Mapping{Fields: text}
		if i := slices.IndexFunc(known, func(k Mapping) bool { return k.Name == text || k.Fields == text }); i >= 0 {
			m = known[i]
		} else if !strings.ContainsAny(text, "0123456789") {
			return fmt.Errorf("%s: no mapping has that name; accepted: %s, or address bits such as %s", text, names(known), known[0].Fields)
		} else if _, err := spec.ParseMapping(text, s.Standard, s.Channels, false); err != nil {
			return err
		}
		if slices.Contains(s.Mappings, m) {
			return fmt.Errorf("%s: given twice; accepted: once", text)
		}
		s.Mappings = append(s.Mappings, m)
	}
	if len(texts) == 0 {
		s.Mappings = known
	}
	if hash {
		for _, m := range slices.Clone(s.Mappings) {
			m.Hash = true
			s.Mappings = append(s.Mappings, m)
		}
	}
	return nil
}

func names(all []Mapping) string {
	var texts []string
	for _, m := range all {
		texts = append(texts, m.Name)
	}
	return strings.Join(texts, ", ")
}

// CheckBytes refuses an amount of traffic that is less than a turn of all planes, or more than anybody waits for.
func (s *Spec) CheckBytes() error {
	least := unit.Bytes(leastChunk)
	for _, w := range s.Layouts {
		least = max(least, w.Chunk*unit.Bytes(s.Channels*slices.Max(s.Planes)))
	}
	if s.Bytes < least || s.Bytes > mostBytes || s.Bytes%leastChunk != 0 {
		return fmt.Errorf("not what a pass can read; accepted: a multiple of 64B from %v, a turn of all planes, to %v", least, mostBytes)
	}
	return nil
}
