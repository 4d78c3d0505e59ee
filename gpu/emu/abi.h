// The part of the CUDA driver's binary interface that the fake driver has. It is separate from the header with which the
// program under test is compiled: if both shared a file, a wrong number in it would go unnoticed.
#pragma once
#include <stddef.h>
#include <stdint.h>
typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct Context *CUcontext;
typedef struct Module *CUmodule;
typedef struct Function *CUfunction;
typedef struct Stream *CUstream;
typedef struct Event *CUevent;
typedef struct Graph *CUgraph;
typedef struct Node *CUgraphNode;
typedef struct Exec *CUgraphExec;

enum {
  CUDA_SUCCESS = 0, CUDA_ERROR_INVALID_VALUE = 1, CUDA_ERROR_OUT_OF_MEMORY = 2, CUDA_ERROR_NO_DEVICE = 100,
  CUDA_ERROR_INVALID_DEVICE = 101, CUDA_ERROR_INVALID_IMAGE = 200, CUDA_ERROR_INVALID_CONTEXT = 201, CUDA_ERROR_INVALID_PTX = 218,
  CUDA_ERROR_UNSUPPORTED_PTX_VERSION = 222, CUDA_ERROR_INVALID_SOURCE = 300, CUDA_ERROR_INVALID_HANDLE = 400,
  CUDA_ERROR_ILLEGAL_STATE = 401, CUDA_ERROR_NOT_FOUND = 500, CUDA_ERROR_NOT_READY = 600, CUDA_ERROR_ILLEGAL_ADDRESS = 700,
  CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES = 701, CUDA_ERROR_LAUNCH_TIMEOUT = 702, CUDA_ERROR_MISALIGNED_ADDRESS = 716,
  CUDA_ERROR_LAUNCH_FAILED = 719, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900, CUDA_ERROR_STREAM_CAPTURE_UNMATCHED = 903,
  CUDA_ERROR_STREAM_CAPTURE_IMPLICIT = 906, CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD = 908
};
// cuLaunchKernelEx, driver 520 and later
typedef struct { int id, pad; union { char size[64]; int number; } value; } CUlaunchAttribute;
typedef struct { unsigned gx, gy, gz, bx, by, bz, shared; CUstream stream; CUlaunchAttribute *attrs; unsigned n; } CUlaunchConfig;
enum { PROGRAMMATIC_STREAM_SERIALIZATION = 6 }; // CUlaunchAttributeID
enum { // CUdevice_attribute
  MAX_THREADS_PER_BLOCK = 1, MAX_BLOCK_DIM_X = 2, MAX_BLOCK_DIM_Y = 3, MAX_BLOCK_DIM_Z = 4, MAX_GRID_DIM_X = 5, MAX_GRID_DIM_Y = 6,
  MAX_GRID_DIM_Z = 7, MAX_SHARED_MEMORY_PER_BLOCK = 8, WARP_SIZE = 10, CLOCK_RATE = 13, MULTIPROCESSOR_COUNT = 16,
  MEMORY_CLOCK_RATE = 36, GLOBAL_MEMORY_BUS_WIDTH = 37, L2_CACHE_SIZE = 38, MAX_THREADS_PER_MULTIPROCESSOR = 39, CC_MAJOR = 75,
  CC_MINOR = 76, MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97
};
enum { FUNC_MAX_THREADS = 0, FUNC_SHARED = 1, FUNC_CONST = 2, FUNC_LOCAL = 3, FUNC_REGS = 4, FUNC_PTX = 5, FUNC_BINARY = 6, FUNC_MAX_DYNAMIC = 8 };
enum { JIT_INFO_LOG = 3, JIT_INFO_SIZE = 4, JIT_ERROR_LOG = 5, JIT_ERROR_SIZE = 6 };
enum { EVENT_DISABLE_TIMING = 2, EVENT_RECORD_EXTERNAL = 1 };
enum { CAPTURE_GLOBAL = 0, CAPTURE_THREAD_LOCAL = 1, CAPTURE_RELAXED = 2 };

// A function that a program finds in libcuda.so.
#define API extern "C" __attribute__((visibility("default"))) CUresult
