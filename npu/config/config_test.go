package config

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/sim/unit"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
)

func preset(t *testing.T, name string) *Config {
	t.Helper()
	c, err := Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPresets(t *testing.T) {
	for i, c := range Presets(Names()) {
		t.Run(c.Name+" is valid, sourced, and named as its file", func(t *testing.T) {
			if ps := c.Validate(); len(ps) > 0 {
				t.Errorf("problems: %v", ps)
			}
			if c.Name != Names()[i] || c.Source == "" || c.Description == "" {
				t.Errorf("name %q, source %q, description %q", c.Name, c.Source, c.Description)
			}
		})
		if i >= len(Imagined()) {
			continue // what feeds the array of a device is not public
		}
		t.Run(c.Name+" feeds its array at GEMV", func(t *testing.T) {
			need := c.Array.Rows * c.Array.Cols * c.Array.BitsPerCycle / 8
			if c.Array.Style == DequantFP16 {
				need = c.Array.DequantLanes // codes of 8 bits
				if lookups := float64(c.Array.DequantLanes) * float64(c.Clock); lookups < 4*c.PeakBandwidth() {
					t.Errorf("%.3g look-ups/s, want the %.3g codes/s that memory brings at 2 bits", lookups, 4*c.PeakBandwidth())
				}
			}
			if c.Scratchpad.BytesPerCycle < need {
				t.Errorf("scratchpad gives %d B a cycle, the array takes %d", c.Scratchpad.BytesPerCycle, need)
			}
		})
	}
}

func TestPresetsCountWhatTheyShould(t *testing.T) {
	for _, c := range Presets(Names()) {
		want := Count{Head: true, Codebooks: true, Params: true}
		if c.Name == "pmpd-paper" { // the figure counts block linears and KV only (docs/sources.md A.2)
			want = Count{}
		}
		if slices.Contains(Devices(), c.Name) { // deployed formats have no codebooks
			want.Codebooks = false
		}
		if c.Count != want {
			t.Errorf("%s counts %+v, want %+v", c.Name, c.Count, want)
		}
		if strings.HasPrefix(c.Name, "edge-") && c.DRAM.Capacity < 16*unit.GiB {
			t.Errorf("%s holds %v, want at least 16GiB", c.Name, c.DRAM.Capacity)
		}
	}
}

func TestBandwidthsAreTheArithmeticOfTheDataSheets(t *testing.T) {
	for name, want := range map[string]float64{
		"edge-lpddr4x":   4 * 4266.67e6 * 2,
		"edge-lpddr5":    4 * 6400e6 * 2,
		"laptop-lpddr5x": 8 * 8533.33e6 * 2,
		"card-hbm3":      1024 * 6.4e9 / 8,
		"pmpd-paper":     32e9,
	} {
		t.Run(name, func(t *testing.T) {
			if got := preset(t, name).PeakBandwidth(); math.Abs(got/want-1) > 1e-4 {
				t.Errorf("got %.6g, want %.6g", got, want)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	t.Run("a preset's name gives the preset", func(t *testing.T) {
		c, err := Load("edge-lpddr5")
		if err != nil || *c != *preset(t, "edge-lpddr5") {
			t.Errorf("got %v, %v", c, err)
		}
	})
	t.Run("a file changes the keys that it gives and no other", func(t *testing.T) {
		text := "base: edge-lpddr5\nclock: 900MHz\narray: {rows: 64}\ndram:\n  channels: 2\n"
		c, err := Load(write(t, "mine.yaml", text))
		if err != nil {
			t.Fatal(err)
		}
		want := preset(t, "edge-lpddr5")
		want.Name, want.Clock, want.Array.Rows, want.DRAM.Channels = "mine", 900e6, 64, 2
		want.DRAM.Mapping = defaultMapping(want.DRAM)
		want.Source, want.Description = "edge-lpddr5, changed: array.rows=64, clock=900MHz, dram.channels=2", "edge-lpddr5, changed"
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("a file may name the machine", func(t *testing.T) {
		c, err := Load(write(t, "mine.yaml", "base: edge-lpddr5\nname: half a phone\n"))
		if err != nil || c.Name != "half a phone" {
			t.Errorf("got %v, %v", c, err)
		}
	})
	t.Run("a name that is neither a preset nor a file says what there is", func(t *testing.T) {
		_, err := Load("edge-lpddr4")
		want := `NPU "edge-lpddr4" is not known; accepted: edge-lpddr4x, edge-lpddr5, laptop-lpddr5x, ` +
			`card-hbm3, pmpd-paper, ` + strict.List(Devices()) + `, or the path of a YAML file; did you mean "edge-lpddr4x"?`
		if err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	})
	t.Run("a folder is not a file", func(t *testing.T) {
		if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is a directory; accepted: an NPU's description") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an unknown preset says what there is", func(t *testing.T) {
		_, err := Preset("card")
		if want := `NPU preset "card" is not known; accepted: edge-`; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v", err)
		}
	})
}

func TestYAMLIsAFileThatLoadsBackToTheSameMachine(t *testing.T) {
	for _, c := range Presets(Names()) {
		t.Run(c.Name, func(t *testing.T) {
			c.Description = "odd: text, \"quoted\" # and\nmore" // must survive, too
			data, err := c.YAML()
			if err != nil {
				t.Fatal(err)
			}
			got, err := Load(write(t, "shown.yaml", string(data)))
			if err != nil {
				t.Fatalf("%v\n%s", err, data)
			}
			if diff := cmp.Diff(c, got); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, data)
			}
			if c.Fingerprint() != got.Fingerprint() {
				t.Error("fingerprints differ")
			}
		})
	}
}

func TestYAMLKeepsEveryTextThatIsValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := Preset("edge-lpddr5")
		if err != nil {
			t.Fatal(err)
		}
		odd := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"null", "~", "1e3", "0x1f", "yes", "true", " led",
			"trailed ", "a: b", "# no", "- no", "? no", "!x", "&x", "*x", "|", ">", "%", "@", "`", "\"", "'", "{", "[", "<<", "---",
			"1GHz", "2001-01-01", "\n", "a\n", "\na", "a\n\n b\n"}))
		c.Name, c.Description, c.Source = odd.Draw(t, "name"), odd.Draw(t, "description"), odd.Draw(t, "source")
		if len(c.Validate()) > 0 {
			t.Skip("not valid")
		}
		data, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseFile("shown.yaml", data, nil); err != nil || *got != *c {
			t.Errorf("got %+v, %v from\n%s", got, err, data)
		}
	})
}

