package config

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// Group says which weights share what turns their codes into values: all of a row, or so many along the reduction.
type Group int

// The groups. Groups of 32 to 128 weights are what GPTQ, AWQ and the runtimes of NPUs have (RKLLM: 32, 64, 128).
const (
	GroupAuto     Group = 0  // a codebook a row up to MostCodebookBits, a scale a row above
	GroupCodebook Group = -1 // 2^bits fp16 values a row (any-precision quantisation)
	GroupChannel  Group = -2 // a scale a row
)

// MostCodebookBits is the widest code with a codebook where nobody says so: 2^5 fp16 values a row are 64 bytes; the 512
// bytes of 8 bits are 6 to 25 % of a row of 2,048 to 8,192 weights, and no deployment stores them.
const MostCodebookBits unit.Bits = 5

// groupNames are the values of weights.group.
var groupNames = []string{"auto", "codebook", "channel", "32", "64", "128"}

// Groups returns the values of weights.group.
func Groups() []string { return slices.Clone(groupNames) }

// String returns the text that UnmarshalText reads.
func (g Group) String() string {
	switch g {
	case GroupAuto:
		return "auto"
	case GroupCodebook:
		return "codebook"
	case GroupChannel:
		return "channel"
	}
	return strconv.Itoa(int(g))
}

// Forms says what a value looks like.
func (g Group) Forms() string { return "one of " + strings.Join(groupNames, ", ") }

// MarshalText writes a group.
func (g Group) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads a group.
func (g *Group) UnmarshalText(t []byte) error {
	text := string(t)
	if !slices.Contains(groupNames, text) {
		return errors.New(strict.NotKnown(text, groupNames))
	}
	for _, named := range []Group{GroupAuto, GroupCodebook, GroupChannel} {
		if text == named.String() {
			*g = named
			return nil
		}
	}
	n, err := strconv.Atoi(text)
	*g = Group(n)
	return err
}

// Format returns the format of weights of that many bits, 2 to 8, that have none from a model's file. Scales are fp16 (as in
// GPTQ's, AWQ's and GGUF's files), zero points as wide as the codes (GPTQ, AWQ). A width of 16 has none: ok is false.
func (w Weights) Format(bits unit.Bits) (f formats.Format, ok bool) {
	if bits >= formats.FP16 {
		return formats.Format{}, false
	}
	if w.Group == GroupCodebook || w.Group == GroupAuto && bits <= MostCodebookBits {
		return formats.Format{Bits: bits, Codebook: true}, true
	}
	f = formats.Format{Bits: bits, Scale: 16, Group: max(0, int(w.Group))}
	if w.ZeroPoints {
		f.Zero = bits
	}
	return f, true
}

// Head returns the same for the head's weights, which never have codebooks.
func (w Weights) Head(bits unit.Bits) (f formats.Format, ok bool) {
	if w.Group == GroupAuto || w.Group == GroupCodebook {
		w.Group = GroupChannel
	}
	return w.Format(bits)
}
