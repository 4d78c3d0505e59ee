// Package driver reaches the CUDA driver through gorgonia.org/cu, without the CUDA toolkit.
//
// # What it models
//
// Nothing: it calls. A [Device] is a GPU and the one OS thread that calls its driver. Inside [Device.Do] the functions
// of this package allocate, copy, load PTX, launch kernels, capture a stream into a [Graph] and replay it. The package
// uses gorgonia.org/cu where that works. It has its own code for capture, launching graphs, page-locked memory, events
// inside a graph, parameters that are not eight bytes, and the driver's error texts. It avoids cu's Ctx, which sends
// every call through two channels and loses errors.
//
// The folder shim holds the header with which cu is compiled, and a libcuda.a that loads the driver at the first call.
// So one program starts on every machine, and says why it has no GPU. env.sh builds the shim. Without the build tag
// cuda the package has only its errors and types.
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
// A driver call: a line in shim/cuda_api.def, in shim/cuda_names.h if its symbol has another name, and a function here
// whose error names the call.
package driver
