package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// Every testdata/bad/NAME.yaml is refused with exactly the text of NAME.txt, where the folder is left out of the paths and
// {STANDARDS} stands for the list that package dram owns.
func TestBadFilesAreRefusedWithExactlyThisText(t *testing.T) {
	files := glob(t, "testdata/bad/*.yaml")
	if len(files) < 12 {
		t.Fatalf("found %d bad files; want them all", len(files))
	}
	names := strings.NewReplacer("testdata/bad/", "", strings.TrimPrefix(spec.Accepted("", IdealDRAM), "accepted: "), "{STANDARDS}")
	for _, file := range files {
		stem := strings.TrimSuffix(file, ".yaml")
		t.Run(strings.ReplaceAll(filepath.Base(stem), "_", " "), func(t *testing.T) {
			_, err := Load(file)
			if err == nil {
				t.Fatal("was accepted")
			}
			got := names.Replace(err.Error()) + "\n"
			simtest.Golden(t, stem+".txt", []byte(got))
			for _, leak := range []string{"config.", "unit.B", "unit.H", "unit.C", "struct", "int64", "go-yaml", "!!"} {
				if strings.Contains(got, leak) {
					t.Errorf("the text names %q, which means nothing to a user:\n%s", leak, got)
				}
			}
		})
	}
}

func TestEveryExpectedTextHasItsBadFile(t *testing.T) {
	for _, txt := range glob(t, "testdata/bad/*.txt") {
		if _, err := os.Stat(strings.TrimSuffix(txt, ".txt") + ".yaml"); err != nil {
			t.Errorf("%s: orphaned: %v", txt, err)
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestATextThatIsTooLongIsRefused(t *testing.T) {
	_, err := Parse("n.yaml", []byte("base: edge-lpddr5 #"+strings.Repeat("x", 1<<20)))
	if want := "n.yaml: has 1048595 bytes; accepted: an NPU's description with at most 1 MiB"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestErrorsAreNotAsLongAsTheFile(t *testing.T) {
	for name, text := range map[string]string{"many faults": strings.Repeat("a: b\n", 100_000), "a long key": strings.Repeat("a", 500_000) + ": 1\n",
		"a long value": "base: edge-lpddr5\nclock: " + strings.Repeat("a", 500_000) + "\n"} {
		_, err := Parse("n.yaml", []byte(text))
		if err == nil || len(err.Error()) > 100*10_000 || !strings.Contains(err.Error(), "accepted: ") {
			t.Errorf("%s: %d bytes", name, len(fmt.Sprint(err)))
		}
	}
}
