package driver

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNone is the error of a machine without a GPU on which the kernels run.
var ErrNone = errors.New("no GPU")

// Error is a driver call that failed.
type Error struct {
	Call, Text string
	Code       int
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s (%d)", e.Call, e.Text, e.Code) }

// ErrNotBuilt is the reason in a program without the build tag cuda.
var ErrNotBuilt = fmt.Errorf("%w: this program was built without CUDA; make cuda builds one with it", ErrNone)

// Emulated is the start of the name of an emulated device (gpu/emu), whose times mean nothing.
const Emulated = "emulated GPU"

// Info is what the driver says about a GPU. Unknown numbers are 0, unknown texts empty.
type Info struct {
	Name          string
	Major, Minor  int // compute capability
	SMs           int
	Memory, L2    int64  // bytes
	API           int    // newest version of the driver API, 12060 for 12.6
	Driver        string // release, 550.54.15
	SMkHz, MemkHz int64  // highest clocks
}

// Emulated reports whether the device is emulated.
func (i *Info) Emulated() bool { return strings.HasPrefix(i.Name, Emulated) }
