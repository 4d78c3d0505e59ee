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

	"github.com/klauspost/compress/zstd"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// capabilities are those for which there is PTX.
var capabilities = []int{80, Hopper}

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
	for _, capability := range capabilities {
		if got, want := About(capability).SourceSHA256, hex.EncodeToString(sum[:]); got != want {
			t.Errorf("ptx/ is made from sources with hash %s, cuda/ has %s: run gpu/kernels/build.sh", got, want)
		}
	}
}

// What the program carries is what ptx/ has as text, for assemblers and readers. With -update it is packed from that.
func TestPTXIsPackedFromTheText(t *testing.T) {
	var all []byte
	same := true
	for _, capability := range capabilities {
		text, err := os.ReadFile(fmt.Sprintf("ptx/pmpd.sm_%d.ptx", capability))
		if err != nil {
			t.Fatal(err)
		}
		same = same && string(text) == PTX(capability)
		all = append(all, text...)
	}
	if same {
		return
	}
	if !simtest.Update() {
		t.Fatal("ptx/pmpd.ptx.zst has other bytes than the texts beside it: run gpu/kernels/build.sh")
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(4<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("ptx/pmpd.ptx.zst", z.EncodeAll(all, nil), 0o644); err != nil { //nolint:gosec // a file of the repository
		t.Fatal(err)
	}
}

// Where the pinned compiler is, it makes the same bytes.
func TestPTXIsWhatTheCompilerMakes(t *testing.T) {
	dir := t.TempDir()
	said, err := exec.Command("./build.sh", dir).CombinedOutput()
	exit := new(exec.ExitError)
	if errors.As(err, &exit) && exit.ExitCode() == 77 {
		t.Skipf("NOT CHECKED that ptx/ is what the compiler makes: %s", strings.TrimSpace(string(said)))
	}
	if err != nil {
		t.Fatalf("build.sh: %v: %s", err, said)
	}
	for _, capability := range capabilities {
		made, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("pmpd.sm_%d.ptx", capability)))
		if err != nil {
			t.Fatal(err)
		}
		if string(made) != PTX(capability) {
			t.Errorf("the compiler makes other bytes for sm_%d than ptx/ has: run gpu/kernels/build.sh", capability)
		}
	}
}

func TestPTXOfATargetThatIsAskedFor(t *testing.T) {
	for _, c := range []struct {
		asked     string
		gpu, want int
		err       string
	}{
		{"", 80, 80, ""}, {"", 100, 100, ""}, {"sm_80", 86, 80, ""}, {"sm_80", 90, 80, ""}, {"sm_90", 120, 120, ""},
		{"sm_90", 89, 0, `PMPD_PTX: "sm_90"; accepted on a GPU of compute capability 8.9: sm_80`}, {"80", 90, 0, `PMPD_PTX: "80"; accepted: sm_80, sm_90`},
	} {
		t.Setenv("PMPD_PTX", c.asked)
		got, err := Capability(c.gpu)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
			t.Errorf("%q on %d: %d, %v", c.asked, c.gpu, got, err)
		}
	}
}

func TestHeader(t *testing.T) {
	for capability, target := range map[int]string{80: "sm_80", 86: "sm_80", 89: "sm_80", 90: "sm_90", 120: "sm_90"} {
		if i := About(capability); i.ISA != "7.8" || i.Target != target || i.Compiler != "clang 19.1.7" {
			t.Errorf("%d: ISA %s, target %s, compiler %s; want 7.8, %s, clang 19.1.7", capability, i.ISA, i.Target, i.Compiler, target)
		}
	}
	for _, bad := range []string{"", "// source sha256 12, clang 1\n.version 7.8\n.target sm_80\n", PTX(80)[:120]} {
		if _, err := header(bad); err == nil {
			t.Errorf("%.40q was taken", bad)
		}
	}
}
