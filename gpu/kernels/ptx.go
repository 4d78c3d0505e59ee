package kernels

import (
	"crypto/sha256"
	_ "embed" // the PTX
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

//go:embed ptx/pmpd.ptx.zst
var embedded []byte // the PTX of all targets, one behind the other; a twentieth of its size, for they differ little

// Hopper is the compute capability from which on kernels wait for the one before them themselves, and may be launched before
// it has ended: 9.0.
const Hopper = 90

// variable names a target whose PTX is loaded in place of the GPU's own: sm_80 on Hopper, where then no kernel begins early. So
// it can be told whether that is at fault, and what it saves.
const variable = "PMPD_PTX"

// Capability returns the compute capability whose PTX is loaded on a GPU: its own, or the one that PMPD_PTX asks for.
func Capability(gpu int) (int, error) {
	switch target := os.Getenv(variable); {
	case target == "", target == "sm_90" && gpu >= Hopper:
		return gpu, nil
	case target == "sm_80":
		return 80, nil
	case gpu >= Hopper:
		return 0, fmt.Errorf("%s: %.20q; accepted: sm_80, sm_90", variable, target)
	default:
		return 0, fmt.Errorf("%s: %.20q; accepted on a GPU of compute capability %d.%d: sm_80", variable, target, gpu/10, gpu%10)
	}
}

// PTX is all kernels, for a driver to compile for a GPU of some compute capability: 90 for 9.0.
func PTX(capability int) string {
	if capability >= Hopper {
		return texts()[1]
	}
	return texts()[0]
}

// first begins the first line of the PTX of a target.
const first = "// source sha256 "

var texts = sync.OnceValue(func() [2]string {
	z, err := zstd.NewReader(nil)
	if err != nil {
		panic("kernels: " + err.Error())
	}
	defer z.Close()
	text, err := z.DecodeAll(embedded, nil)
	if err != nil {
		panic("kernels: embedded PTX: " + err.Error())
	}
	both := string(text)
	second := strings.LastIndex(both, first)
	return [2]string{both[:second], both[second:]}
})

// CUDA is the version whose drivers, and later ones, know the PTX's ISA: 7.8 came with CUDA 11.8 (PTX ISA, release
// history).
const CUDA = "11.8"

// Info says what the PTX is.
type Info struct {
	SourceSHA256, PTXSHA256 string
	Compiler                string // "clang 19.1.7"
	ISA                     string // "7.8"
	Target                  string // "sm_80"
}

// About reads the header of the PTX for a compute capability.
func About(capability int) Info {
	i, err := header(PTX(capability))
	if err != nil {
		panic("kernels: embedded PTX: " + err.Error())
	}
	return i
}

// header reads the line that build.sh writes, and the compiler's directives.
func header(ptx string) (Info, error) {
	sum := sha256.Sum256([]byte(ptx))
	i := Info{PTXSHA256: hex.EncodeToString(sum[:])}
	line, rest, _ := strings.Cut(ptx, "\n")
	source, compiler, ok := strings.Cut(strings.TrimPrefix(line, first), ", ")
	if !ok || len(source) != 2*sha256.Size {
		return i, fmt.Errorf("first line is %q; accepted: %sHASH, COMPILER", line, first)
	}
	i.SourceSHA256, i.Compiler = source, compiler
	for line := range strings.Lines(rest) {
		word, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case ".version":
			i.ISA = value
		case ".target":
			i.Target = value
			return i, nil
		}
	}
	return i, fmt.Errorf("no .target; accepted: PTX as clang writes it")
}
