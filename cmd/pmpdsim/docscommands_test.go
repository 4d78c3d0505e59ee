package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/sweep"
)

// documented is a command line of the documents.
type documented struct {
	at   string // file:line
	line string // with its continuations, as a shell reads it
	skip string // why it is not run
	slow bool   // it is run with -long
	file bool   // it writes a file first, which has comments of its own
	spec string // of a sweep, in place of a line
}

var (
	marked   = regexp.MustCompile(`^<!-- (not run|long): (.+) -->$`)
	ours     = regexp.MustCompile(`^(\$ )?(bin/)?pmpdsim |^go run \./cmd/pmpdsim |^make `)
	needs    = regexp.MustCompile(` # (?:.*[ ;,])?needs (.+)$`)
	duration = regexp.MustCompile(` # .*\b(\d+ s|minutes?)\b`)
)

// commandsOf returns the command lines of a document: those in fences marked sh, and in the examples of --help.
func commandsOf(t *testing.T, path string) (all []documented) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var fence, before string
	var mark []string // of the fence: not run or long, and why
	var help, examples bool
	lines := strings.Split(string(data), "\n")
	for i := 0; i < len(lines); i++ {
		text, at := strings.TrimSpace(lines[i]), fmt.Sprintf("%s:%d", path, i+1)
		language, isFence := strings.CutPrefix(text, "```")
		switch {
		case isFence && fence == "":
			fence, mark = "```"+language, marked.FindStringSubmatch(before)
		case isFence:
			fence, help, examples = "", false, false
		case fence != "" && text == "NAME:":
			help = true
		case help && strings.HasSuffix(text, ":"):
			examples = text == "EXAMPLES:"
		case fence == "```yaml" && strings.HasPrefix(before, "```"):
			spec := ""
			for at := i; !strings.HasPrefix(lines[at], "```"); at++ {
				spec += lines[at] + "\n"
			}
			if strings.HasPrefix(text, "rules:") {
				const line = "cat > map.yaml <<'END' && pmpdsim run --model llama-3.1-8b --prompt 4 --gen 2 --schedule uniform:4 --precision map.yaml\n"
				all = append(all, documented{at: at, line: line + spec + "END\n", file: true})
				break
			}
			all = append(all, documented{at: at, spec: spec})
		case fence == "```sh" || examples:
			for strings.HasSuffix(text, `\`) {
				i++
				text = strings.TrimSuffix(text, `\`) + strings.TrimSpace(lines[i])
			}
			if text == "" || strings.HasPrefix(text, "#") {
				break
			}
			c := documented{at: at, line: text, slow: duration.MatchString(text) || mark != nil && mark[1] == "long"}
			if mark != nil && mark[1] == "not run" {
				c.skip = mark[2]
			}
			if m := needs.FindStringSubmatch(text); m != nil {
				c.skip = "needs " + m[1]
			}
			all = append(all, c)
		case ours.MatchString(text) && !help && (fence != "" || strings.HasPrefix(lines[i], "    ")):
			t.Errorf("%s: %s stands outside of a fence marked sh: nobody runs it", at, text)
		}
		if text != "" {
			before = text
		}
	}
	return all
}

// TestCommandsOfTheDocs gives every command line of the documents to a shell. Each has to end well, and to write the files that it
// names and no other: a > without quotes makes one. A line that is not run says why, by "# needs a GPU" at its end or by a
// comment before its fence, <!-- not run: why -->. One that says how long it takes, "# 12 s", or whose fence has a comment
// <!-- long: why -->, is run with -long. The numbers of a figure have to be those that are kept (TestFiguresOfTheDocs runs what is long).
func TestCommandsOfTheDocs(t *testing.T) {
	t.Chdir("../..")
	var all []documented
	for _, path := range documentPaths(t) {
		all = append(all, commandsOf(t, path)...)
	}
	if len(all) < 100 {
		t.Errorf("only %d command lines found", len(all))
	}
	if testing.Short() {
		t.Skip("every command is a process")
	}
	scratch := scratchForDocs(t)
	done := map[string]bool{}
	for _, c := range all {
		if c.spec != "" {
			t.Run(c.at, func(t *testing.T) { planDocumented(t, scratch, c.spec) })
			continue
		}
		line := c.line
		if !c.file {
			line, _, _ = strings.Cut(line, " # ")
		}
		line = strings.TrimPrefix(strings.ReplaceAll(line, "go run ./cmd/pmpdsim", "pmpdsim"), "bin/")
		if line = strings.TrimSpace(line); done[line] || c.skip != "" || c.slow && !simtest.Long() {
			continue
		}
		done[line] = true
		t.Run(c.at, func(t *testing.T) {
			runDocumented(t, scratch, line, c.line)
			if m := drawing.FindStringSubmatch(line); m != nil {
				printed, err := os.ReadFile(filepath.Join(scratch, m[3]))
				if err != nil {
					t.Fatal(err)
				}
				compareNumbers(t, m[3], string(printed))
			}
		})
	}
}

// runDocumented runs one line, whose comment may name files, too.
func runDocumented(t *testing.T, scratch, line, commented string) {
	dir := scratch
	if rest, ok := strings.CutPrefix(line, "make "); ok {
		dir, line = ".", "make -n "+rest // what it would do
	}
	before := filesBelow(t, scratch)
	c := exec.Command("sh", "-e", "-c", line)
	c.Dir, c.Env = dir, append(os.Environ(), "HOME="+scratch, "TMPDIR="+scratch)
	var errs bytes.Buffer
	c.Stderr = &errs
	err := c.Run()
	if c.ProcessState != nil {
		t.Logf("%6.1f s of CPU time  %s", (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds(), line)
	}
	if err != nil {
		t.Errorf("%s\n%v: %s", line, err, errs.String())
	}
	for _, path := range filesBelow(t, scratch) {
		if !slices.Contains(before, path) && !names(commented, path) {
			t.Errorf("%s\nwrites %s, which it does not name", line, path)
		}
	}
}

// planDocumented lists the points of a spec.
func planDocumented(t *testing.T, scratch, spec string) {
	path := filepath.Join(scratch, "spec.yaml")
	if err := os.WriteFile(path, []byte(spec), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := sweep.Load(path, sweep.MostPoints)
	if err != nil {
		t.Fatal(err)
	}
	if points, err := s.Points(t.Context(), path, codeVersion()); err != nil || len(points) == 0 {
		t.Errorf("%d points, %v", len(points), err)
	}
}

// names reports whether one of the words of a line is a file, the folder that it is in, or the name that it was made of.
func names(line, path string) bool {
	for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" ='", r) }) {
		word = strings.TrimSuffix(word, "/")
		if strings.Trim(word, "0123456789") != "" && (word == path || strings.HasPrefix(path, word+"/")) {
			return true
		}
	}
	return false
}

func filesBelow(t *testing.T, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			path, err = filepath.Rel(dir, path)
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestCommandsInTheTextOfTheDocs looks at what stands in a sentence, which has words in capitals for what a reader puts there: its
// command and its flags are there, and a shell would take it as it is.
func TestCommandsInTheTextOfTheDocs(t *testing.T) {
	t.Chdir("../..")
	seen := 0
	for _, path := range documentPaths(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("`(pmpdsim [^`]+)`").FindAllStringSubmatch(string(data), -1) {
			line := strings.ReplaceAll(strings.Join(strings.Fields(m[1]), " "), "plot KIND", "plot pareto")
			words := words(t, badInput{at: path, line: line})
			if strings.ContainsAny(regexp.MustCompile(`'[^']*'`).ReplaceAllString(line, ""), "<>|&;*$()") {
				t.Errorf("%s: %s: a shell takes a sign of it as its own", path, line)
			}
			if _, err := reorder(app(nil, nil), words); err != nil {
				t.Errorf("%s: %s: %v", path, line, err)
			}
			seen++
		}
	}
	if seen < 20 {
		t.Errorf("%d commands were found", seen)
	}
}

// documentPaths returns the documents of the project, but for the changelog: what it says of older versions need not hold any more.
func documentPaths(t *testing.T) []string {
	t.Helper()
	paths := []string{"README.md", "CONTRIBUTING.md", "traces/FORMAT.md", "traces/recorded/README.md"}
	for _, pattern := range []string{"docs/*.md", "docs/adr/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, err)
		}
		paths = append(paths, found...)
	}
	return paths
}

// scratchForDocs makes the folder that testdata/docs.txtar describes.
func scratchForDocs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	prelude, err := txtar.ParseFile("cmd/pmpdsim/testdata/docs.txtar")
	traces, err2 := txtar.ParseFile("cmd/pmpdsim/testdata/script/schedule.txtar")
	model := strings.NewReplacer(`"vocab_size":320`, `"vocab_size":800`).Replace(gputest.Config("llama"))
	if err = errors.Join(err, err2, writeModel(filepath.Join(dir, "path/to/model"), model),
		os.CopyFS(filepath.Join(dir, "path/to/model"), os.DirFS("gpu/tokens/testdata/vicuna")), os.CopyFS(filepath.Join(dir, "traces/recorded"),
			os.DirFS("traces/recorded")), os.CopyFS(filepath.Join(dir, "docs/quality"), os.DirFS("docs/quality")), os.Mkdir(filepath.Join(dir, "shapes"), 0o755)); err != nil {
		t.Fatal(err)
	}
	tiny, err := os.ReadFile("cmd/pmpdsim/testdata/tiny.json")
	if err != nil {
		t.Fatal(err)
	}
	weights, err := os.ReadFile("gpu/weights/testdata/words.gguf")
	if err != nil {
		t.Fatal(err)
	}
	files := append(prelude.Files, txtar.File{Name: "some.trace.jsonl.zst", Data: traces.Files[0].Data},
		txtar.File{Name: "path/to/config.json", Data: bytes.Replace(tiny, []byte(`_embeddings":128`), []byte(`_embeddings":2048`), 1)},
		txtar.File{Name: "path/to/model.gguf", Data: weights})
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("sh", "-e", "-c", string(prelude.Comment))
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("testdata/docs.txtar: %v: %s", err, out)
	}
	return dir
}
