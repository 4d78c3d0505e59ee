package folder

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// Inputs are the NPUs and the models of a sweep in full, by the fingerprints that results name: inputs/full.jsonl, a line for
// each, with a checksum.
type Inputs struct {
	NPUs, Models map[string]json.RawMessage
	Text         []byte // of the file
}

// input is a line: an NPU, or a model.
type input struct {
	Config string          `json:"config_fingerprint,omitempty"`
	NPU    json.RawMessage `json:"npu,omitempty"`
	Shape  string          `json:"model_fingerprint,omitempty"`
	Model  json.RawMessage `json:"model,omitempty"`
}

// InputsFile is where the inputs lie in the folder at a path.
func InputsFile(path string) string { return filepath.Join(homeOf(path), "inputs", "full.jsonl") }

// AddNPU adds an NPU, and returns its line.
func (i *Inputs) AddNPU(fingerprint string, npu any) (line []byte, err error) {
	text, err := Encode(npu)
	if err != nil {
		return nil, err
	}
	i.NPUs[fingerprint] = text
	return Seal(input{Config: fingerprint, NPU: text})
}

// AddModel adds a model, and returns its line.
func (i *Inputs) AddModel(fingerprint string, model any) (line []byte, err error) {
	text, err := Encode(model)
	if err != nil {
		return nil, err
	}
	i.Models[fingerprint] = text
	return Seal(input{Shape: fingerprint, Model: text})
}

// ReadInputs reads the inputs of the folder at a path. Folders of version 0.1.0 have none.
func ReadInputs(path string) (Inputs, error) {
	all := Inputs{NPUs: map[string]json.RawMessage{}, Models: map[string]json.RawMessage{}}
	file := InputsFile(path)
	text, err := files.ReadStored(file, files.Plan)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return all, err
	}
	all.Text = text
	for line := range bytes.Lines(text) {
		var x input
		line, sealed, err := Unseal(line)
		if !sealed || err != nil || json.Unmarshal(line, &x) != nil {
			continue // not as it was written: not known, and a sweep writes it again
		}
		if x.Config != "" {
			all.NPUs[x.Config] = x.NPU
		}
		if x.Shape != "" {
			all.Models[x.Shape] = x.Model
		}
	}
	return all, nil
}

// Of are the inputs of a result that goes without; nil where they are not known.
func (i *Inputs) Of(r *result.Result, trace string) *result.Inputs {
	npu, model := i.NPUs[r.Config], i.Models[r.Shape]
	if npu == nil || model == nil {
		return nil
	}
	return &result.Inputs{NPU: npu, Model: model, Trace: trace}
}
