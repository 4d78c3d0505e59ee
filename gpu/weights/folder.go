package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/workloads/gguf"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
	"github.com/pmpdsim/pmpdsim/workloads/torch"
)

// The files of a folder, by the names that transformers gives them.
const (
	configFile = "config.json"
	singleFile = "model.safetensors"
	indexFile  = "model.safetensors.index.json"

	pickledFile  = "pytorch_model.bin"
	pickledIndex = "pytorch_model.bin.index.json"
)

// folder is a Source that reads a Hugging Face folder. Only the tensors asked for are read.
type folder struct {
	model   *Model
	files   []part // in the order of their names
	tensors map[string]*safetensors.Tensor
	called  map[string]string // what the checkpoint calls them
	sum     func() (string, error)

	quantiser Quantiser
}

var _ Source = (*folder)(nil)

// part is an open file of a checkpoint.
type part struct {
	path string
	sum  func() (string, error)
	io.Closer
}

// Open reads a GGUF file, or a folder with config.json and model.safetensors, or shards of it with model.safetensors.index.json. Names,
// types and shapes of all tensors are checked against config.json; values are when their block is asked for. They
// become binary16, where those too small for it become 0 and those too large are an error.
func Open(dir string) (Source, error) {
	if gguf.Is(dir) {
		return openGGUF(dir)
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = errors.New("not a folder")
	}
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	if err != nil {
		return nil, fmt.Errorf("weights in %q: %w; accepted: a folder with %s and %s, or %s and its shards", dir, err, configFile,
			singleFile, indexFile)
	}
	m, err := Load(filepath.Join(dir, configFile))
	if err != nil {
		return nil, err
	}
	f := &folder{model: m, tensors: map[string]*safetensors.Tensor{}}
	f.sum = sync.OnceValues(f.hash)
	if err = f.open(dir); err == nil {
		err = f.check(dir)
	}
	if err != nil {
		_ = f.Close() // what is wrong is in err
		return nil, err
	}
	return f, nil
}

