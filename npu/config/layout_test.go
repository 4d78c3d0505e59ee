package config

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestParseLayout(t *testing.T) {
	for spec, want := range map[string]string{
		"interleaved":               "weights.layout=interleaved weights.skew=0B",
		"interleaved:64B":           "weights.layout=interleaved weights.skew=0B weights.chunk=64B",
		"plane-major":               "weights.layout=plane-major weights.skew=0B",
		"plane-major+skew=8KiB":     "weights.layout=plane-major weights.skew=8KiB",
		"plane-major:4KiB+skew=64B": "weights.layout=plane-major weights.skew=64B weights.chunk=4KiB",
		"packed":                    "weights.layout=packed weights.skew=0B",
	} {
		to, err := ParseLayout(spec)
		if got := strings.Join(to, " "); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", spec, got, err, want)
		}
	}
	const accepted = "; accepted: interleaved[:CHUNK], plane-major[:CHUNK][+skew=SIZE], packed"
	for spec, want := range map[string]string{
		"":                          `layout "" is not known`,
		"planemajor":                `layout "planemajor" is not known`,
		"Packed":                    `layout "Packed" is not known`,
		"packed:64B":                `"packed:64B": packed weights have no chunks`,
		"plane-major+8KiB":          `"+8KiB" is not an option of a layout`,
		"plane-major+skew":          `"+skew" is not an option of a layout`,
		"plane-major+chunk=1KiB":    `"+chunk=1KiB" is not an option of a layout`,
		"plane-major+skew=1KiB:64B": "", // a size, to be refused by Set
	} {
		to, err := ParseLayout(spec)
		if want == "" {
			if err = preset(t, "edge-lpddr5").Set(to); err == nil || !strings.Contains(err.Error(), `weights.skew: `) {
				t.Errorf("%s: %v", spec, err)
			}
			continue
		}
		want += accepted + map[string]string{"planemajor": `; did you mean "plane-major"?`, "Packed": `; did you mean "packed"?`}[spec]
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v\nwant %s", spec, err, want)
		}
	}
}

func TestALayoutInOneWordIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := Weights{Layout: rapid.SampledFrom(Layouts()).Draw(t, "layout"), Chunk: 64 << rapid.IntRange(0, 8).Draw(t, "chunk")}
		switch w.Layout {
		case Packed:
			w.Chunk = unit.KiB // the preset's
		case PlaneMajor:
			w.Skew = 64 * unit.Bytes(rapid.IntRange(0, 1<<18).Draw(t, "skew"))
		}
		c, err := Preset("edge-lpddr5")
		if err != nil {
			t.Fatal(err)
		}
		to, err := ParseLayout(w.String())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Set(to); err != nil || c.Weights != w {
			t.Errorf("%s: got %v, %v", w, c.Weights, err)
		}
	})
}

// What a layout does not say stays, but for the skew, which would make no sense in another layout.
func TestALayoutKeepsTheChunk(t *testing.T) {
	c := preset(t, "edge-lpddr5")
	for _, spec := range []string{"plane-major:2KiB+skew=64KiB", "interleaved"} {
		to, err := ParseLayout(spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Set(to); err != nil {
			t.Fatal(err)
		}
	}
	if want := (Weights{Layout: Interleaved, Chunk: 2 * unit.KiB}); c.Weights != want {
		t.Errorf("got %v, want %v", c.Weights, want)
	}
}

func TestChunksAndSkewsAtTheirLimits(t *testing.T) {
	for what, c := range map[string]struct {
		assignments string
		want        string // in the error, "" if there is none
	}{
		"the smallest chunk":         {"weights.chunk=64B", ""},
		"the largest chunk":          {"weights.chunk=16KiB", ""},
		"a smaller chunk":            {"weights.chunk=32B", "weights.chunk: 32B is not a possible size; accepted: a power of two, 64B to 16KiB"},
		"a larger chunk":             {"weights.chunk=32KiB", "weights.chunk: 32KiB is not a possible size; accepted: a power of two, 64B to 16KiB"},
		"no power of two":            {"weights.chunk=192B", "weights.chunk: 192B is not a possible size; accepted: a power of two, 64B to 16KiB"},
		"a burst of skew":            {"weights.layout=plane-major weights.skew=64B", ""},
		"half a burst of skew":       {"weights.layout=plane-major weights.skew=32B", "weights.skew: 32B is not a possible size; accepted: 0B to 16MiB in steps of 64B"},
		"a skew without planes":      {"weights.layout=packed weights.skew=64B", "weights.skew: 64B, but only the planes of the layout plane-major are regions"},
		"a chunk larger than a tile": {"scratchpad.tile=32KiB weights.chunk=16KiB", "weights.chunk: 16KiB on each of 4 channels are more than a tile of 32KiB"},
		"but packed has no chunks":   {"scratchpad.tile=32KiB weights.chunk=16KiB weights.layout=packed", ""},
	} {
		t.Run(what, func(t *testing.T) {
			err := preset(t, "edge-lpddr5").Set(strings.Fields(c.assignments))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	t.Run("LayoutForms names every layout", func(t *testing.T) {
		for _, l := range Layouts() {
			if !slices.ContainsFunc(strings.Split(LayoutForms, ", "), func(f string) bool { return strings.HasPrefix(f, string(l)) }) {
				t.Errorf("%s is not in %s", l, LayoutForms)
			}
		}
	})
}
