package folder

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// planned makes the folder of a sweep of points with these fingerprints.
func planned(t *testing.T, dir, format string, names ...string) {
	t.Helper()
	var points []Planned
	for _, name := range names {
		points = append(points, Planned{Row: Row{Fingerprint: name}})
	}
	plan := NewPlan(Plan{}, points)
	plan.Format = format
	data, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "plan.jsonl", string(data))
	write(t, dir, Marker, MarkerText)
}

func open(t *testing.T, dir string) *Folder {
	t.Helper()
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTheBestLineOfAPointCounts(t *testing.T) {
	good := seal(t, &Line{Fingerprint: "a", Result: []byte("{}")})
	failed := seal(t, &Line{Fingerprint: "a", Error: "too large"})
	crashed := seal(t, &Line{Fingerprint: "a", Error: "workers died", Crashed: true})
	for _, c := range []struct{ name, shards, want string }{
		{"a result after a crash", crashed + good, ""},
		{"a result before a crash", good + crashed, ""},
		{"a reason after a crash", crashed + failed, "too large"},
		{"a reason before a crash", failed + crashed, "too large"},
		{"a crash alone", crashed, "workers died"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			planned(t, dir, Format, "a", "b")
			write(t, dir, "shards/w.jsonl", c.shards)
			f := open(t, dir)
			done, err := f.Done()
			if m, there := done["a"]; err != nil || !there || m.Error != c.want {
				t.Errorf("%+v, %v; want the error %q", done, err, c.want)
			}
			for failed, want := range map[bool]int{false: 1, true: 2} {
				if c.want == "" {
					want = 1
				}
				if left, err := f.Left(failed); err != nil || len(left) != want {
					t.Errorf("left with failed %v: %v, %v", failed, left, err)
				}
			}
		})
	}
}

func TestLinesThatAreNotBelieved(t *testing.T) {
	line := seal(t, &Line{Fingerprint: "a", Error: "x"})
	for _, c := range []struct {
		name, text string
		rows       int
		notes      string // without the path
	}{
		{"a changed text", strings.Replace(line, `"x"`, `"y"`, 1), 0, ":1: the line is not as it was written: its checksum differs; its point counts as not simulated"},
		{"no checksum", `{"fingerprint":"a","error":"x"}` + "\n", 0, ":1: the line is not as it was written: it has no checksum; its point counts as not simulated"},
		{"no checksum, of another plan", `{"fingerprint":"z","error":"x"}` + "\n" + line, 1, ""},
		{"rubbish before a line", "rubbish\n" + line, 1, ":1: the line is no row of this program: "},
		{"half a line, and another behind it", line[:20] + line, 0, ":1: the line is not as it was written: its checksum differs"},
		{"an empty line", "\n" + line, 1, ""},
		{"a line that is being written", line + line[:20], 1, ""},
		{"Windows' line ends", strings.Replace(line, "\n", "\r\n", 1), 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			planned(t, dir, Format, "a")
			write(t, dir, "shards/w.jsonl", c.text)
			f := open(t, dir)
			done, err := f.Done()
			if err != nil || len(done) != c.rows {
				t.Errorf("%d rows, %v; want %d", len(done), err, c.rows)
			}
			notes := strings.Join(f.Notes(), "\n")
			if c.notes == "" && notes != "" || c.notes != "" && !strings.HasPrefix(notes, filepath.Join(dir, "shards/w.jsonl")+c.notes) {
				t.Errorf("notes %q, want %q", notes, c.notes)
			}
		})
	}
}

// Folders of version 0.1.0 have no checksums: what is impossible is not believed.
func TestLinesOfVersion010(t *testing.T) {
	const good = `{"fingerprint":"a","result":{"npu":"n","model":"m","schedule":"fp16","batch":1,"prompt_tokens":8,"generated_tokens":4,"prefill_seconds":1,` +
		`"decode_seconds":3,"tokens_per_second":1,"ttft_seconds":1,"tpot_seconds":1,"energy_joules":1,"energy_joules_per_token":1,"cycles":9}}` + "\n"
	lines := map[string]int{good: 1, `{"fingerprint":"a","error":"too large"}` + "\n": 1, `{"fingerprint":"a"}` + "\n": 0, `{"fingerprint":"a","result":null}` + "\n": 0}
	for _, value := range []string{"-1", "0", "null", `"1"`} {
		lines[strings.Replace(good, `"tokens_per_second":1`, `"tokens_per_second":`+value, 1)] = 0
		lines[strings.Replace(good, `"cycles":9`, `"cycles":`+value, 1)] = 0
	}
	for text, want := range lines {
		dir := t.TempDir()
		planned(t, dir, FormatV0, "a")
		write(t, dir, "shards/w.jsonl", text)
		f := open(t, dir)
		if done, err := f.Done(); err != nil || len(done) != want || len(f.Damaged) != 1-want {
			t.Errorf("%d rows, %v, %v; want %d of\n%s", len(done), f.Damaged, err, want, text)
		}
	}
}

func TestThePlanBeforeIsReadWithTheRowsOfItsFolder(t *testing.T) {
	dir := t.TempDir()
	planned(t, dir, Format, "b")
	planned(t, filepath.Join(dir, "old/1"), Format, "a")
	if err := os.Remove(filepath.Join(dir, "old/1", Marker)); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "shards/w.jsonl", seal(t, &Line{Fingerprint: "a", Error: "x"}))
	f := open(t, dir)
	if kept := f.Kept(); len(kept) != 1 || kept[0] != filepath.Join(dir, "old", "1") || f.NextKept() != 2 {
		t.Fatalf("kept %v, next %d", kept, f.NextKept())
	}
	if done, err := open(t, f.Kept()[0]).Done(); err != nil || len(done) != 1 {
		t.Errorf("%d rows, %v", len(done), err)
	}
	t.Run("somewhere else it has none", func(t *testing.T) {
		other := filepath.Join(t.TempDir(), "old", "1")
		planned(t, other, Format, "a")
		if Has(other) {
			t.Error("is taken for a folder with rows")
		}
	})
}
