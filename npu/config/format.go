package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
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

// Format is how codes of one width become weights.
type Format struct {
	Codebook   bool // 2^bits fp16 values for each row; else scales of fp16
	Group      int  // weights along a row that share a scale; 0: all of them
	ZeroPoints bool // with each scale, as wide as a code: codes are not symmetric around zero
}

// Format returns the format of weights of that many bits, 2 to 8. A width of 16 has none: ok is false.
func (w Weights) Format(bits unit.Bits) (f Format, ok bool) {
	if bits >= 16 {
		return Format{}, false
	}
	switch {
	case w.Group == GroupCodebook, w.Group == GroupAuto && bits <= MostCodebookBits:
		return Format{Codebook: true}, true
	case w.Group > 0:
		f.Group = int(w.Group)
	}
	f.ZeroPoints = w.ZeroPoints
	return f, true
}

// RowBytes returns what the codebook, or the scales and zero points, of a row of k weights of that many bits take, in
// whole bytes. Scales are fp16 (as in GPTQ's, AWQ's and GGUF's files), zero points as wide as the codes (GPTQ, AWQ).
func (f Format) RowBytes(k int, bits unit.Bits) unit.Bytes {
	if f.Codebook {
		return 2 << bits
	}
	each := unit.Bits(16)
	if f.ZeroPoints {
		each += bits
	}
	return each.Of(int64(f.scales(k)))
}

// scales returns how many scales there are of a row of k weights.
func (f Format) scales(k int) int {
	switch {
	case f.Codebook:
		return 0
	case f.Group == 0:
		return 1
	}
	return (k + f.Group - 1) / f.Group
}

// String returns the format in words.
func (f Format) String() string {
	text := "codebooks"
	switch {
	case f.Codebook:
	case f.Group == 0:
		text = "a scale a row"
	default:
		text = fmt.Sprintf("a scale for %d weights", f.Group)
	}
	if f.ZeroPoints {
		text += ", with zero points"
	}
	return text
}
