package tiny_test

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// release is that of the sources that train.py was run on.
const release = "go1.26.8"

// source is a file that train.py reads, as it reads it.
type source struct{ path, text string }

// corpus reads the library's sources by the rules of train.py.
func corpus(t *testing.T) (all []source) {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := strings.TrimSpace(string(out))
	version, _ := os.ReadFile(filepath.Join(root, "VERSION")) // none: of no release
	if got, _, _ := strings.Cut(string(version), "\n"); got != release {
		t.Skipf("the sources of %s are not here (GOROOT has %q): train.json's hash of them is not checked", release, got)
	}
	var walk func(dir, under string)
	walk = func(dir, under string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !e.IsDir() {
				if text := readSource(t, filepath.Join(dir, e.Name())); text != "" {
					all = append(all, source{path.Join(under, e.Name()), text})
				}
			}
		}
		for _, e := range entries {
			if e.IsDir() && !slices.Contains([]string{"testdata", "vendor", "cmd"}, e.Name()) {
				walk(filepath.Join(dir, e.Name()), path.Join(under, e.Name()))
			}
		}
	}
	walk(filepath.Join(root, "src"), "")
	return all
}

var (
	made      = regexp.MustCompile(`(?m)^// (Code generated|.*DO NOT EDIT)`)
	table     = regexp.MustCompile(`^z(errors|sys|types)`)
	copyright = regexp.MustCompile(`(?s)\A// Copyright .*?\n\n`)
)

// readSource returns the text that train.py takes of a file; "" where it leaves the file out.
func readSource(t *testing.T, file string) string {
	t.Helper()
	name := filepath.Base(file)
	if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || table.MatchString(name) {
		return ""
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	if len(data) > 200_000 || made.MatchString(text) {
		return ""
	}
	if at := copyright.FindStringIndex(text); at != nil {
		text = text[at[1]:]
	}
	if utf8.RuneCountInString(text) <= 400 {
		return ""
	}
	return text
}

// heldOut: one file of forty, by the hash of its path.
func heldOut(path string) bool {
	sum := sha256.Sum256([]byte(path))
	return new(big.Int).Mod(new(big.Int).SetBytes(sum[:]), big.NewInt(40)).Sign() == 0
}

// TestTheCorpusIsTheLibrarys holds what train.json and heldout.txt say of the text against Go's own sources.
func TestTheCorpusIsTheLibrarys(t *testing.T) {
	var parts, held []string
	for _, s := range corpus(t) {
		parts = append(parts, s.path, s.text)
		if heldOut(s.path) {
			held = append(held, s.text)
		}
	}
	said := readTrained(t)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	if got := hex.EncodeToString(sum[:]); got != said.Corpus || len(parts)/2 != said.Files+said.HeldOutFiles || len(held) != said.HeldOutFiles {
		t.Errorf("%d files, %d held out, with the hash %s; train.json says %+v", len(parts)/2, len(held), got, said)
	}
	if got := strings.Join(held, "\n"); got != string(read(t, "heldout.txt")) {
		t.Error("heldout.txt is not the text of the files that are held out")
	}
}

// TestTheScriptIsPython parses train.py where there is a Python, without what it imports.
func TestTheScriptIsPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3: train.py is not parsed")
	}
	const parse = `import ast, sys; ast.parse(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1])`
	if out, err := exec.Command(python, "-c", parse, "train.py").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	for i, line := range strings.Split(string(readDisk(t, "train.py")), "\n") {
		if n := utf8.RuneCountInString(line); n > 120 {
			t.Errorf("train.py:%d: %d columns; accepted: 120", i+1, n)
		}
	}
}

func readDisk(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
