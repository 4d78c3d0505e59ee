package traces

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder makes a folder of two traces with a manifest.
func folder(t *testing.T) (dir string, m *Manifest) {
	t.Helper()
	dir, m = t.TempDir(), new(Manifest)
	for _, name := range []string{"a.trace.jsonl.zst", "b.trace.jsonl.zst"} {
		if err := os.WriteFile(filepath.Join(dir, name), full(t), 0o600); err != nil {
			t.Fatal(err)
		}
		trace, err := ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		m.Add(Recording{Command: "pmpdsim record -o <x>", Tool: trace.Header.Tool, Created: "2026-01-02T03:04:05Z", Model: trace.Header.Model.Name,
			WeightsSHA256: trace.Header.Model.WeightsSHA256, Machine: "CPU", Traces: []Listed{trace.List(name, name[:1])}})
	}
	put(t, dir, m)
	return dir, m
}

func put(t *testing.T, dir string, m *Manifest) {
	t.Helper()
	text, err := m.Encode()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, ManifestName), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAManifestIsWhatTheFolderHas(t *testing.T) {
	dir, m := folder(t)
	if err := CheckFolder(dir); err != nil {
		t.Fatal(err)
	}
	back, err := ReadManifest(dir)
	if err != nil || len(back.Recordings) != 1 || len(back.Recordings[0].Traces) != 2 {
		t.Fatalf("%+v, %v", back, err)
	}
	one, _ := m.Encode()
	two, err := back.Encode()
	if err != nil || !bytes.Equal(one, two) || bytes.Count(one, []byte("\n")) != 9 || !bytes.Contains(one, []byte(`-o <x>`)) {
		t.Errorf("%s\n%s", one, two)
	}
	for name, change := range map[string]func(r *Recording){
		"sha256: ":                      func(r *Recording) { r.Traces[0].SHA256 = strings.Repeat("0", 64) },
		"weights_sha256: ":              func(r *Recording) { r.WeightsSHA256 = strings.Repeat("0", 64) },
		"model: ":                       func(r *Recording) { r.Model = "another" },
		"tool: ":                        func(r *Recording) { r.Tool = "another" },
		"the trace says":                func(r *Recording) { r.Traces[1].Generated++ },
		"the manifest does not list it": func(r *Recording) { r.Traces = r.Traces[:1] },
		"no such file":                  func(r *Recording) { r.Traces[0].File = "c.trace.jsonl" },
	} {
		dir, m := folder(t)
		change(&m.Recordings[0])
		put(t, dir, m)
		if err := CheckFolder(dir); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnotherRecordingTakesItsFilesFromTheFirst(t *testing.T) {
	var m Manifest
	m.Add(Recording{Command: "one", Traces: []Listed{{File: "b"}, {File: "a"}}})
	m.Add(Recording{Command: "two", Traces: []Listed{{File: "b"}}})
	m.Add(Recording{Command: "two", Created: "later", Traces: []Listed{{File: "c"}}})
	if len(m.Recordings) != 2 || len(m.Recordings[0].Traces) != 1 || len(m.Recordings[1].Traces) != 2 || m.Recordings[1].Created != "" {
		t.Errorf("%+v", m)
	}
	if r, l, ok := m.Of("c"); !ok || r.Command != "two" || l.File != "c" {
		t.Errorf("%+v %+v", r, l)
	}
	m.Add(Recording{Command: "three", Traces: []Listed{{File: "a"}}})
	if len(m.Recordings) != 2 || m.Recordings[0].Command != "two" {
		t.Errorf("a recording without traces stays: %+v", m)
	}
}

func TestManifestsAreReadStrictly(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadManifest(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for text, want := range map[string]string{
		"{":                           "not JSON: it ends too early; accepted: ",
		`{"format":"x"}`:              `format: "x" is no manifest of this version; accepted: ` + ManifestFormat,
		`{"format":"x","runs":[]}`:    `the key "runs" is not known; accepted: `,
		`{"format":"x","format":"y"}`: "format: the key stands twice",
		`{"format":"` + ManifestFormat + `","recordings":[{"traces":[{"file":"../a.trace.jsonl"}]}]}`:                       "is listed twice, or is no trace in the folder; accepted: ",
		`{"format":"` + ManifestFormat + `","recordings":[{"traces":[{"file":"a.trace.jsonl"},{"file":"a.trace.jsonl"}]}]}`: "is listed twice, or is no trace in the folder; accepted: ",
	} {
		if err := os.WriteFile(filepath.Join(dir, ManifestName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadManifest(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
