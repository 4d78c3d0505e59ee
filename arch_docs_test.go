package pmpdsim

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// This file follows the recipes of docs/architecture.md. Each has a toy in docs/recipes: an archive whose files are
//
//	new PATH      a file that the recipe adds
//	edit PATH     blocks of lines: "<<<<", old text that stands there once, "====", new text, ">>>>"
//	input PATH    a file for the checks, no part of the change
//	check         lines "$ command" to run in the changed tree, each followed by lines "> text" that it must print
//
// All toys go into one copy of the tree, which is then built and checked. A recipe names, in backticks, exactly the files that
// its toy touches; a word in capitals stands for the new member's name.

const recipesFile = "docs/architecture.md"

// recipe is a section of docs/architecture.md.
type recipe struct {
	title string
	toy   string   // the archive
	names []string // files, as patterns
}

var (
	toyLink     = regexp.MustCompile(`\]\((recipes/[a-z-]+\.txtar)\)`)
	namedFile   = regexp.MustCompile("`([A-Za-z0-9_*./-]+/[A-Za-z0-9_*.-]+\\.[a-z0-9]+)`")
	placeholder = regexp.MustCompile(`[A-Z][A-Z_]+`)
)

// readRecipes returns the sections below "## Recipes" that link a toy.
func readRecipes(text string) ([]recipe, error) {
	_, text, ok := strings.Cut(text, "\n## Recipes\n")
	if !ok {
		return nil, fmt.Errorf("%s: no section Recipes", recipesFile)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	var all []recipe
	for i, section := range strings.Split(text, "\n### ") {
		if i == 0 {
			continue
		}
		title, body, _ := strings.Cut(section, "\n")
		link := toyLink.FindStringSubmatch(body)
		if link == nil {
			return nil, fmt.Errorf("%s: recipe %q links no toy in docs/recipes", recipesFile, title)
		}
		r := recipe{title: title, toy: "docs/" + link[1]}
		for _, m := range namedFile.FindAllStringSubmatch(body, -1) {
			name := m[1]
			if base := path.Base(name); base != "FORMAT.md" {
				name = path.Join(path.Dir(name), placeholder.ReplaceAllString(base, "*"))
			}
			if !slices.Contains(r.names, name) {
				r.names = append(r.names, name)
			}
		}
		all = append(all, r)
	}
	return all, nil
}

// follow applies a toy to a copy of the tree and returns the files that it touches and the commands to check it with.
func follow(dir string, toy *txtar.Archive) (touched []string, checks string, err error) {
	for _, f := range toy.Files {
		what, name, _ := strings.Cut(f.Name, " ")
		at := filepath.Join(dir, filepath.FromSlash(name))
		switch what {
		case "check":
			checks = string(f.Data)
			continue
		case "input":
			if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
				return nil, "", err
			}
			if err := os.WriteFile(at, f.Data, 0o644); err != nil {
				return nil, "", err
			}
			continue
		case "new":
			if _, err := os.Stat(at); err == nil {
				return nil, "", fmt.Errorf("%s exists", name)
			}
			err = os.WriteFile(at, f.Data, 0o644)
		case "edit":
			err = edit(at, string(f.Data))
		default:
			err = fmt.Errorf("%q is neither new, edit nor check", f.Name)
		}
		if err != nil {
			return nil, "", err
		}
		touched = append(touched, name)
	}
	return touched, checks, nil
}

// edit replaces text in a file.
func edit(at, blocks string) error {
	data, err := os.ReadFile(at)
	if err != nil {
		return err
	}
	text := string(data)
	for _, b := range strings.Split(blocks, "<<<<\n")[1:] {
		was, rest, ok := strings.Cut(b, "\n====\n")
		is, _, closed := strings.Cut(rest, "\n>>>>")
		if !ok || !closed {
			return fmt.Errorf("%s: a block without ==== and >>>>", at)
		}
		if n := strings.Count(text, was); n != 1 {
			return fmt.Errorf("%s: stands there %d times, want once:\n%s", at, n, was)
		}
		text = strings.Replace(text, was, is, 1)
	}
	return os.WriteFile(at, []byte(text), 0o644)
}

// copyTree copies what is needed to build and test, not what was built.
func copyTree(to string) error {
	files := os.DirFS(".")
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name == ".git" || name == "bin" || name == "build" || name == "docs/figures" {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, info.Mode())
	})
}

// TestRecipes follows every recipe of docs/architecture.md.
func TestRecipes(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: builds a changed copy of the whole program")
	}
	text, err := os.ReadFile(recipesFile)
	if err != nil {
		t.Fatal(err)
	}
	recipes, err := readRecipes(string(text))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := copyTree(dir); err != nil {
		t.Fatal(err)
	}
	checks := map[string]string{}
	for _, r := range recipes {
		toy, err := txtar.ParseFile(r.toy)
		if err != nil {
			t.Fatal(err)
		}
		touched, check, err := follow(dir, toy)
		if err != nil {
			t.Fatalf("%s: %v", r.toy, err)
		}
		if check == "" {
			t.Errorf("%s checks nothing", r.toy)
		}
		checks[r.title] = check
		for _, f := range touched {
			if !slices.ContainsFunc(r.names, func(p string) bool { ok, _ := path.Match(p, f); return ok }) {
				t.Errorf("%s: the toy touches %s, which the recipe %q does not name", r.toy, f, r.title)
			}
		}
		for _, p := range r.names {
			if !slices.ContainsFunc(touched, func(f string) bool { ok, _ := path.Match(p, f); return ok }) {
				t.Errorf("%s: the recipe %q names %s, which the toy does not touch", r.toy, r.title, p)
			}
		}
	}
	program := filepath.Join(dir, "bin", "pmpdsim")
	run(t, dir, "go", "build", "-o", program, "./cmd/pmpdsim")
	for _, r := range recipes {
		t.Run(r.title, func(t *testing.T) { runChecks(t, dir, program, checks[r.title]) })
	}
}

// runChecks runs the commands of a toy.
func runChecks(t *testing.T, dir, program, checks string) {
	var printed string
	for line := range strings.Lines(checks) {
		line = strings.TrimSpace(line)
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			words := strings.Fields(command)
			if words[0] == "pmpdsim" {
				words[0] = program
			}
			printed = run(t, dir, words[0], words[1:]...)
		} else if want, ok := strings.CutPrefix(line, "> "); ok && !strings.Contains(printed, want) {
			t.Errorf("%q is not in\n%s", want, printed)
		}
	}
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestDocumentedNamesExist: every package stands in docs/architecture.md, and a name there such as `replay.Prepare` is declared in a
// package of that name.
func TestDocumentedNamesExist(t *testing.T) {
	text, err := os.ReadFile(recipesFile)
	if err != nil {
		t.Fatal(err)
	}
	all, err := read(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]bool{}
	for _, s := range all.files {
		for name := range s.ast.Scope.Objects {
			declared[path.Base(s.pkg)+"."+name] = true
		}
	}
	e, err := parsePolicy(policy)
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range e {
		if !strings.HasSuffix(pkg, "test") && !strings.Contains(string(text), "`"+pkg+"`") {
			t.Errorf("%s: nothing says what %s is", recipesFile, pkg)
		}
	}
	for _, m := range regexp.MustCompile("`([a-z]+\\.[A-Z][A-Za-z]*)`").FindAllStringSubmatch(string(text), -1) {
		if !declared[m[1]] {
			t.Errorf("%s: %s is declared nowhere", recipesFile, m[1])
		}
	}
}
