// A libcuda.so for machines without a GPU: "device" memory is the host's, and a kernel that the loaded PTX names runs as the
// host build of the same source. For tests: PMPD_LIBCUDA=.../libfakecuda.so. Work is done when it is put on a stream; events
// read the host's clock, so no time from here says anything of a GPU.
//
//	PMPD_FAKE_DEVICES  number of GPUs (1)          PMPD_FAKE_MEMORY  bytes of GPU memory (4 GiB)
//	PMPD_FAKE_DRIVER   version of the API (12060)  PMPD_FAKE_CC      compute capability (9.0)
//	PMPD_FAKE_GRAPHS   file to which the nodes of captured graphs are written
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "abi.h"
#include "isa.h"
#include "registry.h"
#include "settings.h"

struct Context { int users = 0; };
struct Module { std::string ptx; };
struct Function { const emu::Kernel *kernel; int max_threads, target, dynamic = 0; }; // target: of its PTX
using Work = std::function<CUresult()>;
struct Node { Work work; std::string name; bool kernel, early; }; // name: of a kernel, or event, memory, graph; early: see launch
struct Graph { std::vector<Node> nodes; };
struct Exec { std::vector<Node> nodes; };
struct Event { std::chrono::steady_clock::time_point at; bool timed = true, set = false; };
struct Stream { Graph *capture = nullptr; int mode = 0; pthread_t owner{}; };

namespace {
std::recursive_mutex mu; // one call at a time: a driver's state is one
Context context;
thread_local CUcontext current;
thread_local int capturing; // streams that this thread captures in a mode that forbids unsafe calls
Stream null_stream;
CUresult broken; // a kernel's fault: every later call answers it, as on a GPU
size_t used;
std::map<CUdeviceptr, size_t> blocks;
std::map<void *, size_t> pinned;

Stream *of(CUstream s) { return s ? s : &null_stream; }
CUresult ready() { return !current ? CUDA_ERROR_INVALID_CONTEXT : broken; }
// Allocations and the like are refused while a stream is captured; the capture is lost on a GPU, too.
CUresult safe() { return capturing ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : ready(); }

CUresult enqueue(CUstream s, Work work, const char *name = "memory", bool kernel = false, bool early = false) {
  std::lock_guard<std::recursive_mutex> lock(mu);
  if (CUresult r = ready()) return r;
  if (!s && capturing) return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
  Stream *q = of(s);
  if (!q->capture) return work();
  if (q->mode != CAPTURE_RELAXED && !pthread_equal(q->owner, pthread_self())) return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
  q->capture->nodes.push_back({std::move(work), name, kernel, early});
  return CUDA_SUCCESS;
}

// A copy or fill of n bytes; device sides must lie inside an allocation.
CUresult move(void *to, const void *from, size_t n, bool to_device, bool from_device) {
  if (n == 0) return CUDA_SUCCESS;
  if ((to_device && !emu::allocated(to, n)) || (from_device && !emu::allocated(from, n))) return CUDA_ERROR_INVALID_VALUE;
  memcpy(to, from, n);
  return CUDA_SUCCESS;
}
template <class T> CUresult fill(CUdeviceptr to, T v, size_t n) {
  if (to % sizeof(T) || !emu::allocated((void *)to, n * sizeof(T))) return CUDA_ERROR_INVALID_VALUE;
  for (size_t i = 0; i < n; i++) ((T *)to)[i] = v;
  return CUDA_SUCCESS;
}

CUresult run(const emu::Kernel *k, const emu::Launch &shape, const std::vector<u8> &args) {
  while (plays("PMPD_FAKE_HANG", k->name)) pause();
  if (plays("PMPD_FAKE_FAULT", k->name)) return broken = CUDA_ERROR_ILLEGAL_ADDRESS;
  struct Call { const emu::Kernel *k; const u8 *args; } call{k, args.data()};
  emu::Launch l = shape;
  l.body = [](void *p) { ((Call *)p)->k->call(((Call *)p)->args); };
  l.arg = &call;
  emu::Fault f = emu::run(l);
  if (!f.code) return CUDA_SUCCESS;
  fprintf(stderr, "fake driver: %s\n", f.text.c_str());
  return broken = f.code;
}
} // namespace

