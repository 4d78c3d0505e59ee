package pmpdsim

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// This file has the rules of the architecture, and proves that each of them finds what breaks it; arch_test.go has the policy.

// edges maps a package to what it may import.
type edges map[string][]string

func parsePolicy(text string) (edges, error) {
	e := edges{}
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		pkg, to, ok := strings.Cut(line, ":")
		if _, twice := e[pkg]; !ok || twice {
			return nil, fmt.Errorf("policy line %q", line)
		}
		e[pkg] = strings.Fields(to)
	}
	return e, nil
}

// reach adds everything that from may import, directly or not.
func (e edges) reach(from string, seen map[string]bool) {
	for _, to := range e[from] {
		if !seen[to] {
			seen[to] = true
			e.reach(to, seen)
		}
	}
}

func (e edges) allows(pkg, target string, test bool) bool {
	if slices.Contains(e[pkg], target) || slices.Contains(e[pkg], "*") {
		return true
	}
	if !test {
		return false
	}
	seen := map[string]bool{pkg: true} // an external test imports its own package
	e.reach(pkg, seen)
	e.reach(pkg+"+test", seen)
	return seen[target] || slices.Contains(strings.Fields(inTests), target)
}

// source is one parsed Go file.
type source struct {
	path string
	pkg  string // directory
	test bool
	ast  *ast.File
}

type tree struct {
	fset  *token.FileSet
	files []source
	found []string // violations
}

func (t *tree) report(p token.Pos, format string, args ...any) {
	at := t.fset.Position(p)
	t.found = append(t.found, fmt.Sprintf("%s:%d: %s", at.Filename, at.Line, fmt.Sprintf(format, args...)))
}

// read parses all Go files, whatever their build tags. Nothing is shelled out, so that go test knows which files the
// result depends on and caches rightly.
func read(files fs.FS) (*tree, error) {
	t := &tree{fset: token.NewFileSet()}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() && name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "build" || base == "bin") {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(base) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(t.fset, name, text, 0)
		if err != nil {
			return err
		}
		t.files = append(t.files, source{name, path.Dir(name), strings.HasSuffix(base, "_test.go"), f})
		return nil
	})
	return t, err
}

// check returns all violations of a source tree.
func check(files fs.FS, policy string) ([]string, error) {
	t, err := read(files)
	if err != nil {
		return nil, err
	}
	e, err := parsePolicy(policy)
	if err != nil {
		return nil, err
	}
	t.checkPackages(e)
	for _, s := range t.files {
		t.checkImports(e, s)
		if s.test {
			t.checkFuzz(s)
		} else {
			t.checkCalls(s)
			t.checkWords(s)
		}
	}
	t.checkVariables()
	t.checkUse(e)
	return t.found, nil
}

func (t *tree) checkPackages(e edges) {
	missing := map[string]bool{}
	for pkg, to := range e {
		missing[strings.TrimSuffix(pkg, "+test")] = true
		for _, x := range to {
			if _, ok := e[x]; !ok && modules[x] == "" && x != "*" {
				t.found = append(t.found, fmt.Sprintf("policy: %s may import %s, which is no package and no module", pkg, x))
			}
		}
	}
	unlisted := map[string]bool{}
	for _, s := range t.files {
		delete(missing, s.pkg)
		if _, ok := e[s.pkg]; !ok && s.pkg != "." && !unlisted[s.pkg] {
			unlisted[s.pkg] = true
			t.report(s.ast.Package, "package %s has no line in the policy of arch_test.go", s.pkg)
		}
	}
	for pkg := range missing {
		t.found = append(t.found, "policy: package "+pkg+" does not exist")
	}
}

func (t *tree) checkImports(e edges, s source) {
	for _, i := range s.ast.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue // the parser has checked it
		}
		if p == modules["akita"]+"/sim" && (i.Name == nil || i.Name.Name != "akita") {
			t.report(i.Pos(), "import akita's package as akita")
		}
		target, restricted := target(p)
		if restricted && s.pkg != "." && !e.allows(s.pkg, target, s.test) {
			t.report(i.Pos(), "%s must not import %s", s.pkg, target)
		}
		if model(s.pkg) && s.pkg != drawing && !s.test && (p == "math/rand" || p == "math/rand/v2") {
			t.report(i.Pos(), "the model must not draw random numbers")
		}
	}
}

