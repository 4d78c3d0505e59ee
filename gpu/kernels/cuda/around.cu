// What stands around a product of decode: what is done to x before it, and to its sums after it. A product (gemv.cu) is a template over
// one of the two structs below. Its block has some slots, each of them a row; it
//
//   1. asks for tables and weights, which no kernel writes,
//   2. calls begin(), which waits for the kernel before this one and puts x in its place,
//   3. multiplies, reading x by take4 from at(column) on,
//   4. leaves the sums in shared memory, one a slot, and calls end() behind a barrier.
//
// All threads of a block take part in all of it. row() says which row a slot has; slots behind the last row take a row that exists,
// and end() drops what they yield.

// x in shared memory, read like x in global memory.
template <class A> struct InShared {
  A &values;
  u32 i;
  MEMBER InShared operator+(u32 n) const { return {values, i + n}; }
  MEMBER InShared &operator+=(u32 n) { i += n; return *this; }
};
template <int Bytes = 0> DEV vec4 take4(const u16 *at) { return ldg_keep4<Bytes>(at); }
template <int Bytes = 0, class A> DEV vec4 take4(const InShared<A> &at) { return load8(at.values, at.i + Bytes / 2); }

// A product of x as it stands, whose result is written, or added to the residual stream: y = add + add2 + result, rounded once more, where
// add is given. y may be add: a thread reads and writes one row of it.
struct Plain {
  u16 *y;
  const u16 *x, *bias, *add, *add2;
  u32 n;

  MEMBER const u16 *at(u32 column) const { return x + column; }
  MEMBER void begin() const { after_previous(); }
  MEMBER u32 row(u32 slots, u32 slot) const { return smaller(PMPD_CTA_X * slots + slot, n - 1); }
  template <class A> MEMBER void end(const A &sums, u32 slots) const {
    u32 slot = thread_of_block(), row = PMPD_CTA_X * slots + slot;
    if (slot >= slots || row >= n) return;
    float s = sums[slot];
    if (bias) s += h2f(ld(bias + row));
    u16 v = f2h(s);
    if (add) {
      float f = h2f(ld(add + row));
      if (add2) f += h2f(ld(add2 + row));
      v = f2h(f + h2f(v));
    }
    st(y + row, v);
  }
};

// What becomes of a result: kernels.Then.
enum { WRITE, ROPE, SILU_MUL, GELU };

// Where a block's q, k and v go: rows are [h·hd | kv·hd | kv·hd].
struct Heads {
  u16 *kc, *vc;     // the caches, [kv heads][tmax][hd]
  const float *cs;  // for every position rot/2 pairs of cosine and sine
  const u32 *state; // st[1]: the position
  u32 h, kv, hd, rot, tmax;

  // Value i turns with i + rot/2; what lies behind rot does not turn, and comes in pairs from both ends.
  MEMBER u32 row(u32 pair, bool second) const {
    u32 i = pair % (hd / 2), half = rot / 2;
    u32 a = i < half ? i : i + half, b = i < half ? i + half : hd - 1 - (i - half);
    return pair / (hd / 2) * hd + (second ? b : a);
  }
  // Turns a pair of q or k, and puts it, or a pair of v, where it belongs: q in y, k and v in the caches.
  MEMBER void put(u16 *y, u32 pair, u16 va, u16 vb) const {
    u32 head = pair / (hd / 2), i = pair % (hd / 2), half = rot / 2, pos = ld(state + 1);
    u32 a = i < half ? i : i + half, b = i < half ? i + half : hd - 1 - (i - half);
    if (pos >= tmax) return; // the cache is full: the host never lets it come to this
    if (head < h + kv && i < half) {
      vec2 t = ld((const vec2 *)(cs + ((u64)pos * half + i) * 2));
      float c = u32_as_f32(t.x), s = u32_as_f32(t.y), fa = h2f(va), fb = h2f(vb);
      va = f2h(fa * c - fb * s);
      vb = f2h(fb * c + fa * s);
    }
    u16 *p = y + head * hd;
    if (head >= h + kv) p = vc + ((u64)(head - h - kv) * tmax + pos) * hd;
    else if (head >= h) p = kc + ((u64)(head - h) * tmax + pos) * hd;
    st(p + a, va);
    st(p + b, vb);
  }
};