API cuInit(unsigned) { return env("PMPD_FAKE_DEVICES", 1) > 0 ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE; }
API cuDriverGetVersion(int *v) { *v = (int)env("PMPD_FAKE_DRIVER", 12060); return CUDA_SUCCESS; }
API cuDeviceGetCount(int *n) { *n = (int)env("PMPD_FAKE_DEVICES", 1); return CUDA_SUCCESS; }
API cuDeviceGet(CUdevice *d, int i) {
  if (i < 0 || i >= env("PMPD_FAKE_DEVICES", 1)) return CUDA_ERROR_INVALID_DEVICE;
  *d = i;
  return CUDA_SUCCESS;
}
API cuDeviceGetName(char *s, int n, CUdevice) { snprintf(s, n, "emulated GPU (host)"); return CUDA_SUCCESS; }
API cuDeviceGetUuid(char *s, CUdevice d) { memset(s, d, 16); return CUDA_SUCCESS; }
API cuDeviceTotalMem_v2(size_t *b, CUdevice) { *b = memory(); return CUDA_SUCCESS; }
API cuDeviceGetAttribute(int *v, int a, CUdevice) {
  switch (a) { // of no GPU: small numbers that nothing should take for measured ones
  case MAX_THREADS_PER_BLOCK: case MAX_BLOCK_DIM_X: case MAX_BLOCK_DIM_Y: *v = 1024; break;
  case MAX_BLOCK_DIM_Z: *v = 64; break;
  case MAX_GRID_DIM_X: *v = 0x7fffffff; break;
  case MAX_GRID_DIM_Y: case MAX_GRID_DIM_Z: *v = 65535; break;
  case MAX_SHARED_MEMORY_PER_BLOCK: case MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: *v = 48 << 10; break;
  case WARP_SIZE: *v = 32; break;
  case MULTIPROCESSOR_COUNT: *v = (int)env("PMPD_FAKE_SMS", 2); break;
  case CLOCK_RATE: case MEMORY_CLOCK_RATE: *v = 1000; break;
  case GLOBAL_MEMORY_BUS_WIDTH: *v = 64; break;
  case L2_CACHE_SIZE: *v = 1 << 20; break;
  case MAX_THREADS_PER_MULTIPROCESSOR: *v = 2048; break;
  case CC_MAJOR: *v = capability() / 10; break;
  case CC_MINOR: *v = capability() % 10; break;
  default: *v = 0;
  }
  return CUDA_SUCCESS;
}

// A context takes its memory with it, and what a kernel has broken.
static void end_context() {
  std::lock_guard<std::recursive_mutex> lock(mu);
  for (auto &b : blocks) {
    emu::note_allocation((void *)b.first, 0);
    free((void *)b.first);
  }
  blocks.clear();
  used = 0;
  broken = CUDA_SUCCESS;
}
API cuCtxCreate_v2(CUcontext *c, unsigned, CUdevice) { broken = CUDA_SUCCESS; *c = current = &context; return CUDA_SUCCESS; }
API cuCtxDestroy_v2(CUcontext c) { end_context(); if (current == c) current = nullptr; return CUDA_SUCCESS; }
API cuDevicePrimaryCtxRetain(CUcontext *c, CUdevice) { *c = &context; context.users++; return CUDA_SUCCESS; }
API cuDevicePrimaryCtxRelease_v2(CUdevice) { if (--context.users == 0) end_context(); return CUDA_SUCCESS; }
API cuDevicePrimaryCtxReset_v2(CUdevice) { end_context(); return CUDA_SUCCESS; }
API cuCtxSetCurrent(CUcontext c) { current = c; return CUDA_SUCCESS; }
API cuCtxGetCurrent(CUcontext *c) { *c = current; return CUDA_SUCCESS; }
API cuCtxPushCurrent_v2(CUcontext c) { current = c; return CUDA_SUCCESS; }
API cuCtxPopCurrent_v2(CUcontext *c) { if (c) *c = current; current = nullptr; return CUDA_SUCCESS; }
API cuCtxGetDevice(CUdevice *d) { *d = 0; return ready(); }
API cuCtxGetApiVersion(CUcontext, unsigned *v) { *v = 3020; return CUDA_SUCCESS; }
API cuCtxSynchronize() { return safe(); }
API cuCtxSetCacheConfig(int) { return ready(); }
API cuCtxGetStreamPriorityRange(int *least, int *greatest) { if (least) *least = 0; if (greatest) *greatest = 0; return ready(); }

