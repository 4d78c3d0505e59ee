package workloads

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// quantised is what a quantization_config says.
type quantised struct {
	method    string
	format    formats.Format // of the matrices of blocks
	head      bool           // lm_head has it, too
	embedding bool           // and the embedding
	parts     []modulePart   // what is said of modules: the first that matches counts
	only      []modules      // the modules that have the format at all; empty: all
	unread    string         // why formats are not known
}

// modulePart is a format of some modules.
type modulePart struct {
	modules
	format formats.Format
}

// skip gives modules fp16.
func (q *quantised) skip(names []string) {
	for _, m := range moduleList(names) {
		q.parts = append(q.parts, modulePart{modules: m})
	}
}

// at is the format of a matrix.
func (q *quantised) at(layer int, matrix string) formats.Format {
	for _, p := range q.parts {
		if p.modules(layer, matrix) {
			return p.format
		}
	}
	switch {
	case matrix == formats.Head && layer == formats.Outside && !q.head, matrix == formats.Embedding && layer == formats.Outside && !q.embedding:
		return formats.Format{}
	case len(q.only) > 0 && !slices.ContainsFunc(q.only, func(m modules) bool { return m(layer, matrix) }):
		return formats.Format{}
	}
	return q.format
}

// mostMatches bounds the comparisons of patterns with layers.
const mostMatches = 1 << 20

// stored reads the format of a quantised model's weights; nil: the file says nothing of one. What is not modelled leaves the
// model's shape usable.
func (f *fields) stored(m *Model) *formats.Stored {
	key := ""
	// MLX's key comes first: its files may have that of the model they were made from, too.
	for _, k := range []string{"quantization", "quantization_config", "compression_config"} {
		if key == "" && f.has(k) {
			key = k
		}
	}
	if key == "" || f.err != nil {
		return nil
	}
	inner := f.object(key)
	inner.file = f.file + ": " + key
	stored := inner.storedOf(m)
	if f.err == nil {
		f.err = inner.err
	}
	return stored
}

// storedOf reads an object.
func (f *fields) storedOf(m *Model) *formats.Stored {
	q := f.quantised()
	if n := len(q.parts) + len(q.only); n*m.Layers > mostMatches {
		f.fail("modules", "%d are named; accepted: at most %d of a model of %d layers", n, mostMatches/m.Layers, m.Layers)
	}
	if f.err != nil {
		return nil
	}
	if q.unread != "" {
		return &formats.Stored{Method: q.method, Unread: q.unread}
	}
	return formats.Collect(q.method, m.Layers, m.quantisable, q.at)
}

// storedBeside reads the format of a model from the file beside config.json in which old checkpoints have it.
func (m *Model) storedBeside(config string) error {
	for _, old := range []struct{ name, method string }{{"quantize_config.json", "gptq"}, {"quant_config.json", "awq"},
		{"hf_quant_config.json", "modelopt"}} {
		file := filepath.Join(filepath.Dir(config), old.name)
		if filepath.Base(config) != "config.json" || !files.Exists(file) {
			continue
		}
		data, err := files.Read(file, files.ModelConfig)
		if err != nil {
			return err
		}
		f := readFields(file, data)
		if f.has("quantization") { // modelopt's
			inner := f.object("quantization")
			inner.take(f)
			f = inner
		}
		if !f.has("quant_method") && f.err == nil {
			f.raw["quant_method"], _ = json.Marshal(old.method) // a string
		}
		m.Stored = f.storedOf(m)
		return f.err
	}
	return nil
}

// quantisable are the names of a layer's matrices whose width a schedule or a file sets.
func (m *Model) quantisable(layer int) []string {
	var names []string
	for _, l := range m.Matrices(layer) {
		if !l.Fixed {
			names = append(names, l.Name)
		}
	}
	return names
}

