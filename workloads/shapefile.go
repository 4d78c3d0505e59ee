package workloads

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/workloads/gguf"
)

// shapeSuffix ends the name of a file that holds a Shape, as results carry it in inputs.model.
const shapeSuffix = ".shape.json"

// loadShapeFile reads such a file. Its model has the name that stands in it.
func loadShapeFile(path string) (*Model, *Config, error) {
	data, err := files.Read(path, files.ModelConfig)
	if err != nil {
		return nil, nil, err
	}
	m, err := ParseShape(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w; accepted: the shape of a model as results carry it (inputs.model)", path, err)
	}
	m.Source, m.PaperHigh, m.PaperLow = path, 4, 3
	return m, &Config{File: path, Data: data}, nil
}

// Portable returns one small file that says the same of a model as a path does, and the name that this file has to have: its
// config.json, or where other files say something, too (GGUF, formats beside config.json), its shape.
func Portable(path string) (data []byte, name string, err error) {
	m, c, err := LoadConfig(path)
	if err != nil {
		return nil, "", err
	}
	plain, err := ParseConfig(m.Name, c.File, c.Data)
	if err == nil && !gguf.Is(c.File) && plain.Fingerprint() == m.Fingerprint() {
		return c.Data, "config.json", nil
	}
	data, err = json.Marshal(m.Shape())
	return data, strings.TrimSuffix(m.Name, ".json") + shapeSuffix, err
}
