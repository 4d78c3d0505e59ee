// What stands between the products of a block. Rows (tokens of a prefill; one in decode) are the grid's y, or its x where a
// block has a row to itself. Sizes are multiples of 8: a thread takes 16 bytes.

// x[row] = table[ids[row]]; in decode ids is the state, whose first word is the token. Grid (ceil(d/1024), rows).
KERNEL void __launch_bounds__(128) embed(u16 *__restrict__ x, const u16 *__restrict__ table, const u32 *ids, u32 d) {
  after_previous();
  u32 i = (PMPD_CTA_X * 128 + PMPD_TID_X) * 8, row = PMPD_CTA_Y;
  if (i < d) st((vec4 *)(x + (u64)row * d + i), ldg_stream4(table + (u64)ld(ids + row) * d + i));
}

DEV u32 thread_of_block() { return PMPD_TID_Y * 32 + PMPD_TID_X; }

template <int Threads, class A> DEV float block_sum(float v, A &sh) {
  u32 t = thread_of_block();
  v = warp_sum(v);
  PMPD_SYNC(); // who still reads the sum before
  if (t % 32 == 0) sh[t / 32] = v;
  PMPD_SYNC();
  v = 0;
#pragma unroll
  for (int i = 0; i < Threads / 32; i++) v += sh[i];
  return v;
}

// silu and gelu in its tanh form (gelu_new), of binary32 values.
DEV float silu(float v) { return v / (1.f + exp2_fast(-LOG2E * v)); }
DEV float gelu_new(float v) {
  float u = 0.7978845608f * (v + 0.044715f * v * v * v); // sqrt(2/pi)
  return v / (1.f + exp2_fast(-2.f * LOG2E * u));         // (1 + tanh u) / 2 = 1 / (1 + exp(-2u))
}

// x += add + add2, each where given: the residual stream, rounded to binary16 once. y = norm(x)·gamma + beta; beta given:
// LayerNorm, else RMSNorm. A block of 256 a row. The variance is of differences from the mean: means may be large.
KERNEL void __launch_bounds__(256) add_norm(u16 *__restrict__ y, u16 *x, const u16 *__restrict__ add, const u16 *__restrict__ add2,
                                            const u16 *__restrict__ gamma, const u16 *__restrict__ beta, u32 d, float eps) {
  SHARED(float, sh, 8);
  u64 row = (u64)PMPD_CTA_X * d;
  float sum = 0, square = 0, f[8], g[8];
  for (u32 i = PMPD_TID_X * 8; i < d; i += 2048) {
    widen8(f, ld((const vec4 *)(x + row + i)));
    if (add) {
      widen8(g, ldg_keep4(add + row + i));
#pragma unroll
      for (int e = 0; e < 8; e++) f[e] += g[e];
      if (add2) {
        widen8(g, ldg_keep4(add2 + row + i));
#pragma unroll
        for (int e = 0; e < 8; e++) f[e] += g[e];
      }
      vec4 h = narrow8(f);
      st((vec4 *)(x + row + i), h);
      widen8(f, h);
    }
#pragma unroll
    for (int e = 0; e < 8; e++) { sum += f[e]; square += f[e] * f[e]; }
  }
  float mean = 0;
  if (beta) {
    mean = block_sum<256>(sum, sh) / (float)d;
    square = 0;
    for (u32 i = PMPD_TID_X * 8; i < d; i += 2048) {
      widen8(f, ld((const vec4 *)(x + row + i))); // this thread's own
#pragma unroll
      for (int e = 0; e < 8; e++) square += (f[e] - mean) * (f[e] - mean);
    }
  }
  float r = rsqrt_fast(block_sum<256>(square, sh) / (float)d + eps);
  for (u32 i = PMPD_TID_X * 8; i < d; i += 2048) {
    float o[8];
    widen8(f, ld((const vec4 *)(x + row + i)));
    widen8(g, ldg_keep4(gamma + i));
#pragma unroll
    for (int e = 0; e < 8; e++) o[e] = (f[e] - mean) * r * g[e];
    if (beta) {
      widen8(g, ldg_keep4(beta + i));
#pragma unroll
      for (int e = 0; e < 8; e++) o[e] += g[e];
    }
    st((vec4 *)(y + row + i), narrow8(o));
  }
}

// A row of qkv is [h·hd | kv·hd | kv·hd]. Turns q where it stands; appends k, turned, and v to the caches, [kv heads][tmax][hd], at
// position st[1] + row. cs: for every position rot/2 pairs of cosine and sine. Value i turns with i + rot/2; what lies behind rot does
// not turn. Grid (h+2kv, rows), a block of hd/2 threads with two values each: no thread reads what another writes.
KERNEL void __launch_bounds__(64) rope_append(u16 *qkv, u16 *__restrict__ kc, u16 *__restrict__ vc, const float *__restrict__ cs,
                                              const u32 *__restrict__ state, u32 h, u32 kv, u32 hd, u32 rot, u32 tmax) {
  u32 head = PMPD_CTA_X, row = PMPD_CTA_Y, i = PMPD_TID_X, half = rot / 2, pos = ld(state + 1) + row;
  u32 a = i < half ? i : i + half, b = i < half ? i + half : hd - 1 - (i - half); // behind rot: from both ends
  if (pos >= tmax) return; // the cache is full: the host never lets it come to this
  u16 *p = qkv + ((u64)row * (h + 2 * kv) + head) * hd;
  u16 va = ld(p + a), vb = ld(p + b);
  if (head < h + kv && i < half) {
    vec2 t = ld((const vec2 *)(cs + ((u64)pos * half + i) * 2));
    float c = u32_as_f32(t.x), s = u32_as_f32(t.y), fa = h2f(va), fb = h2f(vb);
    va = f2h(fa * c - fb * s);
    vb = f2h(fb * c + fa * s);
  }
  if (head >= h + kv) p = vc + ((u64)(head - h - kv) * tmax + pos) * hd;
  else if (head >= h) p = kc + ((u64)(head - h) * tmax + pos) * hd;
  st(p + a, va);
  st(p + b, vb);
}

// y = silu(gate)·up, a row of gu is [gate | up], n each. Grid (ceil(n/1024), rows).
KERNEL void __launch_bounds__(128) silu_mul(u16 *__restrict__ y, const u16 *__restrict__ gu, u32 n) {
  u32 i = (PMPD_CTA_X * 128 + PMPD_TID_X) * 8;
  u64 row = PMPD_CTA_Y;
  if (i >= n) return;
  float g[8], u[8];
  widen8(g, ldg_keep4(gu + row * 2 * n + i));
  widen8(u, ldg_keep4(gu + row * 2 * n + n + i));
#pragma unroll
  for (int e = 0; e < 8; e++) g[e] = silu(g[e]) * u[e];
  st((vec4 *)(y + row * n + i), narrow8(g));
}

// y = gelu(x) in its tanh form (gelu_new). Grid (ceil(n/1024), rows).
KERNEL void __launch_bounds__(128) gelu(u16 *__restrict__ y, const u16 *__restrict__ x, u32 n) {
  u32 i = (PMPD_CTA_X * 128 + PMPD_TID_X) * 8;
  u64 row = PMPD_CTA_Y;
  if (i >= n) return;
  float f[8];
  widen8(f, ldg_keep4(x + row * n + i));
#pragma unroll
  for (int e = 0; e < 8; e++) f[e] = gelu_new(f[e]);
  st((vec4 *)(y + row * n + i), narrow8(f));
}