API cuMemGetInfo_v2(size_t *left, size_t *total) {
  std::lock_guard<std::recursive_mutex> lock(mu);
  *total = memory();
  *left = *total > used ? *total - used : 0;
  return ready();
}
API cuMemAlloc_v2(CUdeviceptr *p, size_t n) {
  std::lock_guard<std::recursive_mutex> lock(mu);
  if (CUresult r = safe()) return r;
  if (n == 0) return CUDA_ERROR_INVALID_VALUE;
  if (used + n > memory()) return CUDA_ERROR_OUT_OF_MEMORY;
  void *m = aligned_alloc(256, (n + 511) / 256 * 256); // at least a byte between two: neighbours do not look like one allocation
  if (!m) return CUDA_ERROR_OUT_OF_MEMORY;
  memset(m, 0xff, n); // NaN, as binary16 and as binary32
  emu::note_allocation(m, n);
  used += n;
  blocks[*p = (CUdeviceptr)m] = n;
  return CUDA_SUCCESS;
}
API cuMemFree_v2(CUdeviceptr p) {
  std::lock_guard<std::recursive_mutex> lock(mu);
  if (!p) return CUDA_SUCCESS;
  if (CUresult r = current ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT) return r;
  if (capturing) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  auto b = blocks.find(p);
  if (b == blocks.end()) return CUDA_ERROR_INVALID_VALUE;
  used -= b->second;
  blocks.erase(b);
  emu::note_allocation((void *)p, 0);
  free((void *)p);
  return broken;
}
API cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *n, CUdeviceptr p) {
  std::lock_guard<std::recursive_mutex> lock(mu);
  auto b = blocks.upper_bound(p);
  if (b == blocks.begin() || p >= (--b)->first + b->second) return CUDA_ERROR_NOT_FOUND;
  if (base) *base = b->first;
  if (n) *n = b->second;
  return ready();
}
API cuMemHostAlloc(void **p, size_t n, unsigned) {
  std::lock_guard<std::recursive_mutex> lock(mu);
  if (CUresult r = safe()) return r;
  if (n == 0) return CUDA_ERROR_INVALID_VALUE;
  *p = aligned_alloc(4096, (n + 4095) / 4096 * 4096);
  pinned[*p] = n;
  emu::note_allocation(*p, n); // kernels may read and write it: addresses are unified
  return CUDA_SUCCESS;
}
API cuMemAllocHost_v2(void **p, size_t n) { return cuMemHostAlloc(p, n, 0); }
API cuMemFreeHost(void *p) {
  std::lock_guard<std::recursive_mutex> lock(mu);
  if (!pinned.erase(p)) return CUDA_ERROR_INVALID_VALUE;
  emu::note_allocation(p, 0);
  free(p);
  return CUDA_SUCCESS;
}
API cuMemHostGetDevicePointer_v2(CUdeviceptr *d, void *p, unsigned) { *d = (CUdeviceptr)p; return ready(); }
API cuMemHostRegister_v2(void *, size_t, unsigned) { return ready(); }
API cuMemHostUnregister(void *) { return ready(); }

