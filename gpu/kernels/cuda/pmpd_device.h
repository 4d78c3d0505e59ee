// All that a kernel here may use. Three compilers read the kernels:
//   clang -x cuda --cuda-device-only -nocudainc -nocudalib   the committed PTX, without a toolkit
//   nvcc                                                     for comparison, where there is one
//   a host C++17 compiler with -DPMPD_EMU                    the emulator, with gpu/emu/device.h in this file's place
#pragma once
#ifdef PMPD_EMU
#include "device.h"
#else

#if defined(__clang__) && !defined(__NVCC__)
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __forceinline__ __inline__ __attribute__((always_inline))
#define PMPD_TID_X __nvvm_read_ptx_sreg_tid_x()
#define PMPD_TID_Y __nvvm_read_ptx_sreg_tid_y()
#define PMPD_CTA_X __nvvm_read_ptx_sreg_ctaid_x()
#define PMPD_CTA_Y __nvvm_read_ptx_sreg_ctaid_y()
#define PMPD_NCTA_X __nvvm_read_ptx_sreg_nctaid_x()
extern "C" __device__ void __syncthreads(); // a builtin of clang
#else
#define PMPD_TID_X threadIdx.x
#define PMPD_TID_Y threadIdx.y
#define PMPD_CTA_X blockIdx.x
#define PMPD_CTA_Y blockIdx.y
#define PMPD_NCTA_X gridDim.x
#endif
#define PMPD_SYNC() __syncthreads()
#define PMPD_SYNC_WARP() asm volatile("bar.warp.sync 0xffffffff;" ::: "memory") // also orders its memory accesses

typedef unsigned char u8;
typedef unsigned short u16; // also: the bits of a binary16 number
typedef unsigned int u32;
typedef unsigned long long u64;
struct alignas(16) vec4 { u32 x, y, z, w; };
struct alignas(8) vec2 { u32 x, y; };

#define DEV static __device__ __forceinline__
#define MEMBER __device__ __forceinline__
#define KERNEL extern "C" __global__

// ---- global memory ----
template <class T> DEV T ld(const T *p) { return *p; }
template <class T> DEV void st(T *p, T v) { *p = v; }
// Weights are read once: no room in L1 for them.
// Bytes behind p go into the instruction: an inline assembly's operand is a register otherwise.
template <int Bytes = 0> DEV u32 ldg_stream(const u32 *p) {
  u32 v;
  asm volatile("ld.global.nc.L1::no_allocate.b32 %0, [%1+%2];" : "=r"(v) : "l"(p), "n"(Bytes));
  return v;
}
DEV vec4 ldg_stream4(const void *p) {
  vec4 v;
  asm volatile("ld.global.L1::no_allocate.v4.b32 {%0,%1,%2,%3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p));
  return v;
}
// Activations are read by every warp: L1 keeps them. Not by ld.global.nc, here and above: the kernel that writes them may still be running
// when this one begins (wait_for_previous), and that instruction is for what nobody writes.
template <int Bytes = 0> DEV vec4 ldg_keep4(const void *p) {
  vec4 v;
  asm volatile("ld.global.v4.b32 {%0,%1,%2,%3}, [%4+%5];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p), "n"(Bytes));
  return v;
}
// What this thread wrote before is seen by whoever reads a later number; what others wrote before theirs, by this thread.
DEV u32 atomic_inc_release_acquire(u32 *p) {
  u32 r;
  asm volatile("atom.acq_rel.gpu.global.add.u32 %0, [%1], 1;" : "=r"(r) : "l"(p) : "memory");
  return r;
}
// A line of 128 bytes to the L2 cache.
DEV void prefetch(const void *p) { asm volatile("prefetch.global.L2 [%0];" ::"l"(p)); }
// Programmatic dependent launch, of compute capability 9.0: a kernel that was launched for it begins while the one before it in the stream
// still runs, and waits here until that has ended and what it wrote is seen. Before, it may read what no kernel writes, and write nothing.
DEV void wait_for_previous() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
// When all blocks have come here, the kernel behind this one in the stream may begin, if it was launched for it.
DEV void let_next_begin() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}
DEV void fence() { asm volatile("fence.acq_rel.gpu;" ::: "memory"); }

// ---- shared memory ----
#define SHARED(T, name, n) __shared__ __attribute__((aligned(16))) T name[n]
// From so many bytes on of what the launch asks for.
#define DYNAMIC(T, name, offset)                                       \
  extern __shared__ __attribute__((aligned(16))) u8 dynamic_memory[]; \
  T *name = (T *)(dynamic_memory + (offset))
template <class T> DEV u32 smem_addr(const T *a, u32 i) {
  u32 r;
  asm("{ .reg .u64 t; cvta.to.shared.u64 t, %1; cvt.u32.u64 %0, t; }" : "=r"(r) : "l"(a + i));
  return r;
}
// Eight binary16 values; i is a multiple of 8.
DEV void store8(u16 *a, u32 i, const vec4 &v) { *(vec4 *)(a + i) = v; }
DEV vec4 load8(const u16 *a, u32 i) { return *(const vec4 *)(a + i); }
DEV u32 lds16(u32 smem) {
  u16 v;
  asm volatile("ld.shared.b16 %0, [%1];" : "=h"(v) : "r"(smem) : "memory");
  return v;
}
DEV void cp_async16(u32 smem, const void *gmem) { // sm_80
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(smem), "l"(gmem) : "memory");
}
DEV void cp_async8(u32 smem, const void *gmem) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(smem), "l"(gmem) : "memory");
}
DEV void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int N> DEV void cp_async_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory"); }