// checkUse reports each grant that nobody uses: on a line p one that no file of p imports, its tests aside; on a line p+test
// one that no test of p imports; in inTests one that no test imports; in modules one that no file imports.
func (t *tree) checkUse(e edges) {
	granted := maps.Clone(e)
	granted["inTests"] = strings.Fields(inTests)
	granted["modules"] = slices.Collect(maps.Keys(modules))
	used := map[[2]string]bool{} // a line and what it grants
	for _, s := range t.files {
		lines := []string{s.pkg, "modules"}
		if s.test {
			lines = []string{s.pkg + "+test", "modules", "inTests"}
		}
		for _, i := range s.ast.Imports {
			p, _ := strconv.Unquote(i.Path.Value)
			to, _ := target(p)
			for _, line := range lines {
				used[[2]string{line, to}] = true
			}
		}
	}
	for line, to := range granted {
		for _, x := range to {
			if x != "*" && !used[[2]string{line, x}] {
				t.found = append(t.found, fmt.Sprintf("policy: %s grants %s, which nobody uses", line, x))
			}
		}
	}
}

// target returns the policy's name for an import path; the standard library is not restricted.
func target(p string) (name string, restricted bool) {
	if pkg, ok := strings.CutPrefix(p, root); ok {
		return pkg, true
	}
	for name, m := range modules {
		if p == m || strings.HasPrefix(p, m+"/") {
			return name, true
		}
	}
	first, _, _ := strings.Cut(p, "/")
	return p, strings.Contains(first, ".")
}

// drawing is the package that draws random numbers, with fixed seeds, of what was simulated: it bootstraps.
const drawing = "sim/validate/intervals"

func model(pkg string) bool {
	top, _, _ := strings.Cut(pkg, "/")
	return !strings.HasSuffix(pkg, "test") && (top == "npu" || top == "sim" || top == "workloads")
}

// impure are functions whose results differ from run to run. The model is a function of its inputs.
var impure = []string{"time.Now", "time.Since", "time.Until", "os.Getenv", "os.LookupEnv", "os.Environ"}

// fatal are functions that end the process, which only the command may do: others cannot know what is still open.
var fatal = []string{"os.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln", "atexit.Exit"}

// budget is the function within which a fuzz target tries an input, so that one that takes too much fails.
const budget = "simtest.Budget"

// checkFuzz refuses fuzz targets without a budget.
func (t *tree) checkFuzz(s source) {
	for _, d := range s.ast.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(f.Name.Name, "Fuzz") {
			continue
		}
		found := false
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			found = found || ok && types.ExprString(sel) == budget
			return !found
		})
		if !found {
			t.report(f.Pos(), "%s tries inputs without %s", f.Name.Name, budget)
		}
	}
}

// reading are functions that read a file to its end, however large it is, or open one for that. Package files does it up to a limit.
var reading = []string{"os.Open", "os.ReadFile", "io.ReadAll", "ioutil.ReadAll", "ioutil.ReadFile"}

// readsItself are the packages that may read files themselves, and why.
var readsItself = map[string]string{
	"sim/unit/files": "it has the limits",
	"sim/simtest":    "it reads the golden files of tests",
	"gpu/driver":     "it reads what the kernel says of its driver, below /proc",
}

// writing are functions that make, replace or move files, which only writers may call: what a user has must not be lost
// (docs/adr/0019-outputs.md).
var writing = []string{"os.Create", "os.CreateTemp", "os.OpenFile", "os.WriteFile", "os.Rename", "os.Link", "os.Symlink", "os.Truncate",
	"syscall.Open", "syscall.Rename"}

func (t *tree) checkCalls(s source) {
	for _, d := range s.ast.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && model(s.pkg) && f.Recv == nil && f.Name.Name == "init" {
			t.report(f.Pos(), "no init in the model: what a package does must not depend on who else is linked")
		}
	}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		name := types.ExprString(sel)
		if model(s.pkg) && slices.Contains(impure, name) {
			t.report(sel.Pos(), "the model must not call %s", name)
		}
		if slices.Contains(fatal, name) && !strings.HasPrefix(s.pkg, "cmd/") {
			t.report(sel.Pos(), "only the command may call %s", name)
		}
		if slices.Contains(reading, name) && readsItself[s.pkg] == "" {
			t.report(sel.Pos(), "%s reads without a limit: package sim/unit/files reads up to one", name)
		}
		if name == "csv.NewWriter" && s.pkg != "sim/unit/sheet" {
			t.report(sel.Pos(), "only sim/unit/sheet may call csv.NewWriter: a spreadsheet takes some cells as formulas")
		}
		if slices.Contains(writing, name) && !slices.Contains(strings.Fields(writers), s.pkg) {
			t.report(sel.Pos(), "only sim/unit/files may call %s; accepted: files.Claims for what a user names, files.Replace and files.Append for "+
				"files of our own", name)
		}
		if name == "akita.VTimeInSec" && s.pkg != "sim/engine" {
			t.report(sel.Pos(), "simulated seconds stay in sim/engine; components count cycles")
		}
		return true
	})
}

