package tiny_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/tokens"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
	"github.com/pmpdsim/pmpdsim/workloads/tiny"
)

// trained is what train.py wrote of its run.
type trained struct {
	Files        int
	HeldOutFiles int     `json:"held_out_files"`
	Corpus       string  `json:"corpus_sha256"`
	Parameters   int64   `json:"parameters"`
	Minutes      float64 `json:"minutes"`
	Bits         float64 `json:"bits_per_byte"`
	Order5       float64 `json:"order5_bits_per_byte"`
	Bytes        int     `json:"held_out_bytes"`
}

func readTrained(t *testing.T) (said trained) {
	t.Helper()
	if err := json.Unmarshal(readDisk(t, "train.json"), &said); err != nil {
		t.Fatal(err)
	}
	return said
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(tiny.Files(), name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestItIsALanguageModel: a tenth below a model that counts the five bytes before each, on files that neither has read, after what
// two CPU cores do in an hour and a half.
func TestItIsALanguageModel(t *testing.T) {
	if said := readTrained(t); !(said.Bits > 0 && said.Bits < 0.9*said.Order5 && said.Minutes <= 90) {
		t.Errorf("%.3f bits a byte after %.0f minutes, %.3f of order 5", said.Bits, said.Minutes, said.Order5)
	}
}

// TestFilesAreWhole reads everything by its reader.
func TestFilesAreWhole(t *testing.T) {
	m, err := weights.Load(workloads.TinyModel)
	if err != nil {
		t.Fatal(err)
	}
	s, err := weights.OpenFS(tiny.Files(), m)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Ends(); err != nil {
		t.Error(err)
	}
	for layer := range m.Layers {
		if _, err := s.Block(layer); err != nil {
			t.Error(err)
		}
	}
	if n := m.Params().Total; n != readTrained(t).Parameters || n != workloads.Tiny().Params().Total {
		t.Errorf("%d parameters, train.json says %+v", n, readTrained(t))
	}
	tok, err := tokens.OpenFS(tiny.Files())
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat(string(read(t, "heldout.txt"))[:2000], 2)
	ids, err := tok.Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := tok.Decode(ids); back != text || err != nil || len(ids) > len(text)/2 || slices.Max(ids) >= m.Vocab {
		t.Errorf("%d bytes are %d tokens, which say %d bytes: %v", len(text), len(ids), len(back), err)
	}
}

// TestSensitivities: one for each weight that is quantised, in the order of model.safetensors' shapes, the largest of a tensor
// 57,344.
func TestSensitivities(t *testing.T) {
	f, err := safetensors.OpenFS(tiny.Files(), "sensitivity.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	m, err := weights.Load(workloads.TinyModel)
	if err != nil {
		t.Fatal(err)
	}
	shapes := map[string][]int{}
	for _, w := range m.Tensors() {
		if strings.HasSuffix(w.Name, "_proj.weight") {
			shapes[w.Name] = w.Shape
		}
	}
	for _, s := range f.Tensors {
		values, err := s.Values()
		if err != nil || !slices.Equal(s.Shape, shapes[s.Name]) || slices.Min(values) < 0 || slices.Max(values) != 57344 {
			t.Errorf("%s %v: %v; accepted: the shape %v, 0 to 57344", s.Name, s.Shape, err, shapes[s.Name])
		}
		delete(shapes, s.Name)
	}
	if len(shapes) > 0 {
		t.Errorf("no sensitivities of %v", shapes)
	}
}

// TestTheFolderIsSmall: 10 MB, for it is in every copy of the program and of the repository.
func TestTheFolderIsSmall(t *testing.T) {
	size := int64(0)
	err := fs.WalkDir(os.DirFS("."), ".", func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			info, err := d.Info()
			if err != nil {
				return err
			}
			size += info.Size()
		}
		return err
	})
	const most = 10_000_000
	if err != nil || size > most {
		t.Errorf("%d bytes, %v; accepted: up to %d", size, err, most)
	}
}

// TestTheCarriedTextIsTheFiles: heldout.txt, for whoever names it on a command line, and its packed copy, which the program carries.
func TestTheCarriedTextIsTheFiles(t *testing.T) {
	file, err := os.ReadFile("heldout.txt")
	if err != nil {
		t.Fatal(err)
	}
	carried, err := fs.ReadFile(tiny.Files(), "heldout.txt")
	if err != nil {
		t.Fatal(err)
	}
	if string(file) != string(carried) {
		t.Error("heldout.txt.gz is not heldout.txt: gzip -9nc heldout.txt >heldout.txt.gz")
	}
}
