// Products of prefill: C[m][n] = sum over k of A[m][k]·B[n][k], plus bias[n] where given; binary16 in and out, binary32 sums. k is a
// multiple of 32; of m and n any. A block of eight warps has a tile of BM×BN, three stages of 32 columns on their way by cp.async. Grid (ceil(m/BM),
// ceil(n/BN)): blocks that run together share weights, which are read from memory about once.
//
// A row of a stage is 64 bytes, so two rows fill the banks. The four 16-byte pieces of a row stand in an order that changes from pair
// of rows to pair: piece c of row r at c ^ (r/2 % 4), and the eight rows that ldmatrix reads at once lie in different banks.
constexpr u32 BK = 32, STAGES = 3;
DEV u32 piece(u32 r, u32 c) { return r * BK + (c ^ (r >> 1 & 3)) * 8; }

template <int BM, int BN, class A> DEV void gemm(u16 *__restrict__ c, const u16 *__restrict__ a, const u16 *__restrict__ b,
                                                 const u16 *__restrict__ bias, u32 m, u32 n, u32 k, A &sa, A &sb) {
  constexpr int WM = BM / 2, WN = BN / 4, MI = WM / 16, NI = WN / 8; // a warp's share: 2 by 4 warps
  u32 tid = PMPD_TID_X, lane = tid & 31, warp = tid >> 5, m0 = PMPD_CTA_X * BM, n0 = PMPD_CTA_Y * BN;
  u32 wm = (warp & 1) * WM, wn = (warp >> 1) * WN, steps = k / BK;
  float acc[MI][NI][4] = {};
  auto stage = [&](u32 step) { // rows behind the end repeat the last one: their results are not stored
    if (step < steps) {
      u32 s = step % STAGES;
#pragma unroll
      for (u32 i = tid; i < BM * 4; i += 256)
        cp_async16(smem_addr(sa, s * BM * BK + piece(i / 4, i % 4)), a + (u64)smaller(m0 + i / 4, m - 1) * k + step * BK + i % 4 * 8);
#pragma unroll
      for (u32 i = tid; i < BN * 4; i += 256)
        cp_async16(smem_addr(sb, s * BN * BK + piece(i / 4, i % 4)), b + (u64)smaller(n0 + i / 4, n - 1) * k + step * BK + i % 4 * 8);
    }
    cp_async_commit(); // an empty group keeps the count
  };
  stage(0);
  stage(1);
  for (u32 step = 0; step < steps; step++) {
    cp_async_wait<STAGES - 2>(); // this step's has landed
    PMPD_SYNC();                 // everybody's has, and the stage that comes next has been read
    stage(step + 2);
    u32 oa = step % STAGES * BM * BK, ob = step % STAGES * BN * BK;
#pragma unroll
    for (int kk = 0; kk < 2; kk++) {
      u32 fa[MI][4], fb[NI / 2][4];
#pragma unroll
      for (int i = 0; i < MI; i++) ldmatrix4(fa[i], smem_addr(sa, oa + piece(wm + i * 16 + (lane & 15), kk * 2 + (lane >> 4))));
#pragma unroll
      for (int j = 0; j < NI / 2; j++)
        ldmatrix4(fb[j], smem_addr(sb, ob + piece(wn + j * 16 + (lane & 7) + (lane >> 4) * 8, kk * 2 + (lane >> 3 & 1))));
#pragma unroll
      for (int i = 0; i < MI; i++)
#pragma unroll
        for (int j = 0; j < NI; j++) mma16816(acc[i][j], fa[i], fb[j / 2] + j % 2 * 2);
    }
  }
  cp_async_wait<0>();
#pragma unroll
  for (int i = 0; i < MI; i++)
#pragma unroll
    for (int j = 0; j < NI; j++)
#pragma unroll
      for (int r = 0; r < 2; r++) {
        u32 y = m0 + wm + i * 16 + (lane >> 2) + r * 8, x = n0 + wn + j * 8 + (lane & 3) * 2;
        if (y >= m || x >= n) continue;
        float lo = acc[i][j][r * 2], hi = acc[i][j][r * 2 + 1];
        u16 *p = c + (u64)y * n + x;
        if (bias) lo += h2f(ld(bias + x));
        if (x + 1 == n) { st(p, f2h(lo)); continue; }
        if (bias) hi += h2f(ld(bias + x + 1));
        if (n % 2 == 0) st((u32 *)p, pack2(lo, hi));
        else { st(p, f2h(lo)); st(p + 1, f2h(hi)); }
      }
}
#define GEMM(name, BM, BN)                                                                                                        \
  KERNEL void __launch_bounds__(256) name(u16 *__restrict__ c, const u16 *__restrict__ a, const u16 *__restrict__ b,              \
                                          const u16 *__restrict__ bias, u32 m, u32 n, u32 k) {                                    \
    SHARED(u16, sa, STAGES * BM * BK);                                                                                            \
    SHARED(u16, sb, STAGES * BN * BK);                                                                                            \
    gemm<BM, BN>(c, a, b, bias, m, n, k, sa, sb);                                                                                 \
  }
GEMM(gemm_f16, 128, 128)
GEMM(gemm_f16_small, 64, 64) // for products with few tiles: more blocks than one to a processor

// Planes to binary16, for prefill at a precision: out[n][k]. A warp has a row. Grid (ceil(n/8)), block (32, 8).
KERNEL void __launch_bounds__(256) dequant(u16 *__restrict__ out, const u32 *__restrict__ planes, const u16 *__restrict__ lut, u32 bits, u32 n,
                                           u32 k) {
  u32 lane = PMPD_TID_X, row = PMPD_CTA_X * 8 + PMPD_TID_Y, words = k / 32;
  if (row >= n) return;
  const u16 *table = lut + ((u64)row << bits);
  for (u32 g = 0; g * 1024 < k; g++) {
    u32 lanes = smaller(32, words - g * 32);
    if (lane >= lanes) return;
    u32 q[8];
#pragma unroll
    for (u32 j = 0; j < 8; j++) q[j] = j < bits ? ldg_stream(planes + ((u64)j * n + row) * words + g * 32 + lane) : 0;
#pragma unroll
    for (u32 c = 0; c < 4; c++) {
      u32 v[8];
#pragma unroll
      for (u32 e = 0; e < 8; e++) {
        u32 code = 0;
#pragma unroll
        for (u32 j = 0; j < 8; j++)
          if (j < bits) code = code << 1 | (q[j] >> (16 * (e / 4) + 4 * (e % 4) + c) & 1);
        v[e] = ld(table + code);
      }
      vec4 o = {v[0] | v[1] << 16, v[2] | v[3] << 16, v[4] | v[5] << 16, v[6] | v[7] << 16};
      st((vec4 *)(out + (u64)row * k + g * 1024 + c * 8 * lanes + lane * 8), o);
    }
  }
}