// OpenFS reads the weights of a model from model.safetensors among files that lie in no folder, such as the program carries.
func OpenFS(in fs.FS, m *Model) (Source, error) {
	f := &folder{model: m, tensors: map[string]*safetensors.Tensor{}}
	f.sum = sync.OnceValues(f.hash)
	opened, err := safetensors.OpenFS(in, singleFile)
	if err != nil {
		return nil, err
	}
	f.files = append(f.files, part{singleFile, opened.SHA256, opened})
	for _, t := range opened.Tensors {
		f.tensors[t.Name] = t
	}
	if err := f.check(m.Name); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// open opens the files, a single one before shards as transformers does.
func (f *folder) open(dir string) error {
	for _, names := range []struct{ single, index string }{{singleFile, indexFile}, {pickledFile, pickledIndex}} {
		single, index := filepath.Join(dir, names.single), filepath.Join(dir, names.index)
		if exists(single) {
			return f.add(single)
		}
		if exists(index) {
			return f.shards(dir, index)
		}
	}
	return fmt.Errorf("%s: has no weights; accepted: %s, or %s and its shards, or the same as %s", dir, singleFile, indexFile, pickledFile)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// shards opens the files that the index names, and checks that each tensor is where the index says.
func (f *folder) shards(dir, index string) error {
	data, err := files.Read(index, files.Index)
	if err != nil {
		return err
	}
	var content struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := files.ExactKeys(data, &content); err != nil {
		return fmt.Errorf("%s: %w; accepted: the index that was saved with these shards", index, err)
	}
	if err := json.Unmarshal(data, &content); err != nil || len(content.Map) == 0 {
		return fmt.Errorf("%s: not an index; accepted: an object whose weight_map says the file of each tensor", index)
	}
	for _, name := range slices.Compact(slices.Sorted(maps.Values(content.Map))) {
		path := filepath.Join(dir, name)
		if kind := filepath.Ext(strings.TrimSuffix(index, ".index.json")); filepath.Base(name) != name || filepath.Ext(name) != kind {
			return fmt.Errorf("%s: %q is not the name of a shard; accepted: a %s file beside the index", index, name, kind)
		}
		if !exists(path) {
			return fmt.Errorf("%s: names %s, which is not in the folder; accepted: all shards", index, name)
		}
		if err := f.add(path); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(content.Map)) {
		if t, ok := f.tensors[name]; !ok || filepath.Base(t.File) != content.Map[name] {
			return fmt.Errorf("%s: says that %q is in %s, where it is not; accepted: the index that was saved with these shards", index,
				name, content.Map[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.tensors)) {
		if _, ok := content.Map[name]; !ok {
			return fmt.Errorf("%s: does not name %q, which is in %s; accepted: the index that was saved with these shards", index, name,
				filepath.Base(f.tensors[name].File))
		}
	}
	return nil
}

// add opens a file.
func (f *folder) add(path string) error {
	tensors, err := f.read(path)
	if err != nil {
		return err
	}
	for _, t := range tensors {
		if first, twice := f.tensors[t.Name]; twice {
			return fmt.Errorf("%s: tensor %q is also in %s; accepted: each once", path, t.Name, first.File)
		}
		f.tensors[t.Name] = t
	}
	return nil
}

// read opens a file by its kind, and lists its tensors.
func (f *folder) read(path string) ([]*safetensors.Tensor, error) {
	if filepath.Ext(path) == ".bin" {
		opened, err := torch.Open(path)
		if err != nil {
			return nil, err
		}
		f.files = append(f.files, part{path, opened.SHA256, opened})
		return opened.Tensors, nil
	}
	opened, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	f.files = append(f.files, part{path, opened.SHA256, opened})
	return opened.Tensors, nil
}

// check compares the tensors with what config.json asks for.
func (f *folder) check(dir string) error {
	f.adopt()
	wanted, err := f.packed(f.model.Tensors())
	if err != nil {
		return err
	}
	for _, want := range wanted {
		t, ok := f.tensors[want.Name]
		if !ok {
			return fmt.Errorf("%s: tensor %q is missing; %s asks for it, of shape %v", dir, want.Name, configFile, want.Shape)
		}
		if !slices.Equal(t.Shape, want.Shape) {
			return t.Errorf("has the shape %v; accepted: %v, by %s", t.Shape, want.Shape, configFile)
		}
		if planes := t.Type == safetensors.I32 && strings.HasSuffix(t.Name, ".qweight"); !planes {
			if err := t.CheckFloats(); err != nil {
				return err
			}
		}
	}
	known := map[string]bool{f.model.names().head + ".weight": f.model.Tied} // some save what is tied; it is the embedding all the same
	for _, want := range wanted {
		known[want.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(f.tensors)) {
		if !known[name] && !follows(name) {
			return f.tensors[name].Errorf("has no place in a %s model as %s describes it; accepted: its weights only", f.model.Family,
				configFile)
		}
	}
	return nil
}

func (f *folder) Model() *Model           { return f.model }
func (f *folder) SHA256() (string, error) { return f.sum() }

// hash is that of the file, or of what sha256sum says of the shards.
func (f *folder) hash() (string, error) {
	sums := make([]string, len(f.files))
	err := split(len(f.files), 1, func(from, to int) (err error) {
		for i := from; i < to && err == nil; i++ {
			sums[i], err = f.files[i].sum()
		}
		return err
	})
	if err != nil {
		return "", err
	}
	switch len(sums) {
	case 0:
		return "", nil // closed before anyone asked
	case 1:
		return sums[0], nil
	}
	var lines strings.Builder
	for i, file := range f.files {
		fmt.Fprintf(&lines, "%s  %s\n", sums[i], filepath.Base(file.path))
	}
	sum := sha256.Sum256([]byte(lines.String()))
	return hex.EncodeToString(sum[:]), nil
}

// Close closes the files.
func (f *folder) Close() error {
	var errs []error
	for _, file := range f.files {
		errs = append(errs, file.Close())
	}
	f.files, f.tensors = nil, nil
	return errors.Join(errs...)
}

// Ends reads embedding, final norm and head.
func (f *folder) Ends() (*Ends, error) {
	m, names := f.model, f.model.names()
	r := &reader{folder: f}
	e := &Ends{
		Embedding: r.values(names.embedding + ".weight"),
		Norm:      r.norm(names.norm, m.wide("final_norm")),
		Head:      Matrix{Name: "lm_head", Out: m.Vocab, In: m.Hidden},
	}
	if m.LearnedPositions > 0 {
		e.Positions = r.values(names.positions + ".weight")
	}
	if m.EmbedNorm {
		e.EmbedNorm = r.norm(names.embedNorm, m.wide("embed_norm"))
	}
	e.Head.Half = e.Embedding
	if !m.Tied {
		e.Head.Half = r.values(names.head + ".weight")
	}
	if m.HeadBias {
		e.Head.Bias = r.values(names.head + ".bias")
	}
	if r.err != nil {
		return nil, r.err
	}
	return e, nil
}

// Block reads one layer and quantises it.
func (f *folder) Block(layer int) (*Block, error) {
	m := f.model
	if layer < 0 || layer >= m.Layers {
		return nil, fmt.Errorf("layer %d; accepted: 0 to %d", layer, m.Layers-1)
	}
	names := m.names().at(layer)
	r := &reader{folder: f}
	b := &Block{Norms: map[string]Norm{}}
	for _, s := range m.Norms(layer) {
		b.Norms[s.Operator] = r.norm(names.parts[s.Operator], s)
	}
	for _, s := range m.shapes(layer) {
		for i, to := range b.to(&s) {
			*to = Matrix{Name: s.called(layer, i), Out: s.out, In: s.in}
			pieces := m.pieces(names, &s, i)
			if !s.fixed && r.unpack(to, pieces) {
				if r.err != nil {
					return nil, r.err
				}
				continue
			}
			r.matrix(to, pieces, i)
			if r.err != nil {
				return nil, r.err
			}
			if s.fixed {
				continue
			}
			if err := f.quantise(to, pieces, i); err != nil {
				return nil, fmt.Errorf("%s: %w", to.Name, err)
			}
		}
	}
	b.correct(m)
	return b, nil
}