// ---- lanes ----
DEV u32 shfl_xor(u32 v, int m) {
  u32 r;
  asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 31, 0xffffffff;" : "=r"(r) : "r"(v), "r"(m));
  return r;
}
// From a lane of the same half of the warp; only the low four bits of `from` count (segment mask 0x10, bound 0x1f).
DEV u32 shfl_half(u32 v, u32 from) {
  u32 r;
  asm volatile("shfl.sync.idx.b32 %0, %1, %2, 0x101f, 0xffffffff;" : "=r"(r) : "r"(v), "r"(from));
  return r;
}
DEV float u32_as_f32(u32 v) { float f; asm("mov.b32 %0, %1;" : "=f"(f) : "r"(v)); return f; }
DEV u32 f32_as_u32(float f) { u32 v; asm("mov.b32 %0, %1;" : "=r"(v) : "f"(f)); return v; }

// ---- arithmetic ----
DEV u32 prmt(u32 a, u32 b, u32 s) { u32 r; asm("prmt.b32 %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b), "r"(s)); return r; }
// Bits of a where the mask is set, else of b: one lop3 (its table: 0xf0 is the mask, 0xcc is a, 0xaa is b).
DEV u32 select(u32 mask, u32 a, u32 b) {
  u32 r;
  asm("lop3.b32 %0, %1, %2, %3, 0xca;" : "=r"(r) : "r"(mask), "r"(a), "r"(b));
  return r;
}
// (a & mask) | b, one lop3.
DEV u32 and_or(u32 a, u32 mask, u32 b) {
  u32 r;
  asm("lop3.b32 %0, %1, %2, %3, 0xea;" : "=r"(r) : "r"(a), "r"(mask), "r"(b));
  return r;
}
// c and the sum of products of four bytes of a and b; beside the integer units, as multiplications are [A].
DEV u32 dot4(u32 a, u32 b, u32 c) { u32 r; asm("dp4a.u32.u32 %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b), "r"(c)); return r; }
// p and times·bytes behind it, in one multiply-add beside the integer units.
template <class T> DEV const T *behind(const T *p, u32 times, u32 bytes) {
  const T *r;
  asm("mad.wide.u32 %0, %1, %2, %3;" : "=l"(r) : "r"(bytes), "r"(times), "l"(p));
  return r;
}
DEV u32 hfma2(u32 a, u32 b, u32 c) { u32 r; asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b), "r"(c)); return r; }
DEV u32 hmul2(u32 a, u32 b) { u32 r; asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b)); return r; }
DEV float fma32(float a, float b, float c) { float r; asm("fma.rn.f32 %0, %1, %2, %3;" : "=f"(r) : "f"(a), "f"(b), "f"(c)); return r; }
DEV float h2f(u16 h) { float f; asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(h)); return f; }
DEV u16 f2h(float f) { u16 h; asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(f)); return h; }
DEV float h2lo(u32 v) { float f; asm("{ .reg .b16 l, h; mov.b32 {l, h}, %1; cvt.f32.f16 %0, l; }" : "=f"(f) : "r"(v)); return f; }
DEV float h2hi(u32 v) { float f; asm("{ .reg .b16 l, h; mov.b32 {l, h}, %1; cvt.f32.f16 %0, h; }" : "=f"(f) : "r"(v)); return f; }
// Both halves where it stands: a compiler keeps the results of h2lo and h2hi in registers, if it can compute them before a loop.
DEV void widen2_here(float &lo, float &hi, u32 v) {
  asm volatile("{ .reg .b16 l, h; mov.b32 {l, h}, %2; cvt.f32.f16 %0, l; cvt.f32.f16 %1, h; }" : "=f"(lo), "=f"(hi) : "r"(v));
}
DEV u32 pack2(float lo, float hi) { // the first operand of cvt is the upper half
  u32 r;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(hi), "f"(lo));
  return r;
}
// Approximations of the hardware, for softmax, norms and activations: a GPU and the emulator differ in their last bits.
DEV float exp2_fast(float x) { float r; asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x)); return r; }
DEV float log2_fast(float x) { float r; asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x)); return r; }
DEV float rsqrt_fast(float x) { float r; asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x)); return r; }