#define COPY(name, to_type, from_type, to_device, from_device)                                                      \
  API name##_v2(to_type to, from_type from, size_t n) {                                                             \
    return capturing ? CUDA_ERROR_STREAM_CAPTURE_IMPLICIT : enqueue(nullptr, [=] { return move((void *)to, (const void *)from, n, to_device, from_device); }); \
  }                                                                                                                 \
  API name##Async_v2(to_type to, from_type from, size_t n, CUstream s) {                                            \
    return enqueue(s, [=] { return move((void *)to, (const void *)from, n, to_device, from_device); });             \
  }
COPY(cuMemcpyHtoD, CUdeviceptr, const void *, true, false)
COPY(cuMemcpyDtoH, void *, CUdeviceptr, false, true)
COPY(cuMemcpyDtoD, CUdeviceptr, CUdeviceptr, true, true)
#define FILL(bits, type)                                                                                                    \
  API cuMemsetD##bits##_v2(CUdeviceptr to, type v, size_t n) { return enqueue(nullptr, [=] { return fill<type>(to, v, n); }); } \
  API cuMemsetD##bits##Async(CUdeviceptr to, type v, size_t n, CUstream s) { return enqueue(s, [=] { return fill<type>(to, v, n); }); }
FILL(8, unsigned char)
FILL(16, unsigned short)
FILL(32, unsigned int)

// Options come in an array of pointers whose values, for sizes, are the numbers themselves.
static void log_to(unsigned n, const int *options, void **values, const std::string &text) {
  char *buf = nullptr;
  size_t size = 0;
  for (unsigned i = 0; i < n; i++) {
    if (options[i] == JIT_ERROR_LOG) buf = (char *)values[i];
    if (options[i] == JIT_ERROR_SIZE) size = (size_t)(uintptr_t)values[i];
  }
  if (buf && size) snprintf(buf, size, "%s", text.c_str());
}
API cuModuleLoadDataEx(CUmodule *m, const void *image, unsigned n, int *options, void **values) {
  std::lock_guard<std::recursive_mutex> lock(mu);
  if (CUresult r = safe()) return r;
  std::string s((const char *)image);
  size_t v = s.find(".version "), t = s.find(".target sm_");
  if (v == std::string::npos || t == std::string::npos) return log_to(n, options, values, "no .version or .target"), CUDA_ERROR_INVALID_IMAGE;
  int major = 0, minor = 0, sm = 0, api = 0;
  sscanf(s.c_str() + v, ".version %d.%d", &major, &minor);
  sscanf(s.c_str() + t, ".target sm_%d", &sm);
  cuDriverGetVersion(&api);
  if (major * 10 + minor > isa_of(api)) {
    log_to(n, options, values, "Unsupported .version " + std::to_string(major) + "." + std::to_string(minor));
    return CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
  }
  if (sm > capability()) {
    log_to(n, options, values, "SM version specified by .target is higher than default SM version assumed");
    return CUDA_ERROR_INVALID_PTX;
  }
  *m = new Module{s};
  return CUDA_SUCCESS;
}
API cuModuleLoadData(CUmodule *m, const void *image) { return cuModuleLoadDataEx(m, image, 0, nullptr, nullptr); }
API cuModuleUnload(CUmodule m) { delete m; return CUDA_SUCCESS; }
API cuModuleGetFunction(CUfunction *f, CUmodule m, const char *name) {
  std::lock_guard<std::recursive_mutex> lock(mu);
  if (CUresult r = ready()) return r;
  size_t i = m->ptx.find(std::string(".entry ") + name + "(");
  const emu::Kernel *k = emu::find_kernel(name);
  if (i == std::string::npos || !k) return CUDA_ERROR_NOT_FOUND;
  std::string kinds; // PTX and host build must agree on the parameters
  size_t end = m->ptx.find(")", i), body = m->ptx.find("{", end);
  for (size_t p = i; (p = m->ptx.find(".param .", p + 1)) < end;) {
    std::string type = m->ptx.substr(p + 8, 3);
    kinds += type == "u64" || type == "b64" ? 'p' : type == "f32" ? 'f' : 'u';
  }
  if (kinds != k->kinds) {
    fprintf(stderr, "fake driver: %s takes %s in the PTX and %s in the host build\n", name, kinds.c_str(), k->kinds.c_str());
    return CUDA_ERROR_INVALID_SOURCE;
  }
  int max = 1024; // .maxntid x, y, z
  if (size_t at = m->ptx.find(".maxntid", end); at < body) {
    int x = 1, y = 1, z = 1;
    sscanf(m->ptx.c_str() + at, ".maxntid %d, %d, %d", &x, &y, &z);
    max = x * y * z;
  }
  int target = 0;
  sscanf(m->ptx.c_str() + m->ptx.find(".target sm_"), ".target sm_%d", &target);
  *f = new Function{k, max, target};
  return CUDA_SUCCESS;
}
API cuFuncGetAttribute(int *v, int a, CUfunction f) {
  *v = a == FUNC_MAX_THREADS ? f->max_threads : a == FUNC_PTX ? 78 : a == FUNC_BINARY ? capability() : a == FUNC_MAX_DYNAMIC ? f->dynamic : 0;
  return ready();
}
API cuFuncSetAttribute(CUfunction f, int a, int v) {
  if (a != FUNC_MAX_DYNAMIC || v < 0 || v > 227 << 10) return CUDA_ERROR_INVALID_VALUE;
  f->dynamic = v;
  return ready();
}
API cuFuncSetCacheConfig(CUfunction, int) { return ready(); }
API cuOccupancyMaxActiveBlocksPerMultiprocessor(int *n, CUfunction f, int block, size_t) {
  *n = block > 0 && block <= f->max_threads ? 2048 / block : 0;
  return ready();
}

