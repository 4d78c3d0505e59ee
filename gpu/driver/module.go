//go:build cuda

package driver

/*
#include <cuda.h>
#include <string.h>

// The driver compiles PTX here. What its compiler says of errors goes to log.
static CUresult load(CUmodule *m, const char *ptx, char *log, size_t size) {
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, (void *)size};
  return cuModuleLoadDataEx(m, ptx, 2, options, values);
}
*/
import "C"

import (
	"fmt"
	"strings"
	"unsafe"

	"gorgonia.org/cu"
)

// Module is loaded PTX.
type Module struct{ module cu.Module }

// Needs is what PTX asks for.
type Needs struct {
	CUDA         string // version whose drivers understand it, as in 11.8
	Major, Minor int    // compute capability that it is for
}

// Load compiles PTX for the device.
func (d *Device) Load(name, ptx string, needs Needs) (Module, error) {
	const size = 8 << 10
	if i := &d.Info; i.Major*10+i.Minor < needs.Major*10+needs.Minor {
		return Module{}, fmt.Errorf("%w that can run %s: %s has compute capability %d.%d; accepted: %d.%d or later", ErrNone, name, i.Name, i.Major, i.Minor,
			needs.Major, needs.Minor)
	}
	text := C.CString(ptx)
	defer C.free(unsafe.Pointer(text))
	log := (*C.char)(C.calloc(1, size))
	defer C.free(unsafe.Pointer(log))
	var m Module
	err := check("cuModuleLoadDataEx", C.load((*C.CUmodule)(unsafe.Pointer(&m.module)), text, log, size-1))
	switch {
	case err == nil:
		return m, nil
	case Is(err, UnsupportedPTX):
		return m, fmt.Errorf("%w that can run %s: the NVIDIA driver knows CUDA %s; accepted: a driver for CUDA %s or later (%w)", ErrNone, name,
			version(d.Info.API), needs.CUDA, err)
	}
	if said := strings.TrimSpace(C.GoString(log)); said != "" {
		return m, fmt.Errorf("%s: %w: %s", name, err, strings.Join(strings.Fields(said), " "))
	}
	return m, fmt.Errorf("%s: %w", name, err)
}

// version writes 12060 as 12.6.
func version(api int) string { return fmt.Sprintf("%d.%d", api/1000, api%1000/10) }

// Unload frees a module.
func (m Module) Unload() error { return told("cuModuleUnload", m.module.Unload()) }

// Kernel is a function of a module.
type Kernel struct {
	Name     string
	function cu.Function
}

// Kernel finds a function by its name.
func (m Module) Kernel(name string) (Kernel, error) {
	f, err := m.module.Function(name)
	if err != nil {
		err = fmt.Errorf("kernel %s: %w", name, told("cuModuleGetFunction", err))
	}
	return Kernel{name, f}, err
}

// Allow lets launches ask for up to so many bytes of shared memory, which a driver refuses otherwise where these and what the
// kernel declares are more than 48 KiB.
func (k Kernel) Allow(shared int) error {
	if shared == 0 {
		return nil
	}
	err := check("cuFuncSetAttribute", C.cuFuncSetAttribute(k.handle(), C.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, C.int(shared)))
	if err != nil {
		err = fmt.Errorf("kernel %s with %d bytes of shared memory: %w", k.Name, shared, err)
	}
	return err
}

// Uses returns the registers of a thread and the bytes of local memory per thread that the driver's compiler gave a
// kernel: local memory is registers that were spilled, since no kernel asks for any.
func (k Kernel) Uses() (registers, spilled int, err error) {
	if registers, err = k.function.Attribute(cu.NumRegs); err == nil {
		spilled, err = k.function.Attribute(cu.LocalSizeBytes)
	}
	if err != nil {
		err = fmt.Errorf("kernel %s: %w", k.Name, told("cuFuncGetAttribute", err))
	}
	return registers, spilled, err
}
