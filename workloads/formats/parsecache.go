package formats

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// The options behind the bits of a cache, named as the keys of NPUs are.
const (
	optionGroup      = "group"
	optionKeyScales  = "key_scales"
	optionZeroPoints = "zero_points"
	byChannel        = "channel"
)

// String returns the text that ParseCache reads: the bits, or those of keys and of values, and options that are not the
// usual ones.
func (c Cache) String() string {
	c = c.Scaled()
	text := strconv.Itoa(int(c.Keys.Bits))
	if c.Apart() {
		text += "/" + strconv.Itoa(int(c.Values.Bits))
	}
	if group := c.Coded().Group; !c.IsFP16() && group != CacheGroupHead {
		text += "," + optionGroup + "=" + group.String()
	}
	if c.Keys.Channels {
		text += "," + optionKeyScales + "=" + byChannel
	}
	if c.Coded().ZeroPoints {
		text += "," + optionZeroPoints
	}
	return text
}

// MarshalText writes a cache as String does.
func (c Cache) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads it as ParseCache does.
func (c *Cache) UnmarshalText(text []byte) (err error) {
	*c, err = ParseCache(string(text))
	return err
}

// ParseCache reads a cache that an engine makes the values of: BITS or KEYS/VALUES, of 16, 8, 4, 3 and 2, and behind that, each after a comma,
// group=N (32, 64, 128 codes share a scale; else those of a head at a position), key_scales=channel (the codes of a channel of the
// keys at N positions do) and zero_points.
func ParseCache(text string) (Cache, error) {
	bits, options, _ := strings.Cut(text, ",")
	keys, values, apart := strings.Cut(bits, "/")
	if !apart {
		values = keys
	}
	of, channels, more := Cached{Group: CacheGroupHead}, false, strings.Split(options, ",")
	if len(text) == len(bits) {
		more = nil
	}
	seen := map[string]bool{}
	for _, option := range more {
		name, value, _ := strings.Cut(option, "=")
		if seen[name] {
			return Cache{}, fmt.Errorf("%s is given twice; accepted: once", name)
		}
		seen[name] = true
		switch {
		case name == optionGroup:
			if err := of.Group.UnmarshalText([]byte(value)); err != nil || of.Group == CacheGroupNone {
				return Cache{}, fmt.Errorf("%s: %q is not known; %s", name, value, suggest.Accepted(value, CacheGroups()[1:]))
			}
		case option == optionZeroPoints:
			of.ZeroPoints = true
		case option == optionKeyScales+"="+byChannel:
			channels = true
		default:
			return Cache{}, fmt.Errorf("%q is no option of a cache; accepted: group=head, group=32, group=64, group=128, key_scales=channel, "+
				"zero_points", option)
		}
	}
	if channels && of.Group == CacheGroupHead {
		return Cache{}, fmt.Errorf("%s=%s is about the keys of some positions, and %s does not say how many; accepted: with group=32, group=64 or "+
			"group=128", optionKeyScales, byChannel, optionGroup)
	}
	c := Cache{of, of}
	for _, side := range []struct {
		to   *unit.Bits
		text string
	}{{&c.Keys.Bits, keys}, {&c.Values.Bits, values}} {
		n, err := strconv.Atoi(side.text)
		if err != nil || !slices.Contains(CachedWidths(), unit.Bits(n)) {
			return Cache{}, fmt.Errorf("%q is not a width of cached values; accepted: 16, 8, 4, 3, 2, or two of them, of keys and values: 4/8", side.text)
		}
		*side.to = unit.Bits(n)
	}
	c.Keys.Channels = channels && !c.Keys.IsFP16()
	return c.Scaled(), nil
}
