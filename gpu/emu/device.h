// The host's side of kernels/cuda/pmpd_device.h: the same names, made from emu.h.
#pragma once
#include "emu.h"
#include "half.h"
#define __launch_bounds__(...)
#define DEV static inline
#define MEMBER inline
#define KERNEL extern "C" __attribute__((visibility("hidden")))

#define PMPD_TID_X emu::self->tid.x
#define PMPD_TID_Y emu::self->tid.y
#define PMPD_CTA_X emu::self->cta.x
#define PMPD_CTA_Y emu::self->cta.y
#define PMPD_NCTA_X emu::self->ncta.x
#define PMPD_SYNC() emu::block_barrier()
#define PMPD_SYNC_WARP() emu::warp_barrier()

// ---- global memory ----
template <class T> DEV T load(const T *p, bool constant) {
  emu::check(p, sizeof(T), alignof(T), "load");
  if (emu::follow_races) emu::follow_read(p, sizeof(T), constant);
  return *p;
}
template <class T> DEV T ld(const T *p) { return load(p, false); }
template <class T> DEV void st(T *p, T v) {
  emu::check(p, sizeof(T), alignof(T), "store", true);
  emu::note_store();
  if (emu::follow_races) emu::follow_write(p, sizeof(T));
  *p = v;
}
template <int Bytes = 0> DEV u32 ldg_stream(const u32 *p) { return load((const u32 *)((const u8 *)p + Bytes), true); }
DEV vec4 ldg_stream4(const void *p) { return load((const vec4 *)p, true); }
template <int Bytes = 0> DEV vec4 ldg_keep4(const void *p) { return load((const vec4 *)((const u8 *)p + Bytes), true); }
DEV u32 atomic_inc_release_acquire(u32 *p) {
  emu::check(p, 4, 4, "atomic", true);
  emu::note_release();
  if (emu::follow_races) emu::follow_release_acquire(p);
  return __atomic_fetch_add(p, 1, __ATOMIC_ACQ_REL);
}
DEV void prefetch(const void *p) { emu::check(p, 1, 1, "prefetch"); }
DEV void wait_for_previous() {
  emu::self->waited = true;
  if (emu::follow_races) emu::follow_wait();
}
DEV void let_next_begin() {}
DEV void fence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

// ---- shared memory ----
namespace emu {
template <class T> struct Word { // one element: reading and writing leave their marks
  u32 at;
  operator T() const {
    T v;
    memcpy(&v, shared_read(at, sizeof(T), alignof(T)), sizeof(T));
    return v;
  }
  const Word &operator=(T v) const {
    memcpy(shared_write(at, sizeof(T), alignof(T)), &v, sizeof(T));
    return *this;
  }
  const Word &operator=(const Word &o) const { return *this = (T)o; }
  const Word &operator+=(T v) const { return *this = (T)*this + v; }
};
template <class T> struct Array {
  u32 at, n;
  Array(u32 at, u32 n) : at(at), n(n) {}
  Word<T> operator[](u32 i) const {
    if (i >= n) fault(IllegalAddress, "element %u of an array of %u in shared memory", i, n);
    return {at + i * (u32)sizeof(T)};
  }
};
} // namespace emu
#define SHARED(T, name, n) emu::Array<T> name(emu::shared_declare(sizeof(T) * (n), 16), (n))
#define DYNAMIC(T, name, offset) emu::Array<T> name(emu::dynamic_at(offset), emu::dynamic_bytes(offset) / (u32)sizeof(T))
template <class T> DEV u32 smem_addr(const emu::Array<T> &a, u32 i) { return a[i].at; }
DEV void store8(const emu::Array<u16> &a, u32 i, const vec4 &v) { a[i + 7], memcpy(emu::shared_write(a[i].at, 16, 16), &v, 16); }
DEV vec4 load8(const emu::Array<u16> &a, u32 i) {
  vec4 v;
  a[i + 7], memcpy(&v, emu::shared_read(a[i].at, 16, 16), 16);
  return v;
}
DEV u32 lds16(u32 smem) {
  u16 v;
  memcpy(&v, emu::shared_read(smem, 2, 2), 2);
  return v;
}
DEV void cp_async16(u32 smem, const void *gmem) { emu::copy_async(smem, gmem, 16); }
DEV void cp_async8(u32 smem, const void *gmem) { emu::copy_async(smem, gmem, 8); }
DEV void cp_async_commit() { emu::copy_commit(); }
template <int N> DEV void cp_async_wait() { emu::copy_wait(N); }

// ---- lanes ----
DEV u32 shfl_xor(u32 v, int m) { return emu::exchange(&v, 1)[emu::self->lane ^ m][0]; }
// From a lane of the same half of the warp; only the low four bits of `from` count.
DEV u32 shfl_half(u32 v, u32 from) { return emu::exchange(&v, 1)[(emu::self->lane & 16) | (from & 15)][0]; }
DEV float u32_as_f32(u32 v) { float f; memcpy(&f, &v, 4); return f; }
DEV u32 f32_as_u32(float f) { u32 v; memcpy(&v, &f, 4); return v; }

