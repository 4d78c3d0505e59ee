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

// KV is the key-value cache.
type KV struct {
	Bits unit.Bits `yaml:"bits" json:"bits"` // of keys and values: 16, 8, 4, 3 or 2

	KeyBits    unit.Bits  `yaml:"key_bits,omitempty" json:"key_bits,omitempty" default:"0"`           // of keys alone; 0: bits
	ValueBits  unit.Bits  `yaml:"value_bits,omitempty" json:"value_bits,omitempty" default:"0"`       // of values alone; 0: bits
	Group      CacheGroup `yaml:"group,omitempty" json:"group,omitempty" default:"none"`              // codes that share a scale
	KeyScales  KeyScales  `yaml:"key_scales,omitempty" json:"key_scales,omitempty" default:"token"`   // which codes of the keys those are
	ZeroPoints bool       `yaml:"zero_points,omitempty" json:"zero_points,omitempty" default:"false"` // an fp16 value with each scale, as in KIVI
}

// CacheGroup says how many codes of the cache share a scale.
type CacheGroup int

// The groups that are no numbers. None: scales are left out. Head: those of a head at a position.
const (
	CacheGroupNone CacheGroup = 0
	CacheGroupHead CacheGroup = -1
)

// cacheGroupNames are the values of kv.group. KIVI has groups of 32 (arXiv 2402.02750), llama.cpp's cache types blocks of
// 32, the kernels of engines a scale a head and position.
var cacheGroupNames = []string{"none", "head", "32", "64", "128"}

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
func (g CacheGroup) Forms() string { return "one of " + strings.Join(cacheGroupNames, ", ") }

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
	return errors.New(strict.NotKnown(text, cacheGroupNames))
}

// KeyScales says which codes of the keys share a scale. The empty one is by token.
type KeyScales string

// The ways. Token: those of a head at one position. Channel: those of one channel at so many positions, because some
// channels of keys are much larger than the others at every position (KIVI).
const (
	KeysByToken   KeyScales = "token"
	KeysByChannel KeyScales = "channel"
)

// KeyScalings returns the ways.
func KeyScalings() []KeyScales { return []KeyScales{KeysByToken, KeysByChannel} }

// UnmarshalText reads a way.
func (s *KeyScales) UnmarshalText(t []byte) error { return strict.Enum(s, t, KeyScalings()) }

// Cached is how keys, or values, lie in the cache: codes packed one behind the other, 8 codes of 3 bits in 3 bytes, then
// the scales of the same position, or of the same positions. Values of 16 bits have no scales.
type Cached struct {
	Bits       unit.Bits
	Group      CacheGroup
	Channels   bool // the codes of a channel at Group positions share a scale; else Group of those of a head at one
	ZeroPoints bool
}

// Keys returns how keys lie in the cache.
func (k KV) Keys() Cached {
	c := k.cached(k.KeyBits)
	c.Channels = c.Group != CacheGroupNone && k.KeyScales == KeysByChannel
	return c
}

// Values returns how values lie in the cache: KIVI and we scale them by token.
func (k KV) Values() Cached { return k.cached(k.ValueBits) }

func (k KV) cached(bits unit.Bits) Cached {
	if bits == 0 {
		bits = k.Bits
	}
	if bits == 16 {
		return Cached{Bits: 16}
	}
	return Cached{Bits: bits, Group: k.Group, ZeroPoints: k.ZeroPoints}
}

// Apart reports whether keys and values differ in their bits.
func (k KV) Apart() bool { return k.Keys().Bits != k.Values().Bits }

// String says in words how the cache is stored.
func (k KV) String() string {
	text := fmt.Sprintf("%d bits", k.Keys().Bits)
	if k.Apart() {
		text = fmt.Sprintf("%d-bit keys, %d-bit values", k.Keys().Bits, k.Values().Bits)
	}
	group := k.Keys().Group
	if group == CacheGroupNone {
		group = k.Values().Group
	}
	switch group {
	case CacheGroupNone:
		return text
	case CacheGroupHead:
		text += ", a scale a head"
	default:
		text += fmt.Sprintf(", a scale for %d", group)
	}
	if k.Keys().Channels {
		text += ", keys by channel"
	}
	if k.ZeroPoints {
		text += ", zero points"
	}
	return text
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

var cachedWidths = []unit.Bits{16, 8, 4, 3, 2}

func (k *checker) kv(c KV, g Graphs) {
	width := func(path string, bits unit.Bits, also string) {
		if !slices.Contains(cachedWidths, bits) && (also == "" || bits != 0) {
			k.add(path, fmt.Sprintf("%d bits are not a width of cached values; accepted: %s16, 8, 4, 3, 2", bits, also))
		}
	}
	width("kv.bits", c.Bits, "")
	width("kv.key_bits", c.KeyBits, "0 (those of kv.bits), ")
	width("kv.value_bits", c.ValueBits, "0 (those of kv.bits), ")
	if !slices.Contains(cacheGroupNames, c.Group.String()) {
		k.add("kv.group", strict.NotKnown(c.Group.String(), cacheGroupNames))
	}
	if c.KeyScales != "" {
		named(k, "kv.key_scales", c.KeyScales, KeyScalings())
	}
	if c.KeyScales == KeysByChannel && c.Group <= 0 {
		k.add("kv.key_scales", fmt.Sprintf("%s, but kv.group is %v, which is no number of positions; accepted: %s, or a kv.group of 32, 64, 128",
			c.KeyScales, c.Group, KeysByToken), "kv.group")
	}
	if c.ZeroPoints && c.Group == CacheGroupNone {
		k.add("kv.zero_points", "true, but there are no scales for them to stand with; accepted: false, or a kv.group of head, 32, 64, 128", "kv.group")
	}
	if n := c.Keys().Span(); n > 1 && g.PrefillChunk%n != 0 {
		k.add("graph.prefill_chunk", fmt.Sprintf("%d tokens are no whole groups of %d positions, whose keys share scales; accepted: 0, or a multiple of kv.group",
			g.PrefillChunk, n), "kv.group", "kv.key_scales")
	}
}
