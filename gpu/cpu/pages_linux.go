package cpu

import (
	"syscall"
	"unsafe"
)

// hugePage is the size of a huge page of amd64, and of arm64 with pages of 4 KiB.
const hugePage = 2 << 20

// onHugePages asks the kernel to put large operands that nobody has written to yet on huge pages: decoding reads all of them for every
// token, and memory is some 10 % faster that way. A kernel that will not is as fast as before.
func onHugePages(values []float32) {
	if len(values)*4 < 2*hugePage {
		return
	}
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(values))) & (hugePage - 1)
	bytes = bytes[skip:]
	_ = syscall.Madvise(bytes[:len(bytes)&^(hugePage-1)], syscall.MADV_HUGEPAGE)
}
