// Command count reads the output of go test -json and prints what go test would print, then how many tests passed and
// failed, subtests included. A package that fails without a failing test (it does not build, or a test ends the
// process) counts as one failure. It exits with 1 unless all passed.
//
//	go test ./... -json | go run .ci/count.go
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is one line of go test -json; see go doc test2json.
type event struct {
	Action, Package, ImportPath, Test, Output string
}

type counter struct {
	passed, failed, skipped int
	output                  map[string][]string // of tests that still run
	failures                map[string]int      // by package
}

func main() {
	c := counter{output: map[string][]string{}, failures: map[string]int{}}
	if err := c.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "count:", err)
		os.Exit(1)
	}
	if c.skipped > 0 {
		fmt.Printf("%d skipped\n", c.skipped)
	}
	fmt.Printf("%d passed, %d failed\n", c.passed, c.failed)
	if c.failed > 0 || c.passed == 0 {
		os.Exit(1)
	}
}

func (c *counter) read(r io.Reader) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		var e event
		switch {
		case strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &e) == nil:
			c.take(e)
		default:
			fmt.Print(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (c *counter) take(e event) {
	test := e.Package + " " + e.Test
	switch {
	case e.Action == "build-output", e.Action == "output" && e.Test == "" && e.Output != "PASS\n":
		fmt.Print(e.Output)
	case e.Action == "output" && e.Test != "":
		c.output[test] = append(c.output[test], e.Output)
	case e.Action == "fail" && e.Test == "":
		if c.failures[e.Package] == 0 {
			c.failed++
		}
	case e.Action == "fail":
		c.failed++
		c.failures[e.Package]++
		fmt.Print(c.said(test))
	case e.Test == "":
	case e.Action == "pass":
		c.passed++
		c.said(test)
	case e.Action == "skip":
		c.skipped++
		fmt.Print(c.said(test))
	}
}

// said returns what a test that has ended printed, less the lines that only tell that it ran, and forgets it.
func (c *counter) said(test string) string {
	lines := slices.DeleteFunc(c.output[test], func(l string) bool { return strings.HasPrefix(l, "=== ") })
	delete(c.output, test)
	return strings.Join(lines, "")
}
