package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

var redraw = flag.Bool("figures", false, "run the commands of the figures in docs/*.md that TestCommandsOfTheDocs leaves out: minutes")

// drawing is a command of the documents that makes a figure and the numbers in it.
var drawing = regexp.MustCompile(`(?m)^pmpdsim (.*) -o (docs/figures/\S+\.png) > (docs/figures/\S+\.csv)$`)

// running is a command of the documents that makes results for figures.
var running = regexp.MustCompile(`(?m)^pmpdsim ((?:run|quality) .*) (-o|--per-pass) (build/\S+\.jsonl)$`)

// notes are what a command may say beside what it prints.
var notes = regexp.MustCompile(`(?m)^pmpdsim: note: .*\n`)

// TestFiguresOfTheDocs checks that every figure of docs/*.md has a command beside it that made it. The numbers beside each figure have
// to be what its command prints: TestCommandsOfTheDocs looks at those that take seconds, this test with -figures at the others.
// -update draws all anew.
func TestFiguresOfTheDocs(t *testing.T) {
	t.Chdir("../..")
	text := strings.ReplaceAll(documents(t), "\\\n", " ")
	commands := drawing.FindAllStringSubmatch(text, -1)
	slow := longFigures(t)

	t.Run("each file has a command, and each command its files", func(t *testing.T) {
		var made []string
		for _, m := range commands {
			made = append(made, m[2], m[3])
		}
		there, err := filepath.Glob("docs/figures/*")
		there = slices.DeleteFunc(there, func(path string) bool {
			return strings.HasPrefix(filepath.Base(path), "report-") // screenshots
		})
		slices.Sort(made)
		if err != nil || len(there) == 0 || !slices.Equal(there, made) {
			t.Errorf("docs/figures holds %v (%v), the commands make %v", there, err, made)
		}
	})
	for _, m := range commands {
		command, picture := strings.Fields(m[1])[0], m[2]
		t.Run(picture+" says how it was made", func(t *testing.T) {
			drawn, err := os.ReadFile(picture)
			if err != nil || !bytes.Contains(drawn, []byte("tEXtComment\x00pmpdsim "+command+" ")) ||
				!bytes.Contains(drawn, []byte(picture)) {
				t.Errorf("its comment is not the command that makes it (%v)", err)
			}
			if len(drawn) > 150_000 {
				t.Errorf("%d bytes", len(drawn))
			}
		})
	}
	t.Run("the numbers beside each are what its command prints", func(t *testing.T) {
		if !*redraw && !simtest.Update() {
			t.Skip("minutes: only with -figures")
		}
		if simtest.Update() {
			makeResults(t, text)
		}
		ran := 0
		for _, m := range commands {
			if !simtest.Update() && !slow[m[3]] {
				continue
			}
			ran++
			t.Run(m[3], func(t *testing.T) { checkNumbers(t, strings.Fields(m[1]), m[2], m[3]) })
		}
		if ran == 0 {
			t.Error("no figure's command was run")
		}
	})
}

// makeResults runs the commands whose results figures show.
func makeResults(t *testing.T, text string) {
	t.Helper()
	for _, m := range running.FindAllStringSubmatch(text, -1) {
		if err := os.MkdirAll(filepath.Dir(m[3]), 0o755); err != nil {
			t.Fatal(err)
		}
		args := append(strings.Fields(m[1]), m[2], m[3])
		if _, errs, code := pmpdsim(t, args...); code != exitOK {
			t.Fatalf("%v: exit code %d, %s", args, code, errs)
		}
	}
}

// longFigures are the numbers of the figures whose commands TestCommandsOfTheDocs does not run.
func longFigures(t *testing.T) map[string]bool {
	t.Helper()
	long := map[string]bool{}
	for _, path := range documentPaths(t) {
		for _, c := range commandsOf(t, path) {
			if m := drawing.FindStringSubmatch(c.line); m != nil && c.slow {
				long[m[3]] = true
			}
		}
	}
	return long
}

// documents returns the text of docs/*.md.
func documents(t *testing.T) string {
	t.Helper()
	paths, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, path := range paths {
		more, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(more)
	}
	return text.String()
}

// checkNumbers runs the command of a figure and compares what it prints with the numbers beside the picture.
func checkNumbers(t *testing.T, args []string, picture, numbers string) {
	t.Helper()
	if simtest.Update() {
		args = append(args, "-o", picture)
	}
	out, errs, code := pmpdsim(t, args...)
	if code != exitOK || notes.ReplaceAllString(errs, "") != "" {
		t.Fatalf("%v: exit code %d, %s", args, code, errs)
	}
	if simtest.Update() {
		if err := os.WriteFile(numbers, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	compareNumbers(t, numbers, out)
}

// compareNumbers compares what the command of a figure has printed with the numbers that are kept beside the figure.
func compareNumbers(t *testing.T, numbers, printed string) {
	t.Helper()
	if want, err := os.ReadFile(numbers); err != nil || string(want) != printed {
		t.Errorf("%s is stale (%v): go test ./cmd/pmpdsim -run FiguresOfTheDocs -update", numbers, err)
	}
}
