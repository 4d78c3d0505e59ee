package driver

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNone is why there is nothing to open, or nothing that the kernels run on.
var ErrNone = errors.New("no GPU")

// Error is a call that the driver answered with an error.
type Error struct {
	Call, Text string
	Code       int
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s (%d)", e.Call, e.Text, e.Code) }

// ErrNotBuilt is the reason in a program without the build tag cuda.
var ErrNotBuilt = fmt.Errorf("%w: this program was built without CUDA; make cuda builds one with it", ErrNone)

// Emulated is how the name of a device starts that is no GPU but gpu/emu: no time from it means anything.
const Emulated = "emulated GPU"

// Info is what the driver says of a GPU. Numbers that it does not say are 0, texts empty.
type Info struct {
	Name          string
	Major, Minor  int // compute capability
	SMs           int
	Memory, L2    int64  // bytes
	API           int    // newest version of the driver API, 12060 for 12.6
	Driver        string // release, 550.54.15
	SMkHz, MemkHz int64  // highest clocks
}

// Emulated says that there is no GPU behind it.
func (i *Info) Emulated() bool { return strings.HasPrefix(i.Name, Emulated) }