// ---- arithmetic ----
DEV u32 prmt(u32 a, u32 b, u32 s) {
  u64 t = (u64)b << 32 | a;
  u32 r = 0;
  for (int i = 0; i < 4; i++) {
    u32 k = s >> (4 * i), v = t >> (8 * (k & 7)) & 255;
    if (k & 8) v = v & 128 ? 255 : 0; // copies of the byte's sign
    r |= v << (8 * i);
  }
  return r;
}
DEV u32 select(u32 mask, u32 a, u32 b) { return (a & mask) | (b & ~mask); }
DEV u32 and_or(u32 a, u32 mask, u32 b) { return (a & mask) | b; }
DEV u32 dot4(u32 a, u32 b, u32 c) {
  for (int i = 0; i < 32; i += 8) c += (a >> i & 255) * (b >> i & 255);
  return c;
}
template <class T> DEV const T *behind(const T *p, u32 times, u32 bytes) { return (const T *)((const u8 *)p + (u64)times * bytes); }
DEV float fma32(float a, float b, float c) { return fmaf(a, b, c); }
DEV float h2f(u16 h) { return emu::widen(h); }
DEV u16 f2h(float f) { return emu::narrow(f); }
DEV float h2lo(u32 v) { return h2f((u16)v); }
DEV float h2hi(u32 v) { return h2f((u16)(v >> 16)); }
DEV void widen2_here(float &lo, float &hi, u32 v) { lo = h2lo(v), hi = h2hi(v); }
DEV u32 pack2(float lo, float hi) { return f2h(lo) | (u32)f2h(hi) << 16; }
DEV u32 hfma2(u32 a, u32 b, u32 c) {
  return emu::multiply_add((u16)a, (u16)b, (u16)c) | (u32)emu::multiply_add(a >> 16, b >> 16, c >> 16) << 16;
}
DEV u32 hmul2(u32 a, u32 b) { return emu::multiply((u16)a, (u16)b) | (u32)emu::multiply(a >> 16, b >> 16) << 16; }
// Not exact-rounded on a GPU: these are its approximations' ideals.
DEV float exp2_fast(float x) { return exp2f(x); }
DEV float log2_fast(float x) { return log2f(x); }
DEV float rsqrt_fast(float x) { return (float)(1.0 / sqrt((double)x)); }

// ---- tensor cores ----
// Lane l gets two neighbours of row l/4 of each 8x8 matrix; transposed, of column l/4.
DEV void ldmatrix(u32 *r, u32 smem, int n, bool transposed) {
  auto a = emu::exchange(&smem, 1);
  u32 at[32], l = emu::self->lane;
  for (int i = 0; i < 32; i++) at[i] = a[i][0];
  for (int i = 0; i < n; i++) {
    if (!transposed) {
      memcpy(&r[i], emu::shared_read(at[i * 8 + l / 4] + l % 4 * 4, 4, 4), 4);
      continue;
    }
    u16 lo, hi;
    memcpy(&lo, emu::shared_read(at[i * 8 + l % 4 * 2] + l / 4 * 2, 2, 2), 2);
    memcpy(&hi, emu::shared_read(at[i * 8 + l % 4 * 2 + 1] + l / 4 * 2, 2, 2), 2);
    r[i] = lo | (u32)hi << 16;
  }
}
DEV void ldmatrix4(u32 r[4], u32 smem) { ldmatrix(r, smem, 4, false); }
DEV void ldmatrix4_trans(u32 r[4], u32 smem) { ldmatrix(r, smem, 4, true); }
// c += a·b, a 16x16, b 16x8. A GPU adds the products of an instruction in an order of its own.
DEV void mma16816(float c[4], const u32 a[4], const u32 b[2]) {
  u32 w[12];
  for (int i = 0; i < 4; i++) w[2 * i] = f32_as_u32(h2lo(a[i])), w[2 * i + 1] = f32_as_u32(h2hi(a[i]));
  for (int i = 0; i < 2; i++) w[8 + 2 * i] = f32_as_u32(h2lo(b[i])), w[9 + 2 * i] = f32_as_u32(h2hi(b[i]));
  auto x = (const float(*)[emu::WORDS])emu::exchange(w, 12);
  u32 g = emu::self->lane / 4, t = emu::self->lane % 4;
  for (u32 half = 0; half < 2; half++) { // rows g and g+8
    for (u32 j = 0; j < 2; j++) {        // columns 2t and 2t+1
      float s = c[half * 2 + j];
      for (u32 q = 0; q < 4; q++)
        for (u32 e = 0; e < 2; e++) {
          s += x[g * 4 + q][half * 2 + e] * x[(t * 2 + j) * 4 + q][8 + e];
          s += x[g * 4 + q][4 + half * 2 + e] * x[(t * 2 + j) * 4 + q][10 + e];
        }
      c[half * 2 + j] = s;
    }
  }
}