// A product of norm(x), whose result is written (WRITE), turned and appended to the cache (ROPE), or goes through the activation: of
// silu(gate)·up, gate and up are the matrix's halves. Every block normalises x for itself, and has as many rows as make that
// little: a kernel of its own would cost its gap, too. beta given: LayerNorm, else RMSNorm. The variance is of differences from the mean: means may be large.
template <int Threads, class X, class S> struct Normed {
  u16 *y;
  const u16 *x, *gamma, *beta, *bias;
  u32 then, n, k;
  float eps;
  Heads heads;
  X &xs;  // k values
  S &red; // Threads/32 sums

  MEMBER InShared<X> at(u32 column) const { return {xs, column}; }
  MEMBER void begin() const {
    after_previous();
    u32 first = thread_of_block() * 8;
    float sum = 0, mean = 0, f[8], g[8]; // sum: of values for LayerNorm, of squares for RMSNorm
    for (u32 i = first; i < k; i += Threads * 8) {
      vec4 v = ldg_keep4(x + i);
      store8(xs, i, v);
      widen8(f, v);
#pragma unroll
      for (int e = 0; e < 8; e++) sum = beta ? sum + f[e] : fma32(f[e], f[e], sum);
    }
    sum = block_sum<Threads>(sum, red);
    if (beta) {
      mean = sum / (float)k;
      sum = 0;
      for (u32 i = first; i < k; i += Threads * 8) {
        widen8(f, load8(xs, i)); // this thread's own
#pragma unroll
        for (int e = 0; e < 8; e++) sum = fma32(f[e] - mean, f[e] - mean, sum);
      }
      sum = block_sum<Threads>(sum, red);
    }
    float r = rsqrt_fast(sum / (float)k + eps), less = -mean * r;
    for (u32 i = first; i < k; i += Threads * 8) {
      widen8(f, load8(xs, i));
      widen8(g, ldg_keep4(gamma + i));
#pragma unroll
      for (int e = 0; e < 8; e++) f[e] = fma32(f[e], r, less) * g[e];
      if (beta) {
        widen8(g, ldg_keep4(beta + i));
#pragma unroll
        for (int e = 0; e < 8; e++) f[e] += g[e];
      }
      store8(xs, i, narrow8(f));
    }
    PMPD_SYNC(); // all of x is there
  }
  // Two slots in a row are a pair where results are made of two rows.
  MEMBER bool paired() const { return then == ROPE || then == SILU_MUL; }
  MEMBER u32 row(u32 slots, u32 slot) const {
    u32 i = PMPD_CTA_X * slots + slot;
    if (!paired()) return smaller(i, n - 1);
    u32 pair = smaller(i / 2, n / 2 - 1);
    return then == ROPE ? heads.row(pair, i & 1) : pair + (i & 1) * (n / 2);
  }
  // A row's result, binary16.
  template <class A> MEMBER u16 result(const A &sums, u32 slots, u32 slot) const {
    float s = sums[slot];
    if (bias) s += h2f(ld(bias + row(slots, slot)));
    return f2h(s);
  }
  template <class A> MEMBER void end(const A &sums, u32 slots) const {
    u32 t = thread_of_block();
    if (!paired()) {
      u32 i = PMPD_CTA_X * slots + t;
      if (t >= slots || i >= n) return;
      u16 v = result(sums, slots, t);
      st(y + i, then == GELU ? f2h(gelu_new(h2f(v))) : v);
      return;
    }
    u32 pair = PMPD_CTA_X * (slots / 2) + t;
    if (t >= slots / 2 || pair >= n / 2) return;
    u16 a = result(sums, slots, 2 * t), b = result(sums, slots, 2 * t + 1);
    if (then == ROPE) heads.put(y, pair, a, b);
    else st(y + pair, f2h(silu(h2f(a)) * h2f(b)));
  }
};
