package kernels

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The PTX's first line has the hash that build.sh makes of the sources: of lines "name hash", sorted.
func TestPTXIsMadeFromTheseSources(t *testing.T) {
	files, err := filepath.Glob("cuda/*")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	var lines []string
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s %x\n", filepath.Base(f), sha256.Sum256(data)))
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	if got, want := About().SourceSHA256, hex.EncodeToString(sum[:]); got != want {
		t.Errorf("ptx/ is made from sources with hash %s, cuda/ has %s: run gpu/kernels/build.sh", got, want)
	}
}

// What the program carries is what ptx/ has as text, for assemblers and readers.
func TestPTXIsPackedFromTheText(t *testing.T) {
	text, err := os.ReadFile("ptx/pmpd.sm_80.ptx")
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != PTX() {
		t.Error("ptx/pmpd.sm_80.ptx.gz has other bytes than pmpd.sm_80.ptx: run gpu/kernels/build.sh")
	}
}

// Where the pinned compiler is, it makes the same bytes.
func TestPTXIsWhatTheCompilerMakes(t *testing.T) {
	out := filepath.Join(t.TempDir(), "pmpd.ptx")
	said, err := exec.Command("./build.sh", out).CombinedOutput()
	exit := new(exec.ExitError)
	if errors.As(err, &exit) && exit.ExitCode() == 77 {
		t.Skipf("NOT CHECKED that ptx/ is what the compiler makes: %s", strings.TrimSpace(string(said)))
	}
	if err != nil {
		t.Fatalf("build.sh: %v: %s", err, said)
	}
	made, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if string(made) != PTX() {
		t.Error("the compiler makes other bytes than ptx/ has: run gpu/kernels/build.sh")
	}
}

func TestHeader(t *testing.T) {
	i := About()
	if i.ISA != "7.8" || i.Target != "sm_80" || i.Compiler != "clang 19.1.7" {
		t.Errorf("ISA %s, target %s, compiler %s; want 7.8, sm_80, clang 19.1.7", i.ISA, i.Target, i.Compiler)
	}
	for _, bad := range []string{"", "// source sha256 12, clang 1\n.version 7.8\n.target sm_80\n", PTX()[:120]} {
		if _, err := header(bad); err == nil {
			t.Errorf("%.40q was taken", bad)
		}
	}
}
