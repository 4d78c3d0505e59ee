//go:build cuda

package driver

// #include <cuda.h>
import "C"

import (
	"math/rand/v2"
	"unsafe"

	"gorgonia.org/cu"
)

// Pointer is an address in the memory of the device.
type Pointer = cu.DevicePtr

// Value is the element type of arrays on the device.
type Value interface {
	~uint8 | ~uint16 | ~uint32 | ~int32 | ~float32
}

// Bytes returns the size of an array of n elements.
func Bytes[T Value](n int) int64 { return int64(n) * int64(unsafe.Sizeof(*new(T))) }

// Memory returns how many bytes of the device's memory are free, and how many there are.
func Memory() (free, total int64, err error) {
	free, total, err = cu.MemInfo()
	return free, total, told("cuMemGetInfo", err)
}

// Alloc allocates memory on the device, aligned to 256 bytes and not initialised.
func Alloc(bytes int64) (Pointer, error) {
	p, err := cu.MemAlloc(bytes)
	return p, told("cuMemAlloc", err)
}

// Free frees what Alloc returned.
func Free(p Pointer) error { return told("cuMemFree", cu.MemFree(p)) }

// Upload copies to the device and waits until it is there: the driver returns as soon as it has read the host's memory,
// and streams do not wait for such a copy (CUDA driver API, API synchronization behavior).
func Upload[T Value](to Pointer, from []T) error {
	if len(from) == 0 {
		return nil
	}
	if err := cu.MemcpyHtoD(to, unsafe.Pointer(&from[0]), Bytes[T](len(from))); err != nil {
		return told("cuMemcpyHtoD", err)
	}
	return told("cuCtxSynchronize", cu.Synchronize())
}

// Download copies from the device and waits for it.
func Download[T Value](to []T, from Pointer) error {
	if len(to) == 0 {
		return nil
	}
	return told("cuMemcpyDtoH", cu.MemcpyDtoH(unsafe.Pointer(&to[0]), from, Bytes[T](len(to))))
}

// Fill sets bytes of the device's memory, in a stream.
func Fill(p Pointer, value byte, bytes int64, s Stream) error {
	return told("cuMemsetD8Async", cu.MemsetD8Async(p, value, bytes, s.stream))
}

// Copy copies on the device, in a stream.
func Copy(to, from Pointer, bytes int64, s Stream) error {
	return told("cuMemcpyDtoDAsync", cu.MemcpyDtoDAsync(to, from, bytes, s.stream))
}

// Pin allocates page-locked memory of the host, zeroed: the only memory that a copy in a stream may touch, since the
// collector neither moves nor frees it.
func Pin[T Value](n int) ([]T, error) {
	var p unsafe.Pointer
	if err := check("cuMemHostAlloc", C.cuMemHostAlloc(&p, C.size_t(Bytes[T](n)), C.CU_MEMHOSTALLOC_PORTABLE)); err != nil {
		return nil, err
	}
	pinned := unsafe.Slice((*T)(p), n)
	clear(pinned)
	return pinned, nil
}

// Unpin frees what Pin returned.
func Unpin[T Value](pinned []T) error {
	if len(pinned) == 0 {
		return nil
	}
	return told("cuMemFreeHost", cu.MemFreeHost(unsafe.Pointer(&pinned[0])))
}

// Put copies page-locked memory to the device, in a stream.
func Put[T Value](to Pointer, pinned []T, s Stream) error {
	return told("cuMemcpyHtoDAsync", cu.MemcpyHtoDAsync(to, unsafe.Pointer(&pinned[0]), Bytes[T](len(pinned)), s.stream))
}

// Fetch copies from the device to page-locked memory, in a stream.
func Fetch[T Value](pinned []T, from Pointer, s Stream) error {
	return told("cuMemcpyDtoHAsync", cu.MemcpyDtoHAsync(unsafe.Pointer(&pinned[0]), from, Bytes[T](len(pinned)), s.stream))
}

// Scramble fills memory with random bytes, because memory with one value can be faster than memory in real use. On
// request the bytes are binary16 numbers below 2.
func Scramble(p Pointer, bytes int64, halves bool) error {
	const most = 16 << 20
	random := make([]byte, min(bytes, most))
	_, _ = rand.NewChaCha8([32]byte{}).Read(random) // never an error
	if halves {
		for i := 1; i < len(random); i += 2 {
			random[i] &^= 0x40 // highest bit of the exponent
		}
	}
	if err := Upload(p, random); err != nil {
		return err
	}
	for done := int64(len(random)); done < bytes; {
		n := min(done, bytes-done)
		if err := told("cuMemcpyDtoD", cu.MemcpyDtoD(p+Pointer(done), p, n)); err != nil {
			return err
		}
		done += n
	}
	return told("cuCtxSynchronize", cu.Synchronize())
}
