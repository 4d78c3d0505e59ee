// Attention over the cache, [kv heads][tmax][hd]; G query heads read the cache of one KV head. Head dims are multiples of 8 up to 128.
constexpr float NOTHING = -1e30f; // a maximum over no keys: finite, so that differences are not NaN

// A share of the positions in decode. Grid (kv heads, splits), 128 threads; split s has positions [s·chunk, (s+1)·chunk) of the
// st[1]+1 there are. A key's head dim lies across LPK lanes, 8 values each, so a warp has 32/LPK keys at a time, and reads of keys and
// values are 16 bytes a lane, in order. q's row is the first of qkv. part: [head][split][2+hd]: maximum, sum, and the values' weighted sum.
template <int G, class A> DEV void attend(float *__restrict__ part, const u16 *__restrict__ q, const u16 *__restrict__ kc,
                                          const u16 *__restrict__ vc, const u32 *__restrict__ state, u32 hd, u32 tmax, u32 splits,
                                          float scale, A &sh) {
  u32 kvh = PMPD_CTA_X, split = PMPD_CTA_Y, lane = PMPD_TID_X & 31, warp = PMPD_TID_X >> 5;
  u32 lpk = hd > 64 ? 16 : hd > 32 ? 8 : 4, keys = 32 / lpk, sub = lane / lpk, dl = lane % lpk;
  u32 len = ld(state + 1) + 1, chunk = (len + splits - 1) / splits, lo = split * chunk, hi = smaller(lo + chunk, len);
  bool on = dl * 8 < hd;
  float m[G], l[G], acc[G][8], qf[G][8];
#pragma unroll
  for (int g = 0; g < G; g++) {
    vec4 qv = {0, 0, 0, 0};
    if (on) qv = ldg_keep4(q + (u64)(kvh * G + g) * hd + dl * 8);
    widen8(qf[g], qv);
    m[g] = NOTHING;
    l[g] = 0;
#pragma unroll
    for (int e = 0; e < 8; e++) acc[g][e] = 0;
  }
  for (u32 j0 = lo + warp * keys; j0 < hi; j0 += 4 * keys) {
    u32 j = j0 + sub;
    vec4 k = {0, 0, 0, 0}, v = {0, 0, 0, 0};
    if (j < hi && on) {
      u64 at = ((u64)kvh * tmax + j) * hd + dl * 8;
      k = ldg_stream4(kc + at);
      v = ldg_stream4(vc + at);
    }
    float f[8], kf[8];
    widen8(f, v);
    widen8(kf, k);
#pragma unroll
    for (int g = 0; g < G; g++) {
      float s = 0;
#pragma unroll
      for (int e = 0; e < 8; e++) s = fma32(qf[g][e], kf[e], s); // binary32: q and k of some models are hundreds
      for (u32 d = lpk / 2; d; d >>= 1) s += u32_as_f32(shfl_xor(f32_as_u32(s), d));
      s = j < hi ? s * scale : NOTHING; // scale has log2(e) in it
      float top = larger(m[g], s), a = exp2_fast(m[g] - top), p = j < hi ? exp2_fast(s - top) : 0.f;
      l[g] = l[g] * a + p;
      m[g] = top;
#pragma unroll
      for (int e = 0; e < 8; e++) acc[g][e] = acc[g][e] * a + p * f[e];
    }
  }
#pragma unroll
  for (int g = 0; g < G; g++) { // the lane groups of a warp together, then the four warps
    float mw = m[g];
    for (u32 d = 16; d >= lpk; d >>= 1) mw = larger(mw, u32_as_f32(shfl_xor(f32_as_u32(mw), d)));
    float a = exp2_fast(m[g] - mw);
    l[g] *= a;
    for (u32 d = 16; d >= lpk; d >>= 1) l[g] += u32_as_f32(shfl_xor(f32_as_u32(l[g]), d));
#pragma unroll
    for (int e = 0; e < 8; e++) {
      acc[g][e] *= a;
      for (u32 d = 16; d >= lpk; d >>= 1) acc[g][e] += u32_as_f32(shfl_xor(f32_as_u32(acc[g][e]), d));
    }
    u32 w = (warp * G + g) * 130;
    if (sub == 0) {
      if (dl == 0) { sh[w] = mw; sh[w + 1] = l[g]; }
      if (on) {
#pragma unroll
        for (int e = 0; e < 8; e++) sh[w + 2 + dl * 8 + e] = acc[g][e];
      }
    }
  }
  PMPD_SYNC();
  for (u32 i = PMPD_TID_X; i < G * hd; i += 128) {
    u32 g = i / hd, e = i % hd;
    float top = NOTHING, sum = 0, o = 0;
#pragma unroll
    for (int w = 0; w < 4; w++) top = larger(top, sh[(w * G + g) * 130]);
#pragma unroll
    for (int w = 0; w < 4; w++) {
      u32 x = (w * G + g) * 130;
      float a = exp2_fast(sh[x] - top);
      sum += sh[x + 1] * a;
      o += sh[x + 2 + e] * a;
    }
    float *p = part + ((u64)(kvh * G + g) * splits + split) * (hd + 2);
    st(p + 2 + e, o);
    if (e == 0) { st(p, top); st(p + 1, sum); }
  }
}
#define ATTENTION(G)                                                                                                               \
  KERNEL void __launch_bounds__(128) attn_g##G(float *__restrict__ part, const u16 *__restrict__ q, const u16 *__restrict__ kc,    \
                                               const u16 *__restrict__ vc, const u32 *__restrict__ state, u32 hd, u32 tmax,        \
                                               u32 splits, float scale) {                                                          \
    SHARED(float, sh, 4 * G * 130);                                                                                                \
    attend<G>(part, q, kc, vc, state, hd, tmax, splits, scale, sh);                                                                \
  }
