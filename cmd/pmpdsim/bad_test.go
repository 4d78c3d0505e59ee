package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// badInput is a command line that is refused, and what is said of it.
type badInput struct {
	at     string
	line   string // as it stands in the table: "pmpdsim run --prompt x"
	status int
	said   string
}

// TestBadInputsAreRefusedWithTheseTexts runs the tables in testdata/bad. A table is an archive of files and, in its comment, of lines:
//
//	# what follows
//	% truncate -s 9 a.json                a shell prepares files
//	$ pmpdsim run --prompt many           what is refused, with status 2
//	$3 pmpdsim gpu info                   with another one
//	pmpdsim: run: --prompt many: …        what it says, up to an empty line or the next $
//
// -update writes what is said: read it. Commands run in this process, in a folder with the models that scripts have.
func TestBadInputsAreRefusedWithTheseTexts(t *testing.T) {
	simtest.OneGoroutine(t)
	tables, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(tables) == 0 {
		t.Fatal(tables, err)
	}
	var all []badInput
	for _, table := range tables {
		t.Run(filepath.Base(table), func(t *testing.T) { all = append(all, refused(t, table)...) })
	}
	t.Run("there are many, and each says what is accepted, in the user's terms", func(t *testing.T) {
		if len(all) < 250 {
			t.Errorf("%d bad inputs, want 250", len(all))
		}
		for _, b := range all {
			if what := notForUsers(b.said); what != "" {
				t.Errorf("%s: %s\n%s\nhas %s", b.at, b.line, b.said, what)
			}
		}
	})
	t.Run("every flag and every argument of every command is in it", func(t *testing.T) {
		leaves(app(nil, nil).Commands, nil, func(c *cli.Command, path []string) {
			command := strings.Join(path, " ")
			of := func(b badInput) bool { return strings.HasPrefix(b.line+" ", "pmpdsim "+command+" ") }
			if !slices.ContainsFunc(all, of) {
				t.Errorf("no bad input of %s", command)
			}
			for _, f := range c.Flags {
				flag := regexp.MustCompile(regexp.QuoteMeta(" "+dashes(f.Names()[0])) + `[ =]`)
				d, ok := f.(cli.DocGenerationFlag)
				if ok && d.TakesValue() && !slices.ContainsFunc(all, func(b badInput) bool { return of(b) && flag.MatchString(b.line+" ") }) {
					t.Errorf("no bad value of %s --%s", command, f.Names()[0])
				}
			}
		})
	})
}

// notForUsers returns what a text should not have: names of Go, texts of its packages, more than one message.
func notForUsers(text string) string {
	if !strings.HasPrefix(text, "pmpdsim: ") {
		return "no name of the program in front"
	}
	if !strings.Contains(text, "accepted: ") && !strings.HasPrefix(text, "pmpdsim: no GPU: ") { // which says what to do
		return "nothing that is accepted"
	}
	return ofGo.FindString(text)
}

var ofGo = regexp.MustCompile(`internal error|panic|goroutine|runtime error|runtime/|strconv|(?:^| )json: |cannot unmarshal|interface ?\{|invalid syntax|(?:^| )yaml: |\bEOF\b|` +
	`unexpected end of JSON|map\[|\[\]string|\bint64\b|\bint\b|\bfloat64\b|\bstruct\b|<nil>|%!|0x[0-9a-f]{6}|\*os\.|PathError|Errno|zstd: |sql|urfave|` +
	`invalid character|looking for beginning|top-level value|value of type|Go value|reflect|errno|flag provided|slice bounds|proto:|bad magic`)

// refused runs a table, or writes it anew.
func refused(t *testing.T, table string) (all []badInput) {
	archive, err := txtar.ParseFile(table)
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := workspace(dir); err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	var written strings.Builder
	lines := strings.Split(strings.TrimRight(string(archive.Comment), "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		fmt.Fprintln(&written, lines[i])
		if rest, ok := strings.CutPrefix(lines[i], "% "); ok {
			if out, err := exec.Command("sh", "-e", "-c", rest).CombinedOutput(); err != nil {
				t.Fatalf("%s:%d: %v: %s", table, i+1, err, out)
			}
			continue
		}
		m := regexp.MustCompile(`^\$(\d*) (pmpdsim\b.*)`).FindStringSubmatch(lines[i])
		if m == nil {
			continue
		}
		b := badInput{at: fmt.Sprintf("%s:%d", table, i+1), line: m[2], status: exitUsage}
		if m[1] != "" {
			b.status, _ = strconv.Atoi(m[1])
		}
		var want []string
		for i+1 < len(lines) && lines[i+1] != "" && !strings.HasPrefix(lines[i+1], "$") {
			i++
			want = append(want, lines[i])
		}
		out, errs, code := pmpdsim(t, words(t, b)[1:]...)
		b.said = strings.TrimRight(errs, "\n")
		fmt.Fprintln(&written, b.said)
		if code != b.status || out != "" {
			t.Errorf("%s: %s\nexit status %d, want %d, and the output %q", b.at, b.line, code, b.status, out)
		}
		if b.said != strings.Join(want, "\n") && !simtest.Update() {
			t.Errorf("%s: %s\ngot  %s\nwant %s", b.at, b.line, b.said, strings.Join(want, "\n"))
		}
		all = append(all, b)
	}
	t.Chdir(home)
	if simtest.Update() {
		archive.Comment = []byte(written.String())
		if err := os.WriteFile(table, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// words splits a line as a shell does that knows quotes of three kinds and nothing else.
func words(t *testing.T, b badInput) (all []string) {
	t.Helper()
	word := regexp.MustCompile(`^\s*((?:\$'(?:\\.|[^'\\])*'|'[^']*'|"[^"]*"|[^\s'"])+)`)
	part := regexp.MustCompile(`\$'(?:\\.|[^'\\])*'|'[^']*'|"[^"]*"|[^\s'"]`)
	for rest := b.line; strings.TrimSpace(rest) != ""; {
		m := word.FindStringSubmatch(rest)
		if m == nil {
			t.Fatalf("%s: %s: cannot be split", b.at, b.line)
		}
		all = append(all, part.ReplaceAllStringFunc(m[1], func(s string) string {
			switch {
			case strings.HasPrefix(s, "$'"):
				text, err := strconv.Unquote(`"` + strings.ReplaceAll(s[2:len(s)-1], `"`, `\"`) + `"`)
				if err != nil {
					t.Fatalf("%s: %s: %v", b.at, s, err)
				}
				return text
			case s[0] == '\'' || s[0] == '"':
				return s[1 : len(s)-1]
			}
			return s
		}))
		rest = rest[len(m[0]):]
	}
	return all
}
