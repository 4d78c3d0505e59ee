package formats

import (
	"strings"
	"testing"
)

func TestTheCacheAsText(t *testing.T) {
	for text, want := range map[string]struct {
		shortest, words string
		cache           Cache
	}{
		"16":              {"16", "16 bits", Cache{Cached{Bits: 16}, Cached{Bits: 16}}},
		"16/16,group=32":  {"16", "16 bits", Cache{Cached{Bits: 16}, Cached{Bits: 16}}},
		"8":               {"8", "8 bits, a scale a head", Cache{Cached{Bits: 8, Group: CacheGroupHead}, Cached{Bits: 8, Group: CacheGroupHead}}},
		"4/4,group=head":  {"4", "4 bits, a scale a head", Cache{Cached{Bits: 4, Group: CacheGroupHead}, Cached{Bits: 4, Group: CacheGroupHead}}},
		"16/4,group=64":   {"16/4,group=64", "16-bit keys, 4-bit values, a scale for 64", Cache{Cached{Bits: 16}, Cached{Bits: 4, Group: 64}}},
		"3/2,zero_points": {"3/2,zero_points", "3-bit keys, 2-bit values, a scale a head, zero points", Cache{Cached{3, CacheGroupHead, false, true}, Cached{2, CacheGroupHead, false, true}}},
		"2,zero_points,key_scales=channel,group=128": {"2,group=128,key_scales=channel,zero_points", "2 bits, a scale for 128, keys by channel, zero points",
			Cache{Cached{2, 128, true, true}, Cached{2, 128, false, true}}},
	} {
		c, err := ParseCache(text)
		if err != nil || c != want.cache || c.String() != want.shortest || c.Words() != want.words {
			t.Errorf("%s: %+v, %s, %s, error %v", text, c, c, c.Words(), err)
		}
		if again, err := ParseCache(c.String()); err != nil || again != c {
			t.Errorf("%s: %+v, error %v", c, again, err)
		}
	}
	if zero := (Cache{}); !zero.IsFP16() || zero.String() != "16" || zero.Words() != "16 bits" {
		t.Errorf("the zero value: %s, %s", zero, zero.Words())
	}
	unscaled := Cache{Cached{Bits: 8}, Cached{Bits: 4}}
	if unscaled.String() != "8/4" || unscaled.Words() != "8-bit keys, 4-bit values" || unscaled.Scaled().Keys.Group != CacheGroupHead {
		t.Errorf("scales left out: %s, %s, %+v", unscaled, unscaled.Words(), unscaled.Scaled())
	}
}

func TestCachesThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":                       `"" is not a width of cached values; accepted: 16, 8, 4, 3, 2, or two of them, of keys and values: 4/8`,
		"5":                      `"5" is not a width of cached values`,
		"8/4/2":                  `"4/2" is not a width of cached values`,
		"8,":                     `"" is no option of a cache; accepted: group=head, group=32`,
		"8,group=48":             `group: "48" is not known; accepted: head, 32, 64, 128`,
		"8,group=none":           `group: "none" is not known; accepted: head, 32, 64, 128`,
		"8,zero_points=1":        `"zero_points=1" is no option of a cache`,
		"8,group=32,group=32":    `group is given twice; accepted: once`,
		"8,key_scales=channel":   `key_scales=channel is about the keys of some positions, and group does not say how many; accepted: with group=32`,
		"8,key_scales=token":     `"key_scales=token" is no option of a cache`,
		"8,group=32,zero_point":  `"zero_point" is no option of a cache`,
		"16,key_scales=channel,": `"" is no option of a cache`,
	} {
		if c, err := ParseCache(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want %s", text, c, err, want)
		}
	}
}
