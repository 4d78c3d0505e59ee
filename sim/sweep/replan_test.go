package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

const (
	first = "schedules: [\"uniform:4\", fp16]\n" + common
	other = "schedules: [\"uniform:4\", \"uniform:3\"]\n" + common
	grown = "schedules: [\"uniform:4\", fp16, \"uniform:3\"]\n" + common
)

// rewrite gives a spec another text.
func rewrite(t *testing.T, spec, text string) {
	t.Helper()
	if err := os.WriteFile(spec, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Another spec, another input, or another version of the program does not touch what a folder has, unless the user says so.
func TestAnotherPlanIsRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(t *testing.T, o *attempt)
		differs string
	}{
		{"another spec", func(t *testing.T, o *attempt) { rewrite(t, o.spec, other) },
			`line 1 of the spec was "schedules: [\"uniform:4\", fp16]", is "schedules: [\"uniform:4\", \"uniform:3\"]"`},
		{"a spec that has shrunk", func(t *testing.T, o *attempt) { rewrite(t, o.spec, "schedules: fp16\n"+common) },
			`line 1 of the spec was "schedules: [\"uniform:4\", fp16]", is "schedules: fp16"`},
		{"another version", func(_ *testing.T, o *attempt) { o.version = "later" }, "of version test of the program, this is later"},
		{"another version of a spec that has grown", func(t *testing.T, o *attempt) { o.version = "later"; rewrite(t, o.spec, grown) },
			`line 1 of the spec was "schedules: [\"uniform:4\", fp16]", is "schedules: [\"uniform:4\", fp16, \"uniform:3\"]"; ` +
				"of version test of the program, this is later"},
		{"another input", func(t *testing.T, o *attempt) {
			rewrite(t, filepath.Join(filepath.Dir(o.spec), "tiny.json"), strings.Replace(tinyModel, `"vocab_size":256`, `"vocab_size":512`, 1))
		}, "tiny.json has changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := attempt{spec: specIn(t, first), dir: filepath.Join(t.TempDir(), "results"), version: testVersion}
			if err := conduct(t.Context(), o.spec, o.dir, 2); err != nil {
				t.Fatal(err)
			}
			before := tree(t, o.dir)
			c.change(t, &o)
			err := o.run(t.Context(), workers(o.dir, 1, asVersion+"="+o.version), func(Progress) {})
			want := fmt.Sprintf("%s: has 2 of 2 results of another plan (%s); accepted: another directory, or --replan, which keeps them in %s/old/1", o.dir, c.differs, o.dir)
			if err == nil || err.Error() != want {
				t.Errorf("error %v\nwant %s", err, want)
			}
			if diff := cmp.Diff(before, tree(t, o.dir)); diff != "" {
				t.Errorf("the folder has changed:\n%s", diff)
			}
			o.replan = true
			if err := o.run(t.Context(), workers(o.dir, 1, asVersion+"="+o.version), func(Progress) {}); err != nil {
				t.Fatal(err)
			}
			after := tree(t, o.dir)
			for name, text := range before {
				now := after[name]
				if !strings.Contains(name, "/") && strings.Contains(name, ".") && name != folder.Marker {
					now = after[filepath.Join("old/1", name)]
				}
				if !strings.HasPrefix(now, text) {
					t.Errorf("%s is not what it was", name)
				}
			}
		})
	}
}