// early: it may begin before the kernel before it in the stream ends. In a graph that is an edge between two kernels, from CUDA 12.3 on.
static CUresult launch(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, CUstream s,
                       void **params, void **extra, bool early) {
  if (!f) return CUDA_ERROR_INVALID_HANDLE;
  if (!gx || !gy || !gz || gy > 65535 || gz > 65535 || !bx || !by || !bz || bx > 1024 || by > 1024 || bz > 64 || extra) return CUDA_ERROR_INVALID_VALUE;
  if (bx * by * bz > 1024 || shared > (f->dynamic ? (unsigned)f->dynamic : 48u << 10) || shared > 98u << 10) return CUDA_ERROR_INVALID_VALUE;
  if (bx * by * bz > (unsigned)f->max_threads) return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  if (early && (capability() < 90 || f->target < 90)) return CUDA_ERROR_INVALID_VALUE;
  if (Graph *g = of(s)->capture; early && g && (env("PMPD_FAKE_DRIVER", 12060) < 12030 || g->nodes.empty() || !g->nodes.back().kernel))
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  const emu::Kernel *k = f->kernel;
  std::vector<u8> args = k->pack(params); // values are taken now, as a driver does
  emu::Launch shape{k->name, {gx, gy, gz}, {bx, by, bz}, nullptr, nullptr, shared, early};
  return enqueue(s, [=] { return run(k, shape, args); }, k->name, true, early);
}
API cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, CUstream s,
                   void **params, void **extra) {
  return launch(f, gx, gy, gz, bx, by, bz, shared, s, params, extra, false);
}
API cuLaunchKernelEx(const CUlaunchConfig *c, CUfunction f, void **params, void **extra) {
  bool early = false;
  for (unsigned i = 0; i < c->n; i++) {
    if (c->attrs[i].id != PROGRAMMATIC_STREAM_SERIALIZATION) return CUDA_ERROR_INVALID_VALUE; // no other is known here
    early = c->attrs[i].value.number;
  }
  return launch(f, c->gx, c->gy, c->gz, c->bx, c->by, c->bz, c->shared, c->stream, params, extra, early);
}