ATTENTION(1) ATTENTION(2) ATTENTION(3) ATTENTION(4) ATTENTION(5) ATTENTION(6) ATTENTION(7) ATTENTION(8)

// The splits together. Grid (heads), a block of 128; o is [heads·hd], part as above.
KERNEL void __launch_bounds__(128) attn_merge(u16 *__restrict__ o, const float *__restrict__ part, u32 hd, u32 splits) {
  u32 head = PMPD_CTA_X, e = PMPD_TID_X;
  if (e >= hd) return;
  const float *p = part + (u64)head * splits * (hd + 2);
  float m = NOTHING, l = 0, s = 0;
  for (u32 i = 0; i < splits; i++) m = larger(m, ld(p + i * (hd + 2)));
  for (u32 i = 0; i < splits; i++) {
    const float *x = p + i * (hd + 2);
    float a = exp2_fast(ld(x) - m);
    l += ld(x + 1) * a;
    s += ld(x + 2 + e) * a;
  }
  st(o + (u64)head * hd + e, f2h(s / l));
}

// Prefill: causal attention of m new tokens, of positions st[1] to st[1]+m-1, whose keys and values the cache has already. A block of
// four warps has 64 queries of one head, 16 a warp; keys and values come in tiles of 64 through shared memory, and both products
// run on tensor cores. The running maximum and sum stay in registers; probabilities are rounded to binary16 for the second
// product, not for the sum. q: rows of qkv, stride values apart. o: [m][h·hd]. Grid (ceil(m/64), h).
constexpr u32 QT = 64, KT = 64, PITCH = 136; // 128 and 8 more: rows of a matrix begin in different banks
KERNEL void __launch_bounds__(128) attn_prefill(u16 *__restrict__ o, const u16 *__restrict__ q, const u16 *__restrict__ kc,
                                                const u16 *__restrict__ vc, const u32 *__restrict__ state, u32 m, u32 h, u32 kv, u32 hd,
                                                u32 stride, u32 tmax, float scale) {
  SHARED(u16, ks, KT * PITCH); // at first the queries
  SHARED(u16, vs, KT * PITCH);
  u32 tid = PMPD_TID_X, lane = tid & 31, warp = tid >> 5, q0 = PMPD_CTA_X * QT, head = PMPD_CTA_Y, kvh = head / (h / kv);
  u32 past = ld(state + 1), g = lane >> 2, t = lane & 3;
  u32 dims = (hd + 15) / 16 * 16, chunks = dims / 8; // head dim, filled up with zeros to whole matrices
  const u16 *kb = kc + (u64)kvh * tmax * hd, *vb = vc + (u64)kvh * tmax * hd;
  for (u32 i = tid; i < QT * chunks; i += 128) {
    u32 r = i / chunks, c = i % chunks * 8;
    vec4 x = {0, 0, 0, 0};
    if (c < hd && q0 + r < m) x = ldg_keep4(q + (u64)(q0 + r) * stride + head * hd + c);
    store8(ks, r * PITCH + c, x);
  }
  PMPD_SYNC();
  u32 fq[8][4]; // 16 queries by up to 128 dims
#pragma unroll
  for (u32 d = 0; d < 8; d++)
    if (d * 16 < dims) ldmatrix4(fq[d], smem_addr(ks, (warp * 16 + (lane & 15)) * PITCH + d * 16 + (lane >> 4) * 8));
  float acc[16][4] = {}, top[2] = {NOTHING, NOTHING}, sum[2] = {0, 0};
  u32 row[2] = {q0 + warp * 16 + g, q0 + warp * 16 + g + 8}; // this lane's two queries
  u32 keys = past + smaller(q0 + QT, m);                     // that any query here sees
  for (u32 k0 = 0; k0 < keys; k0 += KT) {
    PMPD_SYNC(); // the tile before has been read
    for (u32 i = tid; i < KT * chunks; i += 128) {
      u32 r = i / chunks, c = i % chunks * 8;
      vec4 x = {0, 0, 0, 0}, y = {0, 0, 0, 0};
      if (c < hd && k0 + r < keys) {
        x = ldg_keep4(kb + (u64)(k0 + r) * hd + c);
        y = ldg_keep4(vb + (u64)(k0 + r) * hd + c);
      }
      store8(ks, r * PITCH + c, x);
      store8(vs, r * PITCH + c, y);
    }
    PMPD_SYNC();
    float s[8][4] = {}; // 16 queries by 64 keys
#pragma unroll
    for (u32 d = 0; d < 8; d++)
      if (d * 16 < dims) {
#pragma unroll
        for (int j = 0; j < 4; j++) { // 16 keys at once: two operands of 8
          u32 f[4];
          ldmatrix4(f, smem_addr(ks, (j * 16 + (lane & 7) + (lane >> 4) * 8) * PITCH + d * 16 + (lane >> 3 & 1) * 8));
          mma16816(s[2 * j], fq[d], f);
          mma16816(s[2 * j + 1], fq[d], f + 2);
        }
      }
#pragma unroll
    for (int r = 0; r < 2; r++) {
      u32 last = past + row[r]; // position of the query: the last key that it sees
      float high = top[r];
#pragma unroll
      for (int j = 0; j < 8; j++)
#pragma unroll
        for (int e = 0; e < 2; e++) {
          float &x = s[j][r * 2 + e];
          x = k0 + j * 8 + t * 2 + e <= last ? x * scale : NOTHING;
          high = larger(high, x);
        }
      high = larger(high, u32_as_f32(shfl_xor(f32_as_u32(high), 1))); // a query lies across four lanes
      high = larger(high, u32_as_f32(shfl_xor(f32_as_u32(high), 2)));
      float a = exp2_fast(top[r] - high);
      top[r] = high;
      sum[r] *= a;
#pragma unroll
      for (int d = 0; d < 16; d++) { acc[d][r * 2] *= a; acc[d][r * 2 + 1] *= a; }
#pragma unroll
      for (int j = 0; j < 8; j++)
#pragma unroll
        for (int e = 0; e < 2; e++) {
          float &x = s[j][r * 2 + e];
          x = x == NOTHING ? 0.f : exp2_fast(x - high);
          sum[r] += x;
        }
    }
#pragma unroll
    for (int j = 0; j < 4; j++) { // scores' layout is that of a first operand: 16 keys at a time
      u32 fp[4] = {pack2(s[2 * j][0], s[2 * j][1]), pack2(s[2 * j][2], s[2 * j][3]), pack2(s[2 * j + 1][0], s[2 * j + 1][1]),
                   pack2(s[2 * j + 1][2], s[2 * j + 1][3])};
#pragma unroll
      for (u32 d = 0; d < 8; d++)
        if (d * 16 < dims) {
          u32 f[4];
          ldmatrix4_trans(f, smem_addr(vs, (j * 16 + (lane & 15)) * PITCH + d * 16 + (lane >> 4) * 8));
          mma16816(acc[2 * d], fp, f);
          mma16816(acc[2 * d + 1], fp, f + 2);
        }
    }
  }
#pragma unroll
  for (int r = 0; r < 2; r++) {
    float l = sum[r];
    l += u32_as_f32(shfl_xor(f32_as_u32(l), 1));
    l += u32_as_f32(shfl_xor(f32_as_u32(l), 2));
    if (row[r] >= m) continue;
#pragma unroll
    for (u32 d = 0; d < 16; d++)
      if (d * 8 < hd) st((u32 *)(o + (u64)row[r] * h * hd + head * hd + d * 8 + t * 2), pack2(acc[d][r * 2] / l, acc[d][r * 2 + 1] / l));
  }
}
