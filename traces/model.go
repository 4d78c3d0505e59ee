package traces

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// ShapeOf returns what a header says about a model.
func ShapeOf(m *workloads.Model) Shape {
	s := Shape{
		Name: m.Name, Family: string(m.Family), Layers: m.Layers, Hidden: m.Hidden, FFN: m.FFN, Heads: m.Heads,
		KVHeads: m.KVHeads, HeadDim: m.HeadDim, RotaryDim: m.RotaryDim, Vocab: m.Vocab, MaxPositions: m.MaxPositions,
		Norm: string(m.Norm), Activation: string(m.Activation), GatedMLP: m.GatedMLP, Parallel: m.Parallel,
		BlockNorms: m.BlockNorms, QKNorm: m.QKNorm, QKVBias: m.QKVBias, OBias: m.OBias, MLPBias: m.MLPBias,
		HeadBias: m.HeadBias, Tied: m.Tied, Softcap: m.Softcap, Experts: expertsOf(m.Experts), Latent: latentOf(m.Latent),
		LayerPattern: m.LayerPattern, LearnedPositions: some(m.LearnedPositions), Chunked: m.Chunked, ALiBi: m.ALiBi, NormsBehind: m.NormsBehind,
		QKNormKind: m.QKNormKind, SubNorms: m.SubNorms, EmbedNorm: m.EmbedNorm, TextOf: m.TextOf,
	}
	if m.Window > 0 {
		s.Window, s.WindowEvery, s.WindowFrom = some(m.Window), some(m.WindowEvery), some(m.WindowFrom)
	}
	return s
}

// some returns n as an optional field that is absent for 0.
func some(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// orZero is the inverse of some.
func orZero(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// Model returns the model that ran: the preset of that name, or else a model built from the header's shape. A preset's
// name on another shape is an error, since results would carry the name of a model that did not run.
func (t *Trace) Model() (*workloads.Model, error) {
	s := t.Header.Model
	for _, preset := range workloads.Models() {
		if preset.Name != s.Name {
			continue
		}
		if key, is, want := difference(s, ShapeOf(preset)); key != "" {
			return nil, fmt.Errorf("%s: header: model.%s: %s is not the shape of the preset %s; accepted: %s, or another model.name",
				t.Name, key, is, s.Name, want)
		}
		return preset, nil
	}
	m := s.model()
	m.Source = "header of " + t.Name
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("%s: header: model %s: %w", t.Name, s.Name, err)
	}
	return m, nil
}

// model is the inverse of ShapeOf.
func (s *Shape) model() *workloads.Model {
	return &workloads.Model{
		Name: s.Name, Family: workloads.Family(s.Family), Layers: s.Layers, Hidden: s.Hidden, FFN: s.FFN, Heads: s.Heads,
		KVHeads: s.KVHeads, HeadDim: s.HeadDim, RotaryDim: s.RotaryDim, Vocab: s.Vocab, MaxPositions: s.MaxPositions,
		Norm: workloads.Norm(s.Norm), Activation: workloads.Activation(s.Activation), GatedMLP: s.GatedMLP, Parallel: s.Parallel,
		BlockNorms: s.BlockNorms, QKNorm: s.QKNorm, QKVBias: s.QKVBias, OBias: s.OBias, MLPBias: s.MLPBias,
		HeadBias: s.HeadBias, Tied: s.Tied, Softcap: s.Softcap, PaperHigh: 4, PaperLow: 3,
		Window: orZero(s.Window), WindowEvery: orZero(s.WindowEvery), WindowFrom: orZero(s.WindowFrom),
		Experts: s.Experts.model(), Latent: s.Latent.model(),
		LayerPattern: s.LayerPattern, LearnedPositions: orZero(s.LearnedPositions), Chunked: s.Chunked, ALiBi: s.ALiBi, NormsBehind: s.NormsBehind,
		QKNormKind: s.QKNormKind, SubNorms: s.SubNorms, EmbedNorm: s.EmbedNorm, TextOf: s.TextOf,
	}
}

// difference returns the first key in which two shapes differ, and its two values. Hashes and extensions say which
// weights ran, not what they cost, and are left out.
func difference(a, b Shape) (key, is, want string) {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	for _, f := range newBinder().of(va.Type()) {
		if f.rule == "sha256" {
			continue
		}
		x, y := show(va.Field(f.at)), show(vb.Field(f.at))
		if x != y {
			return f.name, x, y
		}
	}
	return "", "", ""
}

// show writes a value, or that it is absent.
func show(v reflect.Value) string {
	if v.Kind() != reflect.Pointer {
		return fmt.Sprint(v.Interface())
	}
	if v.IsNil() {
		return "(absent)"
	}
	if v.Elem().Kind() == reflect.Struct {
		text, err := json.Marshal(v.Interface())
		if err != nil {
			panic("traces: " + err.Error())
		}
		return string(text)
	}
	return fmt.Sprint(v.Elem().Interface())
}