API cuStreamCreate(CUstream *s, unsigned) { *s = new Stream; return ready(); }
API cuStreamCreateWithPriority(CUstream *s, unsigned flags, int) { return cuStreamCreate(s, flags); }
API cuStreamDestroy_v2(CUstream s) { delete s; return CUDA_SUCCESS; }
API cuStreamSynchronize(CUstream s) { return of(s)->capture ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : ready(); }
API cuStreamQuery(CUstream s) { return cuStreamSynchronize(s); }
API cuStreamWaitEvent(CUstream, CUevent, unsigned) { return ready(); }

API cuEventCreate(CUevent *e, unsigned flags) { *e = new Event{{}, !(flags & EVENT_DISABLE_TIMING), false}; return ready(); }
API cuEventDestroy_v2(CUevent e) { delete e; return CUDA_SUCCESS; }
API cuEventRecordWithFlags(CUevent e, CUstream s, unsigned flags) {
  // without EXTERNAL an event in a capture is an edge of the graph, and never gets a time
  if (of(s)->capture && !(flags & EVENT_RECORD_EXTERNAL)) return ready();
  return enqueue(s, [=] {
    e->at = std::chrono::steady_clock::now();
    e->set = true;
    return CUDA_SUCCESS;
  }, "event");
}
API cuEventRecord(CUevent e, CUstream s) { return cuEventRecordWithFlags(e, s, 0); }
API cuEventSynchronize(CUevent) { return ready(); }
API cuEventQuery(CUevent) { return ready(); }
API cuEventElapsedTime(float *ms, CUevent a, CUevent b) {
  if (!a->timed || !b->timed || !a->set || !b->set) return CUDA_ERROR_INVALID_HANDLE;
  *ms = std::chrono::duration<float, std::milli>(b->at - a->at).count();
  return ready();
}

API cuStreamBeginCapture_v2(CUstream s, int mode) {
  if (!s) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (s->capture) return CUDA_ERROR_ILLEGAL_STATE;
  s->capture = new Graph;
  s->mode = mode;
  s->owner = pthread_self();
  capturing += mode != CAPTURE_RELAXED;
  return ready();
}
// A line for each graph that is captured: its nodes in the order of the stream, " > " between two where the second waits for the first to
// end, " ~ " where it may begin earlier.
static void tell(const Graph &g) {
  const char *path = getenv("PMPD_FAKE_GRAPHS");
  FILE *to = path && *path ? fopen(path, "a") : nullptr;
  if (!to) return;
  for (size_t i = 0; i < g.nodes.size(); i++) fprintf(to, "%s%s", !i ? "" : g.nodes[i].early ? " ~ " : " > ", g.nodes[i].name.c_str());
  fputc('\n', to);
  fclose(to);
}
API cuStreamEndCapture(CUstream s, CUgraph *g) {
  if (!s || !s->capture) return CUDA_ERROR_ILLEGAL_STATE;
  if (s->mode != CAPTURE_RELAXED && !pthread_equal(s->owner, pthread_self())) return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
  *g = s->capture;
  s->capture = nullptr;
  tell(**g);
  capturing -= s->mode != CAPTURE_RELAXED;
  return ready();
}
API cuStreamIsCapturing(CUstream s, int *status) { *status = of(s)->capture != nullptr; return ready(); }
API cuGraphGetNodes(CUgraph g, CUgraphNode *nodes, size_t *n) {
  for (size_t i = 0; nodes && i < *n && i < g->nodes.size(); i++) nodes[i] = &g->nodes[i];
  *n = g->nodes.size();
  return ready();
}
API cuGraphInstantiateWithFlags(CUgraphExec *x, CUgraph g, unsigned long long) { *x = new Exec{g->nodes}; return ready(); }
API cuGraphUpload(CUgraphExec, CUstream) { return ready(); }
API cuGraphLaunch(CUgraphExec x, CUstream s) {
  return enqueue(s, [=] {
    for (auto &node : x->nodes)
      if (CUresult r = node.work()) return r;
    return (CUresult)CUDA_SUCCESS;
  }, "graph");
}
API cuGraphDestroy(CUgraph g) { delete g; return CUDA_SUCCESS; }
API cuGraphExecDestroy(CUgraphExec x) { delete x; return CUDA_SUCCESS; }