// checkVariables refuses package-level state in the model: variables that are exported (everybody may write them),
// written outside their declaration, or made to be written. Tables that are only read, and errors, stay.
func (t *tree) checkVariables() {
	packages := map[string][]*ast.File{}
	for _, s := range t.files {
		if model(s.pkg) && !s.test {
			packages[s.pkg] = append(packages[s.pkg], s.ast)
		}
	}
	for pkg, files := range packages {
		info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
		// Imports are left unresolved: which variable a name means does not depend on them.
		config := types.Config{Importer: nothing{}, Error: func(error) {}}
		_, _ = config.Check(pkg, t.fset, files, info)
		for name, o := range info.Defs {
			v, ok := o.(*types.Var)
			if ok && global(v) && v.Exported() && !strings.HasPrefix(v.Name(), "Err") {
				t.report(name.Pos(), "variable %s can be written by everybody; make it a function", v.Name())
			}
		}
		for _, f := range files {
			t.checkWrites(info, f)
		}
	}
}

type nothing struct{}

func (nothing) Import(p string) (*types.Package, error) { return nil, fmt.Errorf("%s not loaded", p) }

func global(v *types.Var) bool { return v.Pkg() != nil && v.Parent() == v.Pkg().Scope() }

func (t *tree) checkWrites(info *types.Info, f *ast.File) {
	written := func(x ast.Expr) {
		if v, ok := info.Uses[base(x)].(*types.Var); ok && global(v) {
			t.report(x.Pos(), "package-level variable %s is written", v.Name())
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, x := range n.Lhs {
				written(x)
			}
		case *ast.IncDecStmt:
			written(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				written(n.X)
			}
		case *ast.CallExpr:
			if writes(n) {
				written(n.Args[0])
			}
		case *ast.ValueSpec:
			if x, ok := n.Type.(*ast.SelectorExpr); ok {
				v, _ := info.Defs[n.Names[0]].(*types.Var)
				if p, _ := x.X.(*ast.Ident); v != nil && global(v) && (p.Name == "sync" || p.Name == "atomic") {
					t.report(n.Pos(), "package-level variable %s is state", v.Name())
				}
			}
		}
		return true
	})
}

// writes reports whether a call changes its first argument.
func writes(c *ast.CallExpr) bool {
	if len(c.Args) == 0 {
		return false
	}
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name == "delete" || f.Name == "clear" || f.Name == "copy"
	case *ast.SelectorExpr:
		p, _ := f.X.(*ast.Ident)
		return p != nil && (p.Name == "sort" || p.Name == "slices" && (strings.HasPrefix(f.Sel.Name, "Sort") || f.Sel.Name == "Reverse"))
	}
	return false
}

// base returns the name at the left end of an expression such as x.f[i].
func base(e ast.Expr) (first *ast.Ident) {
	ast.Inspect(e, func(n ast.Node) bool {
		if i, ok := n.(*ast.Ident); ok && first == nil {
			first = i
		}
		return first == nil
	})
	return first
}

