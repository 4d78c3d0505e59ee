package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

const docs = "../../docs/cli.md"

// TestDocs keeps docs/cli.md equal to what --help says. The library's own ToMarkdown leaves descriptions out.
func TestDocs(t *testing.T) {
	var b strings.Builder
	b.WriteString("# The command line\n\n<!-- Generated from the commands: go test ./cmd/pmpdsim -update -->\n")
	document(t, &b, "pmpdsim", nil, app(nil, nil).Commands)
	if simtest.Update() {
		if err := os.WriteFile(docs, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(docs)
	if err != nil || string(data) != b.String() {
		t.Errorf("docs/cli.md is stale (%v): regenerate it with go test ./cmd/pmpdsim -update", err)
	}
}

var versionSection = regexp.MustCompile(`VERSION:\n.*\n\n`)

// document writes the help of a command and of those below it.
func document(t *testing.T, b *strings.Builder, title string, path []string, below []*cli.Command) {
	out, errs, code := pmpdsim(t, append(path, "--help")...)
	if code != exitOK || errs != "" {
		t.Fatalf("%v --help: exit code %d, %s", path, code, errs)
	}
	if !strings.Contains(out, "EXAMPLES:") {
		t.Errorf("the help of %s has no examples", title)
	}
	out = versionSection.ReplaceAllString(out, "")
	b.WriteString("\n##" + strings.Repeat("#", min(1, len(path))) + " " + title + "\n\n```\n" + strings.TrimSpace(out) + "\n```\n")
	for _, c := range below {
		document(t, b, title+" "+c.Name, append(path[:len(path):len(path)], c.Name), c.Subcommands)
	}
}
