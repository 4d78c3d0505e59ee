//go:build cuda

package driver

/*
#include <cuda.h>

// Parameters come packed; offsets[i] is where the i-th begins.
static CUresult launch(CUfunction f, const unsigned *d, CUstream s, char *packed, const unsigned *offsets, int n) {
  void *p[32];
  for (int i = 0; i < n; i++) p[i] = packed + offsets[i];
  return cuLaunchKernel(f, d[0], d[1], d[2], d[3], d[4], d[5], d[6], s, p, NULL);
}

static CUresult launch_early(CUfunction f, const unsigned *d, CUstream s, char *packed, const unsigned *offsets, int n) {
  void *p[32];
  for (int i = 0; i < n; i++) p[i] = packed + offsets[i];
  CUlaunchAttribute early = {CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, {0}, {{0}}};
  early.value.programmaticStreamSerializationAllowed = 1;
  CUlaunchConfig c = {d[0], d[1], d[2], d[3], d[4], d[5], d[6], s, &early, 1};
  return cuLaunchKernelEx(&c, f, p, NULL);
}
*/
import "C"

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"gorgonia.org/cu"
)

// The types of cu below are one handle each, which cu does not export. This fails to compile if that changes.
var _ = [1]struct{}{}[unsafe.Sizeof(cu.Function{})-unsafe.Sizeof(C.CUfunction(nil))]
var _ = [1]struct{}{}[unsafe.Sizeof(cu.Event{})-unsafe.Sizeof(C.CUevent(nil))]
var _ = [1]struct{}{}[unsafe.Sizeof(cu.Module{})-unsafe.Sizeof(C.CUmodule(nil))]
var _ = [1]struct{}{}[unsafe.Sizeof(cu.Stream{})-unsafe.Sizeof(C.CUstream(nil))]

func (k Kernel) handle() C.CUfunction { return *(*C.CUfunction)(unsafe.Pointer(&k.function)) }
func (s Stream) handle() C.CUstream   { return *(*C.CUstream)(unsafe.Pointer(&s.stream)) }
func (e Event) handle() C.CUevent     { return *(*C.CUevent)(unsafe.Pointer(&e.event)) }

// maxArgs is the length of the array in launch.
const maxArgs = 32

// Args are the parameters of a launch, in order, laid out as CUDA C++ does. cu's own launch reads eight bytes for each.
type Args struct {
	packed  [8 * maxArgs]byte
	offsets [maxArgs]C.uint
	n, end  int
}

func (a *Args) room(size int) []byte {
	a.end = (a.end + size - 1) / size * size
	a.offsets[a.n] = C.uint(a.end)
	a.n++
	a.end += size
	return a.packed[a.end-size : a.end]
}

// Pointer adds an address.
func (a *Args) Pointer(p Pointer) *Args {
	binary.NativeEndian.PutUint64(a.room(8), uint64(p))
	return a
}

// Int adds a 32-bit integer.
func (a *Args) Int(v int) *Args {
	if v < math.MinInt32 || v > math.MaxUint32 {
		panic(fmt.Sprintf("driver: kernel parameter %d has more than 32 bits", v))
	}
	binary.NativeEndian.PutUint32(a.room(4), uint32(v))
	return a
}

// Float adds a 32-bit floating-point number.
func (a *Args) Float(v float32) *Args {
	binary.NativeEndian.PutUint32(a.room(4), math.Float32bits(v))
	return a
}

// Dim is how a kernel is launched: blocks, threads of a block, bytes of dynamic shared memory.
type Dim struct {
	Grid, Block [3]int
	Shared      int
	// Early lets the kernel begin before the kernel that was put into the stream before it has ended: programmatic dependent
	// launch. It must wait itself (griddepcontrol.wait) before it touches what kernels write. See Device.Early.
	Early bool
}

// Early reports whether a device and its driver have Dim.Early, in graphs, too, which have it from CUDA 12.3 on.
func (d *Device) Early() bool { return d.Info.Major >= 9 && d.Info.API >= 12030 }

// Launch puts a kernel into a stream.
func (k Kernel) Launch(d Dim, s Stream, a *Args) error {
	dims := [7]C.uint{C.uint(d.Grid[0]), C.uint(d.Grid[1]), C.uint(d.Grid[2]),
		C.uint(d.Block[0]), C.uint(d.Block[1]), C.uint(d.Block[2]), C.uint(d.Shared)}
	packed := (*C.char)(unsafe.Pointer(&a.packed[0]))
	call, r := "cuLaunchKernel", C.CUresult(0)
	if d.Early {
		call, r = "cuLaunchKernelEx", C.launch_early(k.handle(), &dims[0], s.handle(), packed, &a.offsets[0], C.int(a.n))
	} else {
		r = C.launch(k.handle(), &dims[0], s.handle(), packed, &a.offsets[0], C.int(a.n))
	}
	if err := check(call, r); err != nil {
		return fmt.Errorf("kernel %s, grid %v, block %v, %d bytes shared: %w", k.Name, d.Grid, d.Block, d.Shared, err)
	}
	return nil
}
