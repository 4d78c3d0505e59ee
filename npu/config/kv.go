package config

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// KV is the key-value cache.
type KV struct {
	Bits unit.Bits `yaml:"bits" json:"bits"` // of keys and values: 16, 8, 4, 3 or 2

	KeyBits    unit.Bits          `yaml:"key_bits,omitempty" json:"key_bits,omitempty" default:"0"`           // of keys alone; 0: bits
	ValueBits  unit.Bits          `yaml:"value_bits,omitempty" json:"value_bits,omitempty" default:"0"`       // of values alone; 0: bits
	Group      formats.CacheGroup `yaml:"group,omitempty" json:"group,omitempty" default:"none"`              // codes that share a scale
	KeyScales  KeyScales          `yaml:"key_scales,omitempty" json:"key_scales,omitempty" default:"token"`   // which codes of the keys those are
	ZeroPoints bool               `yaml:"zero_points,omitempty" json:"zero_points,omitempty" default:"false"` // an fp16 value with each scale, as in KIVI
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

// Keys returns how keys lie in the cache.
func (k KV) Keys() formats.Cached {
	c := k.cached(k.KeyBits)
	c.Channels = c.Group != formats.CacheGroupNone && k.KeyScales == KeysByChannel
	return c
}

// Values returns how values lie in the cache: KIVI and we scale them by token.
func (k KV) Values() formats.Cached { return k.cached(k.ValueBits) }

func (k KV) cached(bits unit.Bits) formats.Cached {
	if bits == 0 {
		bits = k.Bits
	}
	if bits == 16 {
		return formats.Cached{Bits: 16}
	}
	return formats.Cached{Bits: bits, Group: k.Group, ZeroPoints: k.ZeroPoints}
}

// Cache returns how both lie there.
func (k KV) Cache() formats.Cache { return formats.Cache{Keys: k.Keys(), Values: k.Values()} }

// Apart reports whether keys and values differ in their bits.
func (k KV) Apart() bool { return k.Cache().Apart() }

// String says in words how the cache is stored.
func (k KV) String() string { return k.Cache().Words() }

func (k *checker) kv(c KV, g Graphs) {
	width := func(path string, bits unit.Bits, also string) {
		if !slices.Contains(formats.CachedWidths(), bits) && (also == "" || bits != 0) {
			k.add(path, fmt.Sprintf("%d bits are not a width of cached values; accepted: %s16, 8, 4, 3, 2", bits, also))
		}
	}
	width("kv.bits", c.Bits, "")
	width("kv.key_bits", c.KeyBits, "0 (those of kv.bits), ")
	width("kv.value_bits", c.ValueBits, "0 (those of kv.bits), ")
	if !slices.Contains(formats.CacheGroups(), c.Group.String()) {
		k.add("kv.group", strict.NotKnown(c.Group.String(), formats.CacheGroups()))
	}
	if c.KeyScales != "" {
		named(k, "kv.key_scales", c.KeyScales, KeyScalings())
	}
	if c.KeyScales == KeysByChannel && c.Group <= 0 {
		k.add("kv.key_scales", fmt.Sprintf("%s, but kv.group is %v, which is no number of positions; accepted: %s, or a kv.group of 32, 64, 128",
			c.KeyScales, c.Group, KeysByToken), "kv.group")
	}
	if c.ZeroPoints && c.Group == formats.CacheGroupNone {
		k.add("kv.zero_points", "true, but there are no scales for them to stand with; accepted: false, or a kv.group of head, 32, 64, 128", "kv.group")
	}
	if n := c.Keys().Span(); n > 1 && g.PrefillChunk%n != 0 {
		k.add("graph.prefill_chunk", fmt.Sprintf("%d tokens are no whole groups of %d positions, whose keys share scales; accepted: 0, or a multiple of kv.group",
			g.PrefillChunk, n), "kv.group", "kv.key_scales")
	}
}
