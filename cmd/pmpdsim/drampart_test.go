package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// TestThePartOfTheDocsIsTheOneThatItsCommandsUse: docs/memory.md shows a file, and commands that read it.
func TestThePartOfTheDocsIsTheOneThatItsCommandsUse(t *testing.T) {
	page, err := os.ReadFile("../../docs/memory.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "my-part.yaml:\n\n```\n")
	shown, _, _ := strings.Cut(rest, "```")
	prelude, err := txtar.ParseFile("testdata/docs.txtar")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(prelude.Files, func(f txtar.File) bool { return f.Name == "my-part.yaml" })
	if !found || i < 0 || string(prelude.Files[i].Data) != shown {
		t.Errorf("docs/memory.md shows\n%s", shown)
	}
	if _, err := spec.ParsePart("my-part.yaml", []byte(shown)); err != nil {
		t.Error(err)
	}
}