// quantised reads an object by its method.
func (f *fields) quantised() *quantised {
	q := &quantised{method: f.textOr("quant_method", "")}
	if q.method == "" {
		q.method = f.impliedMethod()
	}
	if read := f.method(q.method); read != nil {
		read(q)
	} else {
		q.unread = fmt.Sprintf("quant_method %q is not modelled; accepted: %s", q.method, strings.Join(methodNames(), ", "))
	}
	if q.unread == "" && !q.format.IsFP16() && (q.format.Bits < 2 || q.format.Bits > 8) {
		q.unread = fmt.Sprintf("%s with codes of %d bits is not modelled; accepted: 2 to 8", q.method, q.format.Bits)
	}
	return q
}

// impliedMethod finds the method of an object that does not name it.
func (f *fields) impliedMethod() string {
	switch {
	case f.flagOr("load_in_4bit", false), f.flagOr("load_in_8bit", false):
		return "bitsandbytes"
	case f.has("w_bit"), f.has("q_group_size"):
		return "awq"
	case f.has("desc_act"), f.has("damp_percent"):
		return "gptq"
	case f.has("config_groups"):
		return "compressed-tensors"
	case f.has("bits") && f.has("group_size"):
		return "mlx"
	}
	return "none"
}

// methodNames are the methods of quantisation whose formats are read.
func methodNames() []string {
	return []string{"gptq", "awq", "auto-round", "compressed-tensors", "bitsandbytes", "fp8", "fbgemm_fp8", "hqq", "eetq", "quanto", "torchao", "bitnet",
		"mxfp4", "modelopt", "mlx"}
}

// method returns the reader of a method; nil: there is none.
func (f *fields) method(name string) func(q *quantised) {
	switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
	case "gptq", "gptqmodel", "marlin":
		return f.gptq
	case "auto-round", "intel/auto-round", "autoround":
		return f.autoRound
	case "awq", "auto-awq":
		return f.awq
	case "compressed-tensors", "sparseml":
		return f.compressedTensors
	case "bitsandbytes", "bitsandbytes-4bit", "bitsandbytes-8bit":
		return f.bitsandbytes
	case "fp8", "fbgemm-fp8":
		return f.fp8
	case "hqq":
		return f.hqq
	case "eetq":
		return f.eetq
	case "quanto":
		return f.quanto
	case "torchao":
		return f.torchAO
	case "bitnet":
		return f.bitnet
	case "mxfp4":
		return f.mxfp4
	case "modelopt":
		return f.modelOpt
	case "mlx":
		return f.mlx
	}
	return nil
}

// groupOr reads how many weights share a scale; -1 and 0 are all of a row.
func (f *fields) groupOr(key string, fallback int) int {
	if s := string(f.raw[key]); s == "-1" || s == "0" {
		return 0
	}
	if f.has(key) && f.countOf(key) < 1 {
		f.fail(key, "%s is not usable; accepted: a positive integer, or -1 or 0 for all weights of a row", f.show(key))
	}
	return f.countOr(key, fallback)
}

// bitsOf reads the width of codes from the first of some keys that is there.
func (f *fields) bitsOf(fallback int, keys ...string) unit.Bits {
	for _, k := range keys {
		if f.has(k) {
			return unit.Bits(min(f.countOr(k, fallback), 64))
		}
	}
	return unit.Bits(fallback)
}

// textsOr reads a list of strings; absent and null mean fallback.
func (f *fields) textsOr(key string, fallback ...string) []string {
	if !f.has(key) {
		return fallback
	}
	var texts []string
	if err := json.Unmarshal(f.raw[key], &texts); err != nil {
		f.fail(key, "%s is not usable; accepted: a list of strings", f.show(key))
	}
	return texts
}

// keys returns the keys of an object behind a key, in their order.
func (f *fields) keysOf(key string) []string {
	d := json.NewDecoder(bytes.NewReader(f.raw[key]))
	var keys []string
	if _, err := d.Token(); err != nil {
		return nil
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			return keys
		}
		keys = append(keys, name)
	}
	return keys
}