// same reports whether two machines are equal, parts by their content.
func same(a, b *Config) bool {
	x, y := *a, *b
	if x.DRAM.Part != nil && y.DRAM.Part != nil && x.DRAM.Part.Text() == y.DRAM.Part.Text() {
		x.DRAM.Part, y.DRAM.Part = nil, nil
	}
	return x == y
}

// change gives v another value of its type.
func change(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Uint8:
		v.SetUint(v.Uint() + 1)
	default:
		v.SetInt(v.Int() + 1)
	}
}

func TestFingerprintChangesWithEveryField(t *testing.T) {
	c := preset(t, "edge-lpddr5")
	seen := map[string]string{c.Fingerprint(): "nothing"}
	for i, l := range c.leaves() {
		next := *c
		change(next.leaves()[i].value)
		f := next.Fingerprint()
		if other, twice := seen[f]; twice {
			t.Errorf("a change of %s gives the fingerprint of a change of %s", l.path, other)
		}
		seen[f] = l.path
	}
	if got := preset(t, "edge-lpddr5").Fingerprint(); got != c.Fingerprint() || len(got) != 32 {
		t.Errorf("the same machine has the fingerprints %s and %s", got, c.Fingerprint())
	}
}

func TestKeys(t *testing.T) {
	t.Run("every field of a Config has one name in YAML and JSON", func(t *testing.T) {
		var walk func(rt reflect.Type)
		walk = func(rt reflect.Type) {
			for i := range rt.NumField() {
				f := rt.Field(i)
				y, may, _ := strings.Cut(f.Tag.Get("yaml"), ",")
				j, omit, _ := strings.Cut(f.Tag.Get("json"), ",")
				if y == "" || y != j || (may == "") != (omit == "") {
					t.Errorf("%s.%s: yaml %q, json %q", rt, f.Name, f.Tag.Get("yaml"), f.Tag.Get("json"))
				}
				if f.Type.Kind() == reflect.Struct {
					walk(f.Type)
				}
			}
		}
		walk(reflect.TypeFor[Config]())
	})
	t.Run("every value is read back from the text that Get gives", func(t *testing.T) {
		c := preset(t, "edge-lpddr5")
		for _, k := range Keys() {
			text, ok := c.Get(k.Path)
			if err := c.Set([]string{k.Path + "=" + text}); !ok || err != nil {
				t.Errorf("%s=%s: %v", k.Path, text, err)
			}
		}
		if *c != *preset(t, "edge-lpddr5") {
			t.Errorf("changed to %+v", c)
		}
	})
	t.Run("Lookup and Get know keys and no sections", func(t *testing.T) {
		if k, ok := Lookup("array.rows"); !ok || k.Type != "a whole number such as 64" {
			t.Errorf("got %+v, %v", k, ok)
		}
		for _, path := range []string{"array", "array.row", "array.rows.more", "", "."} {
			_, known := Lookup(path)
			_, has := preset(t, "edge-lpddr5").Get(path)
			if known || has {
				t.Errorf("%q is a key", path)
			}
		}
	})
}

