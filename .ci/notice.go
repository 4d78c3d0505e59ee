// Command notice checks that NOTICE holds the licence of every module that the program carries, with and without the
// build tag cuda; with -write it writes that part of NOTICE anew. Texts that differ only in the names of their holders
// stand there once.
//
//	go run .ci/notice.go [-write]
package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	notice = "NOTICE"
	marker = "==== Licences of what the program carries; written by .ci/notice.go ====\n"
	own    = "github.com/pmpdsim/pmpdsim"
)

// exceptions name the licence files of modules where "all that lie between a package and the root of its module" is not right.
var exceptions = map[string][]string{
	"github.com/golang/freetype": {"LICENSE", "licenses/ftl.txt"}, // one of two may be chosen
	"github.com/ajstarks/svgo":   {"LICENSE-link.txt"},            // the address of the licence is enough
}

var (
	licence = regexp.MustCompile(`(?i)^(licen[sc]e|notice|copying|patents)`)
	holder  = regexp.MustCompile(`(?i)^(copyright ([(]c[)]|©|[0-9])|©)`)
	// title is what stands above the text of some copies of a licence and is missing in others.
	title  = regexp.MustCompile(`(?i)^((the )?(mit|bsd-?[23]-clause|isc) licen[sc]e( [(]mit[)])?|all rights reserved[.]?)?$`)
	spaces = regexp.MustCompile(`\s+`)
)

// group is one text of a licence, and who publishes under it.
type group struct {
	text    string
	modules []string // with their copyright lines
}

func main() {
	if err := run(len(os.Args) > 1 && os.Args[1] == "-write"); err != nil {
		fmt.Fprintln(os.Stderr, "notice:", err)
		os.Exit(1)
	}
}

func run(write bool) error {
	found, err := licences()
	if err != nil {
		return err
	}
	there, err := os.ReadFile(notice)
	if err != nil {
		return err
	}
	head, _, _ := bytes.Cut(there, []byte(marker))
	want := slices.Concat(head, []byte(marker), []byte(render(found)))
	if write {
		return os.WriteFile(notice, want, 0o644)
	}
	if !bytes.Equal(there, want) {
		return fmt.Errorf("%s does not hold the licences of the modules in go.mod: go run .ci/notice.go -write", notice)
	}
	fmt.Printf("%s holds the licences of %d modules\n", notice, len(found))
	return nil
}

// licences returns the texts of every module's licence files, by the module's path and version.
func licences() (map[string][]string, error) {
	std, err := os.ReadFile(filepath.Join(output("go", "env", "GOROOT"), "LICENSE"))
	if err != nil {
		return nil, err
	}
	found := map[string][]string{"Go's runtime and standard library": {string(std)}}
	files := map[string][]string{}
	const format = `{{with .Module}}{{.Path}} {{.Version}}|{{.Dir}}|{{$.Dir}}{{end}}`
	for _, tags := range []string{"", "cuda"} {
		list := exec.Command("go", "list", "-deps", "-tags", tags, "-f", format, "./cmd/pmpdsim")
		list.Env = append(os.Environ(), "CGO_ENABLED=1") // else there is nothing behind the tag
		packages, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("go list -tags %q: %w", tags, err)
		}
		for line := range strings.Lines(string(packages)) {
			part := strings.Split(strings.TrimSpace(line), "|")
			if len(part) == 3 && !strings.HasPrefix(part[0], own+" ") {
				files[part[0]] = append(files[part[0]], filesOf(part[0], part[1], part[2])...)
			}
		}
	}
	for module, paths := range files {
		slices.Sort(paths)
		for _, path := range slices.Compact(paths) {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			found[module] = append(found[module], string(text))
		}
		if len(found[module]) == 0 {
			return nil, fmt.Errorf("%s has no file with a licence", module)
		}
	}
	return found, nil
}

// filesOf returns the licence files between a package's folder and its module's.
func filesOf(module, root, dir string) (paths []string) {
	name, _, _ := strings.Cut(module, " ")
	if special, ok := exceptions[name]; ok {
		for _, file := range special {
			paths = append(paths, filepath.Join(root, file))
		}
		return paths
	}
	for ; strings.HasPrefix(dir, root); dir = filepath.Dir(dir) {
		entries, _ := os.ReadDir(dir) // what is missing has no licence, which is found out
		for _, e := range entries {
			if !e.IsDir() && licence.MatchString(e.Name()) && filepath.Ext(e.Name()) != ".go" {
				paths = append(paths, filepath.Join(dir, e.Name()))
			}
		}
	}
	return paths
}

// render groups modules by their licences' texts, those of most modules first.
func render(found map[string][]string) string {
	groups := map[string]*group{}
	for _, module := range slices.Sorted(maps.Keys(found)) {
		for _, text := range found[module] {
			holders, body := parts(text)
			key := strings.ToLower(spaces.ReplaceAllString(body, " "))
			if groups[key] == nil {
				groups[key] = &group{text: body}
			}
			entry := strings.Join(append([]string{module}, holders...), "\n    ")
			if !slices.Contains(groups[key].modules, entry) {
				groups[key].modules = append(groups[key].modules, entry)
			}
		}
	}
	order := slices.SortedFunc(maps.Values(groups), func(a, b *group) int {
		return cmp.Or(len(b.modules)-len(a.modules), strings.Compare(a.modules[0], b.modules[0]), strings.Compare(a.text, b.text))
	})
	var b strings.Builder
	for _, g := range order {
		lines := strings.Split(g.text, "\n")
		for i := range lines {
			lines[i] = strings.TrimRight("    "+lines[i], " \t\f")
		}
		fmt.Fprintf(&b, "\n----\n\n%s\n\n%s\n", strings.Join(g.modules, "\n"), strings.Join(lines, "\n"))
	}
	return b.String()
}

// parts separates a licence's text from the title and the copyright lines above it.
func parts(text string) (holders []string, body string) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, l := range lines {
		l = strings.TrimSpace(l)
		switch {
		case holder.MatchString(l):
			holders = append(holders, l)
		case strings.EqualFold(l, "Apache License"): // its holders stand in its appendix
			rest := slices.DeleteFunc(lines[i:], func(l string) bool {
				l = strings.TrimSpace(l)
				if holder.MatchString(l) && !strings.Contains(l, "yyyy") {
					holders = append(holders, l)
					return true
				}
				return false
			})
			return holders, strings.TrimRight(strings.Join(rest, "\n"), "\n")
		case !title.MatchString(l):
			return holders, strings.TrimRight(strings.Join(lines[i:], "\n"), "\n")
		}
	}
	return holders, ""
}

func output(command string, args ...string) string {
	out, _ := exec.Command(command, args...).Output() // a folder that is not there is found out
	return strings.TrimSpace(string(out))
}
