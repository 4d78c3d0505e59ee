// Attention over the cache, [kv heads][tmax][hd]; a group of query heads reads the cache of one KV head. Head dims are multiples of 8 up to 128.
constexpr float NOTHING = -1e30f; // a maximum over no keys: finite, so that differences are not NaN

// Attention of a decode step. Grid (kv heads, splits), 128 threads. The st[1]+1 positions are shared out among as many blocks of a KV head
// as have LEAST of them each, so at most `splits`; other blocks leave at once: the graph that launches them is made once, for every
// length. A key's head dim lies across LPK lanes, 8 values each, so a warp has 32/LPK keys at a time, a group, and reads of keys and values
// are 16 bytes a lane, in order. U groups are on their way at once. Lanes without a key or a dim read one that exists, and drop it.
//
// part: [head][split][2+hd]: maximum, sum, and the values' weighted sum. The block of a KV head that comes last puts the shares
// together, in their order, so the sums do not depend on which one that was. counts: a word a KV head, 0 between launches.
constexpr u32 LEAST = 64; // kernels.LeastKeys

template <int G, int LPK> struct Keys { // of G heads, or fewer: the last one counts for those that lack. What a lane holds of the keys of its group of lanes
  static constexpr u32 EACH = 32 / LPK, U = G <= 4 ? 4 : 2, TURN = 4 * U * EACH;
  vec4 q[G];
  float m[G], l[G], acc[G][8];

  MEMBER void begin(const u16 *heads, u32 group, u32 hd, u32 dim, bool on) {
#pragma unroll
    for (int g = 0; g < G; g++) {
      q[g] = vec4{0, 0, 0, 0};
      if (on) q[g] = ldg_keep4(heads + smaller(g, group - 1) * hd + dim);
      m[g] = NOTHING;
      l[g] = 0;
#pragma unroll
      for (int e = 0; e < 8; e++) acc[g][e] = 0;
    }
  }
  // U groups, of which the first key is j0, and groups lie four warps' apart.
  MEMBER void add(const u16 *k, const u16 *v, u32 j0, u32 hi, u32 hd, float scale) {
    vec4 kv[U], vv[U];
    float p[G][U], f[8], kf[U][8], qf[8];
#pragma unroll
    for (u32 u = 0; u < U; u++) {
      u64 at = (u64)smaller(j0 + u * 4 * EACH, hi - 1) * hd;
      kv[u] = ldg_stream4(k + at);
      vv[u] = ldg_stream4(v + at);
    }
#pragma unroll
    for (u32 u = 0; u < U; u++) widen8(kf[u], kv[u]);
#pragma unroll
    for (int g = 0; g < G; g++) {
      if (G > 4) widen8_here(qf, q[g]); // 64 registers otherwise, since the loop around this keeps them
      else widen8(qf, q[g]);
#pragma unroll
      for (u32 u = 0; u < U; u++) {
        float s = 0;
#pragma unroll
        for (int e = 0; e < 8; e++) s = fma32(qf[e], kf[u][e], s); // binary32: q and k of some models are hundreds
#pragma unroll
        for (int d = LPK / 2; d; d >>= 1) s += u32_as_f32(shfl_xor(f32_as_u32(s), d));
        p[g][u] = j0 + u * 4 * EACH < hi ? s * scale : NOTHING; // scale has log2(e) in it
      }
    }
#pragma unroll
    for (int g = 0; g < G; g++) {
      float top = m[g];
#pragma unroll
      for (u32 u = 0; u < U; u++) top = larger(top, p[g][u]);
      float a = exp2_fast(m[g] - top);
      m[g] = top;
      l[g] *= a;
#pragma unroll
      for (int e = 0; e < 8; e++) acc[g][e] *= a;
#pragma unroll
      for (u32 u = 0; u < U; u++) {
        p[g][u] = j0 + u * 4 * EACH < hi ? exp2_fast(p[g][u] - top) : 0.f;
        l[g] += p[g][u];
      }
    }
#pragma unroll
    for (u32 u = 0; u < U; u++) {
      widen8(f, vv[u]);
#pragma unroll
      for (int g = 0; g < G; g++) {
#pragma unroll
        for (int e = 0; e < 8; e++) acc[g][e] = fma32(p[g][u], f[e], acc[g][e]);
      }
    }
  }
  // The groups of lanes of a warp together, and its share to shared memory: maximum, sum and values of each head.
  template <class A> MEMBER void end(A &sh, u32 warp, u32 lane, u32 dim, bool on) {
#pragma unroll
    for (int g = 0; g < G; g++) {
      float top = m[g];
#pragma unroll
      for (int d = 16; d >= LPK; d >>= 1) top = larger(top, u32_as_f32(shfl_xor(f32_as_u32(top), d)));
      float a = exp2_fast(m[g] - top);
      l[g] *= a;
#pragma unroll
      for (int d = 16; d >= LPK; d >>= 1) l[g] += u32_as_f32(shfl_xor(f32_as_u32(l[g]), d));
#pragma unroll
      for (int e = 0; e < 8; e++) {
        acc[g][e] *= a;
#pragma unroll
        for (int d = 16; d >= LPK; d >>= 1) acc[g][e] += u32_as_f32(shfl_xor(f32_as_u32(acc[g][e]), d));
      }
      u32 w = (warp * G + g) * 130;
      if (lane == 0) { sh[w] = top; sh[w + 1] = l[g]; }
      if (lane < LPK && on) {
#pragma unroll
        for (int e = 0; e < 8; e++) sh[w + 2 + dim + e] = acc[g][e];
      }
    }
  }
};

