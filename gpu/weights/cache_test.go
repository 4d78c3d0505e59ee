package weights_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

// throughCache reads the blocks of a model with a cache, and returns what was noted.
func throughCache(t *testing.T, dir string, q weights.Quantiser) (all []*weights.Block, notes []string) {
	t.Helper()
	s := opened(t, "testdata/gguf/llama")
	var err error
	q.Cache, err = weights.OpenCache(dir, func(text string) { notes = append(notes, strings.ReplaceAll(text, dir, "DIR")) })
	if err != nil {
		t.Fatal(err)
	}
	if err := weights.QuantiseBy(s, q); err != nil {
		t.Fatal(err)
	}
	for layer := range s.Model().Layers {
		all = append(all, block(t, s, layer))
	}
	return all, notes
}

// kept are the files of a cache by name.
func kept(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(path)] = data
	}
	return all
}

func TestCacheYieldsWhatTheQuantiserDoes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "when needed")
	s := sensitivities(t, magnitudes(t, "testdata/gguf/llama/model.safetensors", nil))
	files := 0
	for _, q := range []weights.Quantiser{{}, {Seed: 2}, {Seed: 3}, {Sensitivities: s}, {Seed: 3, Sensitivities: s}} {
		plain := opened(t, "testdata/gguf/llama")
		if err := weights.QuantiseBy(plain, q); err != nil {
			t.Fatal(err)
		}
		for time := range 2 {
			got, notes := throughCache(t, dir, q)
			for layer, b := range got {
				if !reflect.DeepEqual(b, block(t, plain, layer)) {
					t.Errorf("%+v, time %d: layer %d differs", q, time, layer)
				}
			}
			if len(notes) > 0 {
				t.Error(notes)
			}
		}
		switch now := len(kept(t, dir)); {
		case q.Seed == 2 && now != files:
			t.Errorf("%d files, and %d before: a seed of 2 bits is the one that is taken where none is asked for", now, files)
		case q.Seed != 2 && now != files+8:
			t.Errorf("%d files, and %d before; want 4 matrices of 2 layers more", now, files)
		default:
			files = now
		}
	}
}

// The second reading takes the planes from the files: changed ones, under their checksums, would show.
func TestCacheIsReadNotMadeAgain(t *testing.T) {
	dir := t.TempDir()
	throughCache(t, dir, weights.Quantiser{})
	before := map[string]os.FileInfo{}
	for name := range kept(t, dir) {
		before[name], _ = os.Stat(filepath.Join(dir, name))
	}
	throughCache(t, dir, weights.Quantiser{})
	for name, info := range before {
		if now, err := os.Stat(filepath.Join(dir, name)); err != nil || !os.SameFile(info, now) {
			t.Errorf("%s was written again (%v)", name, err)
		}
	}
}

func TestCacheOfDamagedFiles(t *testing.T) {
	dir := t.TempDir()
	want, _ := throughCache(t, dir, weights.Quantiser{})
	whole := kept(t, dir)
	for name, damage := range map[string]func(data []byte) []byte{
		"cut":     func(d []byte) []byte { return d[:len(d)-1] },
		"longer":  func(d []byte) []byte { return append(d, 0) },
		"empty":   func([]byte) []byte { return nil },
		"planes":  func(d []byte) []byte { d[40] ^= 4; return d },
		"table":   func(d []byte) []byte { d[len(d)-40] ^= 1; return d },
		"sum":     func(d []byte) []byte { d[len(d)-1] ^= 1; return d },
		"another": func(d []byte) []byte { d[0] ^= 1; return d },
	} {
		for file, data := range whole {
			if err := os.WriteFile(filepath.Join(dir, file), damage(append([]byte{}, data...)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, notes := throughCache(t, dir, weights.Quantiser{})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: other planes", name)
		}
		if len(notes) != len(whole) || !strings.HasPrefix(notes[0], "DIR/") || !strings.HasSuffix(notes[0], ".planes: not as it was written; L0.qkv is quantised anew") {
			t.Errorf("%s: %d notes %q", name, len(notes), notes)
		}
		if now := kept(t, dir); !reflect.DeepEqual(now, whole) {
			t.Errorf("%s: the files were not made whole", name)
		}
	}
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := weights.OpenCache(file, nil); err == nil || err.Error() != file+": is a file; accepted: a directory, which is made if it is not there" {
		t.Errorf("got %v", err)
	}
	if _, err := weights.OpenCache(filepath.Join(file, "below"), nil); err == nil || !strings.HasSuffix(err.Error(), "accepted: a directory, which is made if it is not there") {
		t.Errorf("got %v", err)
	}
	dir := t.TempDir()
	want, _ := throughCache(t, dir, weights.Quantiser{})
	for name := range kept(t, dir) { // directories stand where files should
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	got, notes := throughCache(t, dir, weights.Quantiser{})
	if !reflect.DeepEqual(got, want) {
		t.Error("other planes")
	}
	written := 0
	for _, n := range notes {
		if strings.HasSuffix(n, "; planes are kept no longer") {
			written++
		}
	}
	if written != 1 {
		t.Errorf("noted %d times that nothing is kept: %q", written, notes)
	}
}

func TestCacheOfSeveralProcesses(t *testing.T) {
	dir := t.TempDir()
	want, _ := throughCache(t, t.TempDir(), weights.Quantiser{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 3 {
				if got, notes := throughCache(t, dir, weights.Quantiser{}); !reflect.DeepEqual(got, want) || len(notes) > 0 {
					t.Errorf("other planes, or %q", notes)
				}
			}
		})
	}
	group.Wait()
	if n := len(kept(t, dir)); n != 8 {
		t.Errorf("%d files, want 8", n)
	}
}