// Whatever bytes a file holds, loading it ends in an error or in a valid Config that YAML writes faithfully; never in a panic.
// (Run it with -fuzzminimizetime 10x: making its long seeds smaller takes minutes.)
func FuzzParseFile(f *testing.F) {
	for _, name := range Names() {
		data, err := presets.ReadFile("presets/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	bad, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range bad {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		simtest.Budget(t, func() {
			c, err := parseFile("fuzz.yaml", data, nil)
			if err != nil {
				return
			}
			if ps := c.Validate(); len(ps) > 0 {
				t.Fatalf("accepted, but %v", ps)
			}
			shown, err := c.YAML()
			if err != nil {
				t.Fatal(err)
			}
			if back, err := parseFile("shown.yaml", shown, nil); err != nil || !same(back, c) {
				t.Errorf("written and read back: %v\ngot  %+v\nwant %+v\nfrom\n%s", err, back, c, shown)
			}
		})
	})
}

func TestStripeFallsEquallyOnAllChannels(t *testing.T) {
	for _, c := range []struct {
		name string
		set  []string // on edge-lpddr5
		want unit.Bytes
	}{
		{"the default mapping keeps 256 B on each of 4 channels", nil, 4 * 256},
		{"two channels", []string{"dram.channels=2"}, 2 * 256},
		{"three channels", []string{"dram.channels=3"}, 3 * 256},
		{"twelve, of which the lowest address bit tells two apart", []string{"dram.channels=12",
			"dram.mapping=co1,ch1,co2,ch%6,bg2,ba2,co3,ro16"}, 12 * 256},
		{"a single channel is balanced by its bursts", []string{"dram.channels=1"}, 32},
		{"the granule is what lies below the channel bits", []string{"dram.mapping=co3,ch2,bg2,ba2,co3,ro16"}, 4 * 256},
		{"channel bits above the row's columns", []string{"dram.mapping=co6,ch2,bg2,ba2,ro16"}, 4 * 2048},
		{"an ideal memory has none: a cache line", []string{"dram.standard=ideal", "dram.bandwidth=10GB/s", "dram.refresh=none"}, 64},
	} {
		t.Run(c.name, func(t *testing.T) {
			npu := preset(t, "edge-lpddr5")
			if err := npu.Set(c.set); err != nil {
				t.Fatal(err)
			}
			if got, err := npu.Stripe(); err != nil || got != c.want {
				t.Errorf("%v (%v), want %v", got, err, c.want)
			}
		})
	}
}

// What --set is given is refused, or makes a Config that YAML writes faithfully.
func FuzzSet(f *testing.F) {
	for _, text := range []string{"array.rows=64", "dram.channels=2", "clock=1GHz", "weights.layout=packed", "kv.bits=4", "tiling.hold=auto", "array.rows", "=", "array=1",
		"array.rows=9223372036854775808", "noc.bandwidth=1e308B/s", "dram.timing.tRCD=12.5ns", "dram.timing.tREFI=1000ms", "dram.timing.tBL=0", "dram.temperature=95C", "dram.bank_mode=8-bank",
		"dram.burst_length=32", "dram.refresh=same-bank", "dram.masked_writes=true"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		simtest.Budget(t, func() {
			c, err := Preset("edge-lpddr5")
			if err != nil {
				t.Fatal(err)
			}
			if c.Set([]string{text}) != nil {
				return
			}
			data, err := c.YAML()
			if err != nil {
				t.Fatal(err)
			}
			if again, err := Parse("again.yaml", data); err != nil || again.Fingerprint() != c.Fingerprint() {
				t.Errorf("%q makes an NPU whose YAML is not read as it: %v", text, err)
			}
		})
	})
}

func FuzzForms(f *testing.F) {
	for _, text := range []string{"rows=128,hold=weights", "tokens=", "plane-major:4KiB+skew=8KiB", "packed", ",", "rows=1,rows=1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		simtest.Budget(t, func() {
			for _, read := range []func(string) ([]string, error){ParseTiling, ParseLayout} {
				assignments, err := read(text)
				if err != nil {
					continue
				}
				c, err := Preset("edge-lpddr5")
				if err != nil {
					t.Fatal(err)
				}
				_ = c.Set(assignments) // refused or not
			}
		})
	})
}
