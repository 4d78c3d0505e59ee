/* A libcuda.a whose entry points look for the driver, libcuda.so.1, when one is first called: a program that is linked with
 * it starts on any machine and says there what is missing.
 *
 * cuInit answers success even where there is no driver, or one that refuses to start: the init() of gorgonia.org/cu ends the
 * process otherwise. What went wrong is the answer of every other call, so that the program hears of it from cu.NumDevices.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "cuda.h"

static void *driver;
static CUresult started = CUDA_ERROR_NOT_INITIALIZED;
static char why[512];                   /* why started is no success */
static _Thread_local const char *absent; /* symbol that this thread called last, of those that the driver lacks */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* PMPD_LIBCUDA names another file: a driver outside the loader's path, or the emulated one of gpu/emu. */
static void open_driver(void) {
  const char *named = getenv("PMPD_LIBCUDA");
  const char *files[] = {"libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1", "/usr/local/nvidia/lib64/libcuda.so.1"};
  if (named && *named) {
    driver = dlopen(named, RTLD_NOW | RTLD_LOCAL);
    if (!driver) snprintf(why, sizeof why, "PMPD_LIBCUDA: %s", dlerror());
  } else {
    for (size_t i = 0; !driver && i < sizeof files / sizeof *files; i++) {
      driver = dlopen(files[i], RTLD_NOW | RTLD_LOCAL);
      if (!driver && i == 0) snprintf(why, sizeof why, "the NVIDIA driver is not installed: %s", dlerror());
    }
  }
  if (!driver) {
    started = CUDA_ERROR_NO_DEVICE;
    return;
  }
  CUresult (*init)(unsigned) = (CUresult(*)(unsigned))dlsym(driver, "cuInit");
  if (!init) {
    started = CUDA_ERROR_SHARED_OBJECT_INIT_FAILED;
    snprintf(why, sizeof why, "%s is no CUDA driver: it has no cuInit", named && *named ? named : "libcuda.so.1");
    return;
  }
  /* Kernels are loaded with their module, not when they are first launched: that may be while a stream is captured, where
   * loading is not allowed. Who has set it otherwise knows why. */
  setenv("CUDA_MODULE_LOADING", "EAGER", 0);
  started = init(0);
  if (!started) return;
  const char *text = NULL;
  CUresult (*say)(CUresult, const char **) = (CUresult(*)(CUresult, const char **))dlsym(driver, "cuGetErrorString");
  if (say) say(started, &text);
  snprintf(why, sizeof why, "the NVIDIA driver does not start: cuInit: %s (%d)", text ? text : "unknown error", (int)started);
}

/* Not part of the driver API. */
const char *pmpdsim_driver_why(void) {
  pthread_once(&once, open_driver);
  return why;
}
const char *pmpdsim_driver_absent(void) { return absent ? absent : ""; }

CUresult cuInit(unsigned int flags) {
  (void)flags;
  pthread_once(&once, open_driver);
  return CUDA_SUCCESS;
}

static void *find(const char *symbol, CUresult *answer) {
  pthread_once(&once, open_driver);
  *answer = started;
  if (started) return NULL;
  void *f = dlsym(driver, symbol);
  if (f) return f;
  absent = symbol;
  *answer = CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND;
  return NULL;
}

/* Every entry point looks its symbol up once; two threads that do so at the same time store the same. */
#define X(api, symbol, params, args)                                     \
  CUresult symbol params {                                               \
    static CUresult(*slot_) params;                                      \
    CUresult(*call_) params = __atomic_load_n(&slot_, __ATOMIC_ACQUIRE); \
    if (!call_) {                                                        \
      CUresult answer_;                                                  \
      call_ = (CUresult(*) params)find(#symbol, &answer_);               \
      if (!call_) return answer_;                                        \
      __atomic_store_n(&slot_, call_, __ATOMIC_RELEASE);                 \
    }                                                                    \
    return call_ args;                                                   \
  }
#include "cuda_api.def"