// TestArchitectureIsChecked breaks every rule once: a check that finds nothing may just not look.
func TestArchitectureIsChecked(t *testing.T) {
	const policy = "sim:\nsim+test: cmd/x\nnpu: sim akita\ncmd/x: *\n"
	const akita = `import akita "github.com/sarchlab/akita/v3/sim"; `
	for _, c := range []struct{ name, file, text, want string }{
		{"an edge of the policy passes", "npu/a.go", `package npu; import _ "` + root + `sim"`, ""},
		{"a star passes everything", "cmd/x/a.go", `package x; import ("os"; _ "` + root + `npu"); func f() { os.Exit(1) }`, ""},
		{"an edge against the policy fails", "sim/a.go", `package sim; import _ "` + root + `npu"`, "sim must not import npu"},
		{"a module that is not granted fails", "sim/a.go", `package sim; ` + akita + `var _ akita.Engine`, "sim must not import akita"},
		{"an unknown module fails", "npu/a.go", `package npu; import _ "example.com/x"`, "npu must not import example.com/x"},
		{"a build tag hides nothing", "sim/a.go", "//go:build cuda\n\npackage sim\nimport _ \"gorgonia.org/cu\"", "sim must not import cu"},
		{"a package without a line fails", "npu/more/a.go", `package more`, "no line in the policy"},
		{"a test may import what its package reaches, and test helpers", "npu/a_test.go", `package npu; import (_ "` + root + `sim"; _ "` + root + `sim/simtest")`, ""},
		{"a test may import what its own line grants", "sim/a_test.go", `package sim; import _ "` + root + `cmd/x"`, ""},
		{"a test must not import upwards", "sim/a_test.go", `package sim; import _ "` + root + `npu"`, "sim must not import npu"},
		{"a grant that nobody uses fails", "npu/doc.go", `package npu; import _ "` + root + `sim"`, "npu grants akita, which nobody uses"},
		{"a grant that only a file under a build tag uses passes", "npu/doc.go", "//go:build cuda\n\npackage npu; import _ \"" + root + "sim\"; " + akita + "var _ akita.Engine", ""},
		{"a grant to tests that no test uses fails", "sim/doc_test.go", `package sim`, "sim+test grants cmd/x, which nobody uses"},
		{"a helper of tests that no test uses fails", "cmd/x/doc_test.go", `package x`, "inTests grants sim/simtest, which nobody uses"},
		{"a module that nobody uses fails", "cmd/x/doc.go", `package x`, "modules grants cli, which nobody uses"},
		{"akita under another name fails", "npu/a.go", `package npu; import _ "github.com/sarchlab/akita/v3/sim"`, "import akita's package as akita"},
		{"simulated seconds in a component fail", "npu/a.go", `package npu; ` + akita + `var x akita.VTimeInSec`, "simulated seconds stay in sim/engine"},
		{"random numbers fail", "npu/a.go", `package npu; import _ "math/rand/v2"`, "must not draw random numbers"},
		{"random numbers in a test pass", "npu/a_test.go", `package npu; import _ "math/rand/v2"`, ""},
		{"the wall clock fails", "npu/a.go", `package npu; import "time"; func f() any { return time.Now() }`, "must not call time.Now"},
		{"the environment fails", "npu/a.go", `package npu; import "os"; func f() any { return os.Getenv("X") }`, "must not call os.Getenv"},
		{"ending the process fails", "npu/a.go", `package npu; import "os"; func f() { os.Exit(1) }`, "only the command may call os.Exit"},
		{"making a file fails", "npu/a.go", `package npu; import "os"; func f() any { x, _ := os.Create("x"); return x }`, "only sim/unit/files may call os.Create"},
		{"moving one fails, in the command too", "cmd/x/a.go", `package x; import "os"; func f() any { return os.Rename("x", "y") }`, "may call os.Rename"},
		{"making one in a test passes", "npu/a_test.go", `package npu; import "os"; func f() any { x, _ := os.Create("x"); return x }`, ""},
		{"init fails", "npu/a.go", `package npu; func init() {}`, "no init in the model"},
		{"a method named init passes", "npu/a.go", `package npu; type t int; func (t) init() {}`, ""},
		{"an exported table fails", "npu/a.go", `package npu; var Table = map[int]int{1: 2}`, "variable Table can be written by everybody"},
		{"an exported error passes", "npu/a.go", `package npu; import "errors"; var ErrX = errors.New("x")`, ""},
		{"a table that is only read passes", "npu/a.go", `package npu; var table = []int{1}; func f() int { table := table[0]; table++; return table }`, ""},
		{"writing an element fails", "npu/a.go", `package npu; var table = []int{1}; func f() { table[0] = 2 }`, "variable table is written"},
		{"counting fails", "npu/a.go", `package npu; var n struct{ k int }; func f() { n.k++ }`, "variable n is written"},
		{"taking an address fails", "npu/a.go", `package npu; var n int; func f() *int { return &n }`, "variable n is written"},
		{"deleting fails", "npu/a.go", `package npu; var m = map[int]int{}; func f() { delete(m, 1) }`, "variable m is written"},
		{"sorting fails", "npu/a.go", `package npu; import "slices"; var s = []int{2, 1}; func f() { slices.Sort(s) }`, "variable s is written"},
		{"a lock fails", "npu/a.go", `package npu; import "sync"; var l sync.Mutex`, "variable l is state"},
		{"a fuzz target without a budget fails", "sim/a_test.go", `package sim; import "testing"; func FuzzX(f *testing.F) {}`, "FuzzX tries inputs without simtest.Budget"},
		{"a file that is read to its end, however large, fails", "cmd/x/a.go", `package x; import "os"; func f() { _, _ = os.ReadFile("x") }`, "os.ReadFile reads without a limit"},
		{"a stream that is read to its end fails", "sim/a.go", `package sim; import "io"; var f = io.ReadAll`, "io.ReadAll reads without a limit"},
		{"CSV of one's own fails", "cmd/x/a.go", `package x; import "encoding/csv"; func f() any { return csv.NewWriter(nil) }`, "only sim/unit/sheet may call csv.NewWriter"},
		{"a test may read to the end", "sim/a_test.go", `package sim; import "io"; var f = io.ReadAll`, ""},
		{"an error that wants something fails", "npu/a.go", "package npu; const e = `0 is out of range; want 1`", "write \"; accepted: \""},
		{"a question outside of suggest fails", "npu/a.go", "package npu; const e = `(did you mean x?)`", "write suggest.Accepted"},
		{"a name that is unknown fails", "npu/a.go", "package npu; const e = `x is unknown`", "is not known; accepted: "},
		{"an error in the one form passes", "npu/a.go", "package npu; const e = `x is not known; accepted: y`", ""},
		{"other words in a test pass", "npu/a_test.go", "package npu; const e = `; want 1`", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := wellUsed()
			files[c.file] = &fstest.MapFile{Data: []byte(c.text)}
			found, err := check(files, policy)
			got := strings.Join(found, "\n")
			if err != nil || (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("error %v, found %q, want %q", err, got, c.want)
			}
		})
	}
	t.Run("a forbidden package is found behind others, and not through a test", func(t *testing.T) {
		files := fstest.MapFS{
			"plots/a.go":      {Data: []byte(`package plots; import _ "` + root + `data"`)},
			"plots/a_test.go": {Data: []byte(`package plots; import _ "` + root + `other"`)},
			"data/a.go":       {Data: []byte(`package data; import _ "` + root + `npu"`)},
			"npu/a.go":        {Data: []byte(`package npu`)},
			"other/a.go":      {Data: []byte(`package other`)},
		}
		found, err := reaches(files, []string{"plots", "gone"}, []string{"npu", "other"})
		if want := []string{"plots → data → npu", "package gone does not exist"}; err != nil || !slices.Equal(found, want) {
			t.Errorf("error %v, found %q, want %q", err, found, want)
		}
	})
	t.Run("a line without a package, and one that grants what does not exist, fail", func(t *testing.T) {
		found, err := check(wellUsed(), policy+"mpu: simm\n")
		got := strings.Join(found, "\n")
		if err != nil || !strings.Contains(got, "package mpu does not exist") || !strings.Contains(got, "import simm, which is no package") {
			t.Errorf("error %v, found %q", err, got)
		}
	})
}

// wellUsed returns files that keep the policy of TestArchitectureIsChecked and use all that it grants. That a test of npu
// imports akita does not use the grant of npu.
func wellUsed() fstest.MapFS {
	files := fstest.MapFS{}
	add := func(name, pkg string, imports ...string) {
		text := "package " + pkg + "\n"
		for _, p := range imports {
			if p == modules["akita"] {
				text += "import akita \"" + p + "/sim\"\n"
			} else {
				text += "import _ \"" + p + "\"\n"
			}
		}
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	add("sim/doc.go", "sim")
	add("sim/doc_test.go", "sim", root+"cmd/x")
	add("npu/doc.go", "npu", root+"sim", modules["akita"])
	add("npu/doc_test.go", "npu", modules["akita"])
	add("cmd/x/doc.go", "x", slices.Collect(maps.Values(modules))...)
	var helpers []string
	for _, h := range strings.Fields(inTests) {
		if modules[h] != "" {
			helpers = append(helpers, modules[h])
		} else {
			helpers = append(helpers, root+h)
		}
	}
	add("cmd/x/doc_test.go", "x", helpers...)
	return files
}
