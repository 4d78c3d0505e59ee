package config

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
)

//go:embed presets/*.yaml
var presets embed.FS

// Names returns the names of the presets: the imagined machines, then the measured devices.
func Names() []string { return slices.Concat(Imagined(), Devices()) }

// Imagined returns the presets of machines of a class, from the smallest to the largest, the paper's last. Nobody has
// built them.
func Imagined() []string {
	return []string{"edge-lpddr4x", "edge-lpddr5", "laptop-lpddr5x", "card-hbm3", "pmpd-paper"}
}

// Devices returns the presets of devices that can be bought, whose decoding others have measured (docs/validation.md).
func Devices() []string {
	return []string{"rk3588", "rk3576", "ax650n", "bm1684x", "sd-8-gen-3", "sd-8-elite", "sd-x-elite", "amd-kraken-xdna2",
		"lunar-lake-npu4", "orin-nano-super", "m1-max-ane", "a100-80gb"}
}

// Preset returns the preset of that name.
func Preset(name string) (*Config, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("NPU preset %s", strict.NotKnown(name, Names()))
	}
	file := "presets/" + name + ".yaml"
	data, err := presets.ReadFile(file)
	if err != nil {
		panic("config: preset " + name + " is named but has no file: " + err.Error())
	}
	c, err := parseFile(file, data, nil)
	if err != nil {
		panic("config: a preset is wrong: " + err.Error())
	}
	return c, nil
}

// Presets returns the presets of those names.
func Presets(names []string) []*Config {
	var all []*Config
	for _, name := range names {
		c, err := Preset(name)
		if err != nil {
			panic("config: " + err.Error())
		}
		all = append(all, c)
	}
	return all
}

// Load returns the preset of that name, or the NPU that a YAML file describes as changes to a preset. The name of a preset
// wins over a file of the same name; write ./name for the file.
//
// A DRAM part that the file names is looked for beside it.
func Load(nameOrPath string) (*Config, error) { return LoadWith(nameOrPath, besides(nameOrPath)) }

// LoadWith is Load with another place for parts.
func LoadWith(nameOrPath string, parts Parts) (*Config, error) {
	if slices.Contains(Names(), nameOrPath) {
		return Preset(nameOrPath)
	}
	data, err := files.Read(nameOrPath, files.NPU)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("NPU %s", strict.NotKnown(nameOrPath, Names(), "or the path of a YAML file"))
	}
	if err != nil {
		return nil, err
	}
	return parseFile(nameOrPath, data, parts)
}

// Parse returns the NPU of the text of a file for Load, or of the JSON of a Config. The name is for errors, and for an NPU
// that changes a preset without a name of its own. It reads no files: a DRAM part has to be in the text.
func Parse(name string, data []byte) (*Config, error) {
	if err := files.NPU.Fits(name, len(data)); err != nil {
		return nil, err
	}
	return parseFile(name, data, nil)
}

// parseFile returns the Config that data describes: changes to its base, or every key where it names no base.
func parseFile(file string, data []byte, parts Parts) (*Config, error) {
	r := newReader(file)
	top := r.Document(data, "one mapping of keys such as base, array, dram")
	if top == nil {
		return nil, r.Err()
	}
	c := new(Config)
	base, based := r.base(top)
	var preset *Config
	if base != "" {
		var err error
		if preset, err = Preset(base); err != nil {
			panic("config: " + err.Error())
		}
		*c = *preset
		c.Name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	was := *c
	r.mapping(top, c, c.root(), "")
	if base == "" {
		r.missing(c, based)
	}
	given := func(path string) bool { _, given := r.written[path]; return given }
	r.part(&c.DRAM, parts)
	c.DRAM.follow(was.DRAM, given)
	c.Runtime.follow(was.Runtime, given)
	c.resolve()
	r.problems(c, base)
	if err := r.Err(); err != nil {
		return nil, err
	}
	if base != "" {
		c.tell(preset, given)
	}
	return c, nil
}

// missing reports the keys that a file without a base does not give and has to. With a base that is not known, they are
// known to be somewhere else: then it only marks them.
func (r *reader) missing(c *Config, based bool) {
	var absent []string
	for _, l := range c.leaves() {
		if r.written[l.path] == (strict.Place{}) && !l.spared {
			absent = append(absent, l.path)
			r.failed[l.path] = true
		}
	}
	if len(absent) > 0 && !based {
		r.Add(strict.Place{}, "base", fmt.Sprintf("the file names no base and does not give %s; accepted: base with one of %s, or every key",
			strings.Join(absent, ", "), strict.List(Names())))
	}
}

// follow derives the values that were those of the standard and its channels anew, unless they are given.
func (d *DRAM) follow(was DRAM, given func(path string) bool) {
	if was.Mapping == defaultMapping(was) && !given("dram.mapping") {
		d.Mapping = ""
	}
	if d.Standard != was.Standard || d.Part != was.Part { // density and changed timings are those of the standard
		if !given("dram.density") {
			d.Density = 0
		}
		for i, name := range spec.TimingNames() {
			if !given("dram.timing." + name) {
				d.Timing[i] = 0
			}
		}
	}
	if most := d.most(); d.Capacity > most && most > 0 && !given("dram.capacity") {
		d.Capacity = most
	}
}

// resolve writes out what the empty text stands for.
func (c *Config) resolve() {
	if c.DRAM.Mapping == "" {
		c.DRAM.Mapping = defaultMapping(c.DRAM)
	}
}

// YAML writes c as a file that Load reads back to the same Config.
func (c *Config) YAML() ([]byte, error) {
	data, err := yaml.Dump(c)
	if err != nil {
		return nil, fmt.Errorf("writing NPU %q as YAML: %w", c.Name, err)
	}
	return data, nil
}

// Fingerprint returns a hash of every field: equal fingerprints mean the same machine, with the texts of what it was made of.
func (c *Config) Fingerprint() string {
	data, err := json.Marshal(c.origin()) // fields in the order of the struct, quantities exact: one text per Config
	if err != nil {
		panic("config: fingerprint: " + err.Error())
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}