// One value, e, of the shares of a head, n of them `apart` floats from one to the next: eight at a time, so that as many loads are on
// their way.
DEV u16 together(const float *share, u32 n, u32 apart, u32 e) {
  float top = NOTHING, sum = 0, o = 0, m[8], l[8], v[8];
  for (u32 i = 0; i < n; i += 8) {
    float most = top;
#pragma unroll
    for (u32 j = 0; j < 8; j++) {
      const float *x = share + smaller(i + j, n - 1) * apart;
      m[j] = ld(x);
      l[j] = ld(x + 1);
      v[j] = ld(x + 2 + e);
      most = larger(most, m[j]);
    }
    float a = exp2_fast(top - most);
    top = most;
    sum *= a;
    o *= a;
#pragma unroll
    for (u32 j = 0; j < 8; j++) {
      a = i + j < n ? exp2_fast(m[j] - top) : 0.f;
      sum += l[j] * a;
      o += v[j] * a;
    }
  }
  return f2h(o / sum);
}

template <int G, int LPK, class A, class B> DEV void attend(u16 *o, float *part, u32 *counts, const u16 *q, const u16 *kc, const u16 *vc,
                                                            const u32 *state, u32 group, u32 hd, u32 tmax, u32 splits, float scale, A &sh,
                                                            B &last) {
  after_previous();
  u32 tid = PMPD_TID_X, kvh = PMPD_CTA_X, split = PMPD_CTA_Y, lane = tid & 31, warp = tid >> 5;
  u32 len = ld(state + 1) + 1, used = smaller(splits, (len + LEAST - 1) / LEAST), chunk = (len + used - 1) / used;
  used = (len + chunk - 1) / chunk;
  if (split >= used) return;
  Keys<G, LPK> keys;
  u32 lo = split * chunk, hi = smaller(lo + chunk, len), dim = lane % LPK * 8;
  bool on = dim < hd;
  keys.begin(q + (u64)kvh * group * hd, group, hd, dim, on);
  u64 at = (u64)kvh * tmax * hd + (on ? dim : 0);
  for (u32 j = lo + warp * keys.EACH; j < hi; j += keys.TURN) keys.add(kc + at, vc + at, j + lane / LPK, hi, hd, scale);
  keys.end(sh, warp, lane, dim, on);
  PMPD_SYNC();
  for (u32 i = tid; i < group * hd; i += 128) {
    u32 g = i / hd, e = i % hd;
    float top = NOTHING, sum = 0, v = 0;
#pragma unroll
    for (int w = 0; w < 4; w++) top = larger(top, sh[(w * G + g) * 130]);
#pragma unroll
    for (int w = 0; w < 4; w++) {
      u32 x = (w * G + g) * 130;
      float a = exp2_fast(sh[x] - top);
      sum += sh[x + 1] * a;
      v += sh[x + 2 + e] * a;
    }
    float *p = part + ((u64)(kvh * group + g) * splits + split) * (hd + 2);
    if (used == 1) {
      st(o + (u64)kvh * group * hd + i, f2h(v / sum));
      continue;
    }
    st(p + 2 + e, v);
    if (e == 0) { st(p, top); st(p + 1, sum); }
  }
  if (used == 1) return;
  PMPD_SYNC(); // this block's share is written
  if (tid == 0) {
    fence();
    last[0] = atomic_inc_release_acquire(counts + kvh) == used - 1;
  }
  PMPD_SYNC();
  if (!last[0]) return;
  fence();
  if (tid == 0) st(counts + kvh, 0u);
  for (u32 i = tid; i < group * hd; i += 128) {
    const float *shares = part + (u64)(kvh * group + i / hd) * splits * (hd + 2);
    st(o + (u64)kvh * group * hd + i, together(shares, used, hd + 2, i % hd));
  }
}
// Of heads of more than 64 values, and of others.
#define ATTENTION(G)                                                                                                                 \
  ATTENTION_OF(G, 16, attn_g##G)                                                                                                     \
  ATTENTION_OF(G, 8, attn_g##G##_narrow)
#define ATTENTION_OF(G, LPK, name)                                                                                                   \
  KERNEL void __launch_bounds__(128) name(u16 *o, float *part, u32 *counts, const u16 *q, const u16 *kc, const u16 *vc,              \
                                          const u32 *state, u32 group, u32 hd, u32 tmax, u32 splits, float scale) {                  \
    SHARED(float, sh, 4 * G * 130);                                                                                                  \
    SHARED(u32, last, 1);                                                                                                            \
    attend<G, LPK>(o, part, counts, q, kc, vc, state, group, hd, tmax, splits, scale, sh, last);                                     \
  }
ATTENTION(1)
ATTENTION(2)
ATTENTION(4)
ATTENTION(8)

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