// ---- tensor cores (sm_80) ----
DEV void ldmatrix4(u32 r[4], u32 smem) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(smem) : "memory");
}
DEV void ldmatrix4_trans(u32 r[4], u32 smem) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(smem) : "memory");
}
DEV void mma16816(float c[4], const u32 a[4], const u32 b[2]) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif // !PMPD_EMU

// ---- for all three ----
DEV float warp_sum(float v) {
#pragma unroll
  for (int d = 16; d; d >>= 1) v += u32_as_f32(shfl_xor(f32_as_u32(v), d));
  return v;
}
// The kernel before this one in the stream has ended, and what it wrote is seen: every thread passes here before it touches anything
// that a kernel writes, and before it writes. Then the kernel behind this one may start, as far as there is room for it.
DEV void after_previous() {
  wait_for_previous();
  let_next_begin();
}
DEV float larger(float a, float b) { return a > b ? a : b; }
DEV u32 smaller(u32 a, u32 b) { return a < b ? a : b; }
DEV void widen8(float f[8], const vec4 &v) {
  f[0] = h2lo(v.x); f[1] = h2hi(v.x); f[2] = h2lo(v.y); f[3] = h2hi(v.y);
  f[4] = h2lo(v.z); f[5] = h2hi(v.z); f[6] = h2lo(v.w); f[7] = h2hi(v.w);
}
DEV void widen8_here(float f[8], const vec4 &v) {
  widen2_here(f[0], f[1], v.x); widen2_here(f[2], f[3], v.y); widen2_here(f[4], f[5], v.z); widen2_here(f[6], f[7], v.w);
}
DEV vec4 narrow8(const float f[8]) { return vec4{pack2(f[0], f[1]), pack2(f[2], f[3]), pack2(f[4], f[5]), pack2(f[6], f[7])}; }
// Four binary16 products and sums in each half, then binary32.
DEV float dot8(const vec4 &w, const vec4 &x) {
  u32 s = hmul2(w.x, x.x);
  s = hfma2(w.y, x.y, s);
  s = hfma2(w.z, x.z, s);
  s = hfma2(w.w, x.w, s);
  return h2lo(s) + h2hi(s);
}
constexpr float LOG2E = 1.4426950408889634f, LN2 = 0.6931471805599453f;