// Who takes a wrong spec and comes back finds everything as it was, and nothing is simulated again.
func TestPlansBeforeAreKeptWithTheirResults(t *testing.T) {
	o := attempt{spec: specIn(t, first), dir: filepath.Join(t.TempDir(), "results"), version: testVersion, replan: true}
	simulated := func(text string) (n int) {
		t.Helper()
		rewrite(t, o.spec, text)
		if err := o.run(t.Context(), workers(o.dir, 1), func(now Progress) { n = now.Total }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	of := func(parts ...string) string { return read(t, filepath.Join(append([]string{o.dir}, parts...)...)) }
	simulated(first)
	want := of("results.jsonl")
	if n := simulated(other); n != 1 {
		t.Errorf("%d points of the other spec were simulated, want the new one", n)
	}
	if of("old", "1", "results.jsonl") != want || of("old", "1", "spec.yaml") != first {
		t.Error("the results of the first spec are gone")
	}
	if n := simulated(first); n != 0 || of("results.jsonl") != want {
		t.Errorf("%d points of the first spec were simulated again", n)
	}
	s, err := StatusOf(o.dir)
	if err != nil || len(s.Kept) != 2 || s.Done != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, path := range s.Kept {
		if rows, missing, err := rowsOf(t, path); err != nil || missing != 0 || len(rows) != 2 {
			t.Errorf("%s: %d rows, %d missing, %v", path, len(rows), missing, err)
		}
		if npus, err := NPUs(path); err != nil || len(npus) != 1 {
			t.Errorf("%s: NPUs %v, %v", path, npus, err)
		}
	}
	t.Run("a plan that is kept is no folder for a sweep", func(t *testing.T) {
		before := tree(t, o.dir)
		err := conduct(t.Context(), o.spec, s.Kept[0], 1)
		if want := s.Kept[0] + " is what a sweep has kept of a plan before; accepted: another directory"; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		if diff := cmp.Diff(before, tree(t, o.dir)); diff != "" {
			t.Errorf("the folder has changed:\n%s", diff)
		}
	})
}

func TestAFinishedStudyThatGrowsKeepsItsResults(t *testing.T) {
	spec, dir := specIn(t, first), filepath.Join(t.TempDir(), "results")
	if err := conduct(t.Context(), spec, dir, 1); err != nil {
		t.Fatal(err)
	}
	before := read(t, filepath.Join(dir, "results.jsonl"))
	rewrite(t, spec, grown)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := conduct(ctx, spec, dir, 1); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if err := conduct(t.Context(), spec, dir, 1); err != nil {
		t.Fatal(err)
	}
	if read(t, filepath.Join(dir, "old", "1", "results.jsonl")) != before {
		t.Error("the results from before are gone")
	}
	if strings.Count(read(t, filepath.Join(dir, "results.jsonl")), "\n") != 3 {
		t.Error("the results are not those of the grown spec")
	}
	t.Run("one whose spec only reads otherwise keeps them where they are", func(t *testing.T) {
		now := read(t, filepath.Join(dir, "results.jsonl"))
		rewrite(t, spec, "# a comment\n"+grown)
		if err := conduct(t.Context(), spec, dir, 1); err != nil {
			t.Fatal(err)
		}
		if read(t, filepath.Join(dir, "results.jsonl")) != now || files.Exists(filepath.Join(dir, "old", "2")) {
			t.Error("the results have moved")
		}
	})
}

func TestAPlanThatIsDamaged(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(text string) string
		line, why string
	}{
		"a number":          {func(text string) string { return strings.Replace(text, `"prompt_tokens":8`, `"prompt_tokens":9`, 1) }, ":2", "its checksum differs"},
		"nothing is left":   {func(string) string { return "" }, ":1", "it tells no format"},
		"zeros, by a crash": {func(text string) string { return strings.Repeat("\x00", len(text)) }, ":1", "it tells no format"},
	} {
		t.Run(name, func(t *testing.T) { testDamagedPlan(t, c.change, c.line+": the line is not as it was written: "+c.why) })
	}
}

func testDamagedPlan(t *testing.T, change func(string) string, why string) {
	o := attempt{spec: specIn(t, first), dir: filepath.Join(t.TempDir(), "results"), version: testVersion}
	if err := conduct(t.Context(), o.spec, o.dir, 1); err != nil {
		t.Fatal(err)
	}
	plan, rows := filepath.Join(o.dir, "plan.jsonl"), read(t, filepath.Join(o.dir, "results.jsonl"))
	text := change(read(t, plan))
	rewrite(t, plan, text)
	want := plan + why + "; accepted: the plan as pmpdsim sweep wrote it"
	if _, err := StatusOf(o.dir); err == nil || err.Error() != want {
		t.Errorf("status: %v, want %s", err, want)
	}
	if err := conduct(t.Context(), o.spec, o.dir, 1); err == nil || err.Error() != want+", or --replan, which keeps it in "+o.dir+"/old/1" {
		t.Errorf("error %v", err)
	}
	o.replan = true
	if err := o.run(t.Context(), workers(o.dir, 1), func(now Progress) { t.Errorf("simulates again: %+v", now) }); err != nil {
		t.Fatal(err)
	}
	if read(t, filepath.Join(o.dir, "old", "1", "plan.jsonl")) != text || read(t, filepath.Join(o.dir, "results.jsonl")) != rows {
		t.Error("the plan, or the results, are not what they were")
	}
}

// Rows that were changed, and still are JSON, are not believed: their points are simulated again.
func TestRowsThatWereChangedAreSimulatedAgain(t *testing.T) {
	spec := specIn(t, first)
	want := results(t, spec, 1)
	for _, value := range []string{"-1", "0", "null", "1e300", `"fast"`} {
		dir := filepath.Join(t.TempDir(), "results")
		if err := conduct(t.Context(), spec, dir, 1); err != nil {
			t.Fatal(err)
		}
		shard := filepath.Join(dir, "shards", "worker-0.jsonl")
		before, after, _ := strings.Cut(read(t, shard), `"tokens_per_second":`)
		_, after, _ = strings.Cut(after, ",")
		rewrite(t, shard, before+`"tokens_per_second":`+value+","+after)
		if s, err := StatusOf(dir); err != nil || s.Done != 1 || s.Left != 1 || len(s.Notes) != 1 {
			t.Errorf("%s: %+v, %v", value, s, err)
		}
		var said []string
		if err := conductWith(t.Context(), spec, dir, workers(dir, 1), notes(&said)); err != nil {
			t.Fatal(err)
		}
		if got := read(t, filepath.Join(dir, "results.jsonl")); got != want {
			t.Errorf("%s: other results than those of an undisturbed sweep", value)
		}
		if note := shard + ":1: the line is not as it was written: its checksum differs; its point counts as not simulated"; len(said) != 1 || said[0] != note {
			t.Errorf("%s: said %q, want %q", value, said, note)
		}
	}
}

func TestAnInputThatChangesWhileTheSpecIsRead(t *testing.T) {
	spec, dir := specIn(t, first), filepath.Join(t.TempDir(), "results")
	s, err := Load(spec, MostPoints)
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Points(t.Context(), spec, testVersion)
	if err != nil {
		t.Fatal(err)
	}
	rewrite(t, filepath.Join(filepath.Dir(spec), "tiny.json"), strings.Replace(tinyModel, `"vocab_size":256`, `"vocab_size":512`, 1))
	_, err = Create(t.Context(), dir, Order{Spec: s, Name: "study.yaml", Points: all, Version: testVersion})
	if err == nil || err.Error() != "tiny.json changed while the spec was read; accepted: the same command again" {
		t.Errorf("error %v", err)
	}
	if files.Exists(filepath.Join(dir, "plan.jsonl")) {
		t.Error("a plan was written that no worker can follow")
	}
}

// Who keeps nothing but the results of a study does not lose them to the next one.
func TestResultsWithoutAPlan(t *testing.T) {
	o := attempt{spec: specIn(t, first), dir: filepath.Join(t.TempDir(), "results"), version: testVersion}
	if err := conduct(t.Context(), o.spec, o.dir, 1); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plan.jsonl", "spec.yaml", "shards", "inputs"} {
		if err := os.RemoveAll(filepath.Join(o.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	want := read(t, filepath.Join(o.dir, "results.jsonl"))
	rewrite(t, o.spec, other)
	text := o.dir + ": has results.jsonl, and no plan that it is of; accepted: another directory, or --replan, which keeps it in " + o.dir + "/old/1"
	if err := conduct(t.Context(), o.spec, o.dir, 1); err == nil || err.Error() != text {
		t.Errorf("error %v, want %s", err, text)
	}
	if read(t, filepath.Join(o.dir, "results.jsonl")) != want {
		t.Error("the results are gone")
	}
	o.replan = true
	if err := o.run(t.Context(), workers(o.dir, 1), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	if read(t, filepath.Join(o.dir, "old", "1", "results.jsonl")) != want {
		t.Error("the results are gone")
	}
}

// Specs, and the files that they name, may be called what they like.
func TestSpecsAndInputsOfAnyName(t *testing.T) {
	plain := specIn(t, first)
	want := strings.Count(results(t, plain, 1), "\n")
	for i, name := range oddNames() {
		if testing.Short() && i%5 != 0 || !utf8.ValidString(name) || strings.ContainsAny(name, "\x1b\t\n") {
			continue // YAML is UTF-8, and names of models are of printing characters
		}
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			spec := filepath.Join(folder, name+".yaml")
			rewrite(t, spec, strings.Replace(first, "tiny.json", fmt.Sprintf("%q", name+".json"), 1))
			rewrite(t, filepath.Join(folder, name+".json"), tinyModel)
			dir := filepath.Join(t.TempDir(), name)
			for range 2 {
				if err := conduct(t.Context(), spec, dir, 1); err != nil {
					t.Fatal(err)
				}
			}
			if got := strings.Count(read(t, filepath.Join(dir, "results.jsonl")), "\n"); got != want {
				t.Errorf("%d rows, want %d", got, want)
			}
		})
	}
}

// A model that is more than its config.json, here by the format of its weights beside it, goes with the sweep as its shape.
func TestAQuantisedModelGoesWithItsSweep(t *testing.T) {
	spec := specIn(t, strings.Replace(strings.Replace(first, "tiny.json", "quantised", 1), "fp16", "file", 1))
	folder := filepath.Join(filepath.Dir(spec), "quantised")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	rewrite(t, filepath.Join(folder, "config.json"), tinyModel)
	rewrite(t, filepath.Join(folder, "quantize_config.json"), `{"bits": 4, "group_size": 32, "sym": true}`)
	dir := t.TempDir()
	for range 2 {
		if err := conduct(t.Context(), spec, dir, 1); err != nil {
			t.Fatal(err)
		}
	}
	if copies, err := filepath.Glob(filepath.Join(dir, "inputs", "*", "quantised.shape.json")); err != nil || len(copies) != 1 {
		t.Errorf("copies: %v, %v", copies, err)
	}
	if rows := read(t, filepath.Join(dir, "results.jsonl")); !strings.Contains(rows, `"model":"quantised"`) || !strings.Contains(rows, `"schedule":"file"`) {
		t.Errorf("%s", rows)
	}
}
