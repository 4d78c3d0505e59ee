// Package driver reaches the CUDA driver through gorgonia.org/cu, without the CUDA toolkit.
//
// # What it models
//
// Nothing: it calls. A [Device] is a GPU and the one OS thread that talks to it; inside [Device.Do] the functions of this package
// allocate, copy, load PTX, launch kernels, capture a stream into a [Graph] and replay it. What gorgonia.org/cu has and does right
// is used as it is; the rest (capture, graphs that can be launched, page-locked memory, events inside a graph, parameters that
// are not eight bytes, the driver's error texts) is here. cu's Ctx is not used: every call of it crosses two channels, and its
// errors get lost.
//
// The folder shim holds the header that cu is compiled with and a libcuda.a that looks for the driver when it is first called,
// so that one program starts on every machine and says why it has no GPU; env.sh builds it. All of this is behind the build tag
// cuda; without it the package is empty.
//
//	program ─► cu ────────┐
//	   │                  ├─► libcuda.a ─► libcuda.so.1 (or the file that PMPD_LIBCUDA names)
//	   └─────► driver ────┘
//
// # What it leaves out
//
// Several GPUs at a time, textures, surfaces, managed memory, CUDA's runtime API.
//
// # Adding one more
//
// A driver call: a line in shim/cuda_api.def, in shim/cuda_names.h if its symbol has another name, and a function here whose
// error names the call.
package driver
