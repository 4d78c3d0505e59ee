// Names and texts of the fake driver's errors.
#include <stdio.h>

#include "abi.h"

API cuGetErrorString(CUresult r, const char **s) {
  switch (r) {
  case CUDA_SUCCESS: *s = "no error"; break;
  case CUDA_ERROR_OUT_OF_MEMORY: *s = "out of memory"; break;
  case CUDA_ERROR_INVALID_PTX: *s = "a PTX JIT compilation failed"; break;
  case CUDA_ERROR_UNSUPPORTED_PTX_VERSION: *s = "the provided PTX was compiled with an unsupported toolchain."; break;
  case CUDA_ERROR_ILLEGAL_ADDRESS: *s = "an illegal memory access was encountered"; break;
  case CUDA_ERROR_MISALIGNED_ADDRESS: *s = "misaligned address"; break;
  case CUDA_ERROR_LAUNCH_TIMEOUT: *s = "the launch timed out and was terminated"; break;
  case CUDA_ERROR_LAUNCH_FAILED: *s = "unspecified launch failure"; break;
  default:
    static thread_local char text[48];
    snprintf(text, sizeof text, "error %d of the fake driver", r);
    *s = text;
  }
  return CUDA_SUCCESS;
}
API cuGetErrorName(CUresult r, const char **s) {
  static thread_local char text[32];
  snprintf(text, sizeof text, "CUDA_ERROR_%d", r);
  *s = text;
  return CUDA_SUCCESS;
}
