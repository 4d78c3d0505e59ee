package workloads

import _ "embed"

// TinyModel is the name of the model that the program carries with its weights. Package tiny has them; this one knows the shape.
const TinyModel = "tiny"

//go:embed tiny/config.json
var tinyConfig string // read only

// tinySource is what Model.Source says of it.
const tinySource = "trained for pmpdsim on the Go standard library's sources (workloads/tiny)"

// Tiny returns the shape of the model that the program carries.
func Tiny() *Model {
	m, _ := loadTiny()
	return m
}

func loadTiny() (*Model, *Config) {
	c := &Config{File: "tiny/config.json", Data: []byte(tinyConfig), Preset: true}
	m, err := ParseConfig(TinyModel, c.File, c.Data)
	if err != nil {
		panic("workloads: embedded " + err.Error())
	}
	m.Source = tinySource
	return m, c
}
