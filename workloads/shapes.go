package workloads

import (
	"embed"
	"strings"
)

// Shapes are models that measured devices have run and that are no presets: their config.json holds what shapes need,
// written from memory; a few were checked against the memory that vendors' tables give. They load by name, count as
// what they say, and stand in no list of presets, because nothing published has been compared with them
// (docs/validation.md).

//go:embed shapes/*.json
var shapeFiles embed.FS // read only

// shapeSource is what Model.Source says of them.
const shapeSource = "shape from memory, for comparisons with measured devices (docs/validation.md)"

// Shapes returns the names of the embedded shapes, sorted.
func Shapes() []string {
	entries, err := shapeFiles.ReadDir("shapes")
	if err != nil {
		panic("workloads: embedded shapes: " + err.Error())
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".json"))
	}
	return names
}

// loadShape returns the embedded shape of that name.
func loadShape(name string) (*Model, *Config) {
	file := "shapes/" + name + ".json"
	data, err := shapeFiles.ReadFile(file)
	if err != nil {
		panic("workloads: embedded " + err.Error())
	}
	m, err := ParseConfig(name, file, data)
	if err != nil {
		panic("workloads: embedded " + err.Error())
	}
	m.Source = shapeSource
	return m, &Config{File: file, Data: data, Preset: true}
}
