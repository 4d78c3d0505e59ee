package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/gguf"
	"github.com/pmpdsim/pmpdsim/workloads/tiny"
)

// open opens the weights.
func (e *engine) open() (err error) {
	where := e.weights
	if info, err := os.Stat(e.from); where == "" && e.from == workloads.TinyModel {
		where = workloads.TinyModel
	} else if where == "" && err == nil {
		if where = e.from; !info.IsDir() && !gguf.Is(where) {
			where = filepath.Dir(where)
		}
	}
	switch where {
	case "":
		return fmt.Errorf("--weights is missing: %s is a preset, which has shapes only; accepted: random, a folder with safetensors, or --model tiny, which has its own", e.from)
	case randomWeights:
		e.source, err = weights.Random(e.model, uint64(e.seed))
	default:
		if e.source, err = openWeights(where); err == nil {
			err = e.sameShape()
		} else if m, _ := workloads.Load(where); m != nil && m.Stored != nil && !gguf.Is(where) {
			err = fmt.Errorf("%w; the weights are quantised (%v): record reads a model's folder from before that, or a GGUF file", err, m.Stored)
		}
	}
	if err != nil {
		return flagged("weights", where, err)
	}
	return e.quantise(where)
}

// openWeights opens those of a path, or the program's own.
func openWeights(where string) (weights.Source, error) {
	if where != workloads.TinyModel {
		return weights.Open(where)
	}
	m, err := weights.Load(where)
	if err != nil {
		return nil, internal(err)
	}
	return weights.OpenFS(tiny.Files(), m)
}

// sameShape takes what weights come with, under the name that was asked for, if they are the model's.
func (e *engine) sameShape() error {
	loaded := *e.source.Model()
	named := *loaded.Model
	named.Name, named.Source, named.Published = e.model.Name, e.model.Source, e.model.Published
	named.PaperHigh, named.PaperLow = e.model.PaperHigh, e.model.PaperLow
	named.Stored, named.Values = e.model.Stored, e.model.Values // how a file stores weights is no part of the shape
	if !reflect.DeepEqual(named, *e.model.Model) {
		return fmt.Errorf("the weights are of another shape than %s; accepted: weights of that model, or --weights without --model", e.from)
	}
	loaded.Model = &named
	e.model = &loaded
	return nil
}
