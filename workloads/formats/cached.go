package formats

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// Cached is how keys, or values, lie in the cache: codes packed one behind the other, 8 codes of 3 bits in 3 bytes, then
// the scales of the same position, or of the same positions. Values of fp16 have no scales. The zero value is fp16.
//
// A code c of a group stands for c·scale, or with zero points for c·scale + zero, rounded to fp16; scale and zero are fp16, too.
// Without zero points, codes are −m…m with m = 2^(bits−1) − 1, and scale is the largest magnitude of the group over m, as in
// llama.cpp's q8_0 (ggml-quants.c). With them, codes are 0…2^bits − 1, zero is the least value of the group, and scale is what lies
// between that and the largest over 2^bits − 1, as in KIVI (arXiv 2402.02750, equation 1). A code is that of the quotient's nearest whole
// number, the even one of two.
type Cached struct {
	Bits       unit.Bits
	Group      CacheGroup
	Channels   bool // the codes of a channel at Group positions share a scale; else Group of those of a head at one
	ZeroPoints bool
}

// CachedWidths returns the bits that cached values may have.
func CachedWidths() []unit.Bits { return []unit.Bits{FP16, 8, 4, 3, 2} }

// CacheGroup says how many codes of the cache share a scale.
type CacheGroup int

// The groups that are no numbers. None: the bytes of scales are left out. Head: those of a head at a position.
const (
	CacheGroupNone CacheGroup = 0
	CacheGroupHead CacheGroup = -1
)

// CacheGroups returns the groups by name. KIVI has groups of 32 (arXiv 2402.02750), llama.cpp's cache types blocks of 32, the kernels of
// engines a scale a head and position.
func CacheGroups() []string { return []string{"none", "head", "32", "64", "128"} }

// String returns the text that UnmarshalText reads.
func (g CacheGroup) String() string {
	switch g {
	case CacheGroupNone:
		return "none"
	case CacheGroupHead:
		return "head"
	}
	return strconv.Itoa(int(g))
}

// Forms says what a value looks like.
func (g CacheGroup) Forms() string { return "one of " + strings.Join(CacheGroups(), ", ") }

// MarshalText writes a group.
func (g CacheGroup) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads a group.
func (g *CacheGroup) UnmarshalText(t []byte) error {
	text := string(t)
	for _, known := range []CacheGroup{CacheGroupNone, CacheGroupHead, 32, 64, 128} {
		if text == known.String() {
			*g = known
			return nil
		}
	}
	return fmt.Errorf("%q is not known; %s", text, suggest.Accepted(text, CacheGroups()))
}

// IsFP16 reports whether what is cached are values, not codes.
func (c Cached) IsFP16() bool { return c.Bits == 0 || c.Bits >= FP16 }

// Width returns the bits of a cached value.
func (c Cached) Width() unit.Bits {
	if c.IsFP16() {
		return FP16
	}
	return c.Bits
}

// Span returns how many positions are stored together: those that share scales.
func (c Cached) Span() int {
	if c.Channels {
		return int(c.Group)
	}
	return 1
}

// SpanBytes returns what the positions of a span take for so many heads of dim values.
func (c Cached) SpanBytes(heads, dim int) unit.Bytes {
	return c.Bits.Of(int64(c.Span())*int64(heads)*int64(dim)) + c.scaleBytes(heads, dim)
}

// scaleBytes is what the scales of a span take: an fp16 value each, and another for its zero point.
func (c Cached) scaleBytes(heads, dim int) unit.Bytes {
	each := unit.Bytes(2)
	if c.ZeroPoints {
		each *= 2
	}
	return each * unit.Bytes(heads) * unit.Bytes(c.scales(dim))
}

// scales returns how many scales a head has in a span.
func (c Cached) scales(dim int) int {
	switch {
	case c.Group == CacheGroupNone:
		return 0
	case c.Channels:
		return dim
	case c.Group == CacheGroupHead:
		return 1
	}
	return (dim + int(c.Group) - 1) / int(c.Group)
}

// Sharing returns how many codes along a head share a scale, 0 for none: all of them if only those of a channel do.
func (c Cached) Sharing(dim int) int {
	if c.Group == CacheGroupHead {
		return dim
	}
	return int(c.Group)
}

// scaled returns what values are made of: those whose scales' bytes are left out have a scale a head.
func (c Cached) scaled() Cached {
	if c.IsFP16() {
		return Cached{Bits: FP16}
	}
	if c.Group == CacheGroupNone {
		c.Group = CacheGroupHead
	}
	return c
}

// Cache is how keys and values are cached. The zero value is fp16.
type Cache struct{ Keys, Values Cached }

// IsFP16 reports whether nothing in it is quantised.
func (c Cache) IsFP16() bool { return c.Keys.IsFP16() && c.Values.IsFP16() }

// Apart reports whether keys and values differ in their bits.
func (c Cache) Apart() bool { return c.Keys.Width() != c.Values.Width() }

// Scaled returns what an engine that makes the values runs: where the bytes of scales are left out, codes have those of a head.
func (c Cache) Scaled() Cache { return Cache{c.Keys.scaled(), c.Values.scaled()} }

// Coded returns a side that has codes, if there is one: values have the same groups and zero points as keys.
func (c Cache) Coded() Cached {
	if c.Keys.IsFP16() {
		return c.Values
	}
	return c.Keys
}

// Words says in words how the cache is stored.
func (c Cache) Words() string {
	text := fmt.Sprintf("%d bits", c.Keys.Width())
	if c.Apart() {
		text = fmt.Sprintf("%d-bit keys, %d-bit values", c.Keys.Width(), c.Values.Width())
	}
	switch group := c.Coded().Group; {
	case c.IsFP16() || group == CacheGroupNone:
		return text
	case group == CacheGroupHead:
		text += ", a scale a head"
	default:
		text += fmt.Sprintf(", a scale for %d", group)
	}
	if c.Keys.Channels {
		text += ", keys by channel"
	}
	if c.Coded().ZeroPoints {
		text += ", zero points"
	}
	return text
}
