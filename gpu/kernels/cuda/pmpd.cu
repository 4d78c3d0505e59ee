// All kernels in one: what the PTX and the emulator are made from.
#include "pmpd_device.h"
#include "layer.cu"
#include "around.cu"
#include "attention.cu"
#include "gemv.cu"
#include "gemm.cu"
#include "choose.cu"
#include "bench.cu"
