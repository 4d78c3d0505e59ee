// Command racing lists the packages whose tests the race detector can find anything in: those that begin goroutines, in their code
// or in their tests, and those that import such a package. In the tests of the others one goroutine does all.
//
//	go test -race $(go run .ci/racing.go)
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// pkg is what go list says of a package.
type pkg struct {
	ImportPath, Dir                    string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports []string
}

var (
	// begins are methods that begin a goroutine: of groups, timers, contexts and tests.
	begins = []string{"Go", "AfterFunc", "Parallel"}
	// calls are packages of the standard library that call back in goroutines of their own; and what is unsafe, since -race checks
	// pointers, too.
	calls = []string{"net/http", "net/http/httptest", "unsafe"}
	// alone are packages whose goroutines run nothing of who imports them: the watch over what an input may take, and the end of
	// writing into a pipe that nobody reads.
	alone = []string{module + "sim/simtest", module + "sim/unit/files"}
)

const module = "github.com/pmpdsim/pmpdsim/"

func main() {
	all, err := load()
	if err == nil {
		err = list(all)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "racing:", err)
		os.Exit(1)
	}
}

func load() (map[string]*pkg, error) {
	c := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./...")
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return nil, err
	}
	all := map[string]*pkg{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all[p.ImportPath] = &p
	}
}

func list(all map[string]*pkg) error {
	code := map[string]bool{} // packages whose code, without tests, begins a goroutine
	for path, p := range all {
		var err error
		if code[path], err = concurrent(p.Dir, p.GoFiles, p.Imports); err != nil {
			return err
		}
	}
	var racing []string
	for path, p := range all {
		tests := slices.Concat(p.TestGoFiles, p.XTestGoFiles)
		does, err := concurrent(p.Dir, tests, slices.Concat(p.TestImports, p.XTestImports))
		if err != nil {
			return err
		}
		does = does || code[path] || slices.ContainsFunc(slices.Concat(p.Imports, p.TestImports, p.XTestImports), func(other string) bool {
			return code[other] && !slices.Contains(alone, other)
		})
		if does && len(tests) > 0 {
			racing = append(racing, path)
		}
	}
	slices.Sort(racing)
	for _, path := range racing {
		fmt.Println(path)
	}
	if len(racing) == 0 {
		return errors.New("no package begins a goroutine")
	}
	return nil
}

// concurrent reports whether files begin a goroutine.
func concurrent(dir string, files, imports []string) (bool, error) {
	if slices.ContainsFunc(imports, func(path string) bool { return slices.Contains(calls, path) }) {
		return true, nil
	}
	found := false
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, 0)
		if err != nil {
			return false, err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				found = true
			case *ast.CallExpr:
				s, ok := n.Fun.(*ast.SelectorExpr)
				found = found || ok && slices.Contains(begins, s.Sel.Name)
			}
			return !found
		})
	}
	return found, nil
}
