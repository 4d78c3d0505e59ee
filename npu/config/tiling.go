package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// TilingForms is how ParseTiling wants a tiling to be written.
const TilingForms = "rows=N, tokens=N, hold=tokens|weights|auto, any of them, with commas between"

// ParseTiling turns a tiling in one word, such as rows=128,hold=weights, into the assignments that Set takes. What it does
// not name stays what it is in the Config.
func ParseTiling(spec string) ([]string, error) {
	var to []string
	for part := range strings.SplitSeq(spec, ",") {
		key, _, ok := strings.Cut(part, "=")
		if !ok || !slices.Contains([]string{"rows", "tokens", "hold"}, key) {
			return nil, fmt.Errorf("%q is not a part of a tiling; accepted: %s", part, TilingForms)
		}
		to = append(to, "tiling."+part)
	}
	return to, nil
}

// TileBytes returns the largest tile of a stream: the one configured, or an eighth of the scratchpad, in whole bursts.
func (c *Config) TileBytes() unit.Bytes {
	if c.Scratchpad.Tile > 0 {
		return c.Scratchpad.Tile
	}
	return c.Scratchpad.Size / 8 / grain * grain
}
