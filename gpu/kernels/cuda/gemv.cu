// Products of decode, batch 1: y[n] = sum over k of W[n][k]·x[k], plus bias[n] where given.
//
// Codes come as bit-planes in the layout of package gpu/weights: planes[j][row][k/32], plane j with bit 7-j of each 8-bit code. A group
// of 1,024 columns is a word a lane, and lane l has the columns 8L·(p/8) + 8l + p%8, p = 0…31, of it, each at bit
// 16·(p/4%2) + 4·(p%4) + p/8: eight nibbles (p%8) of four bits (p/8). lut[row][code] is the row's table, binary16.
DEV void finish(u16 *y, const u16 *bias, u32 row, float s) {
  if (bias) s += h2f(ld(bias + row));
  st(y + row, f2h(s));
}

KERNEL void __launch_bounds__(256) gemv_f16(u16 *__restrict__ y, const u16 *__restrict__ w, const u16 *__restrict__ x,
                                            const u16 *__restrict__ bias, u32 n, u32 k) {
  u32 lane = PMPD_TID_X, row = PMPD_CTA_X * 8 + PMPD_TID_Y;
  if (row >= n) return;
  const u16 *wr = w + (u64)row * k;
  float s = 0, u = 0;
  u32 i = lane * 8;
  for (; i + 3 * 256 < k; i += 4 * 256) { // four 16-byte loads in flight
    vec4 a = ldg_stream4(wr + i), b = ldg_stream4(wr + i + 256), c = ldg_stream4(wr + i + 512), d = ldg_stream4(wr + i + 768);
    s += dot8(a, ldg_keep4(x + i));
    u += dot8(b, ldg_keep4(x + i + 256));
    s += dot8(c, ldg_keep4(x + i + 512));
    u += dot8(d, ldg_keep4(x + i + 768));
  }
  for (; i < k; i += 256) s += dot8(ldg_stream4(wr + i), ldg_keep4(x + i));
  s = warp_sum(s + u);
  if (lane == 0) finish(y, bias, row, s);
}

// Eight codes of W bits, one per nibble: those of columns 8c..8c+7 of the lane.
template <int W> DEV u32 codes8(const u32 *q, int c) {
  u32 t = 0;
#pragma unroll
  for (int j = 0; j < W; j++) t |= ((q[j] >> c) & 0x11111111u) << (W - 1 - j);
  return t;
}

template <int W> DEV void gemv_planes(u16 *y, const u32 *planes, const u16 *lut, const u16 *x, const u16 *bias, u32 n, u32 k) {
  u32 lane = PMPD_TID_X, row = PMPD_CTA_X * 8 + PMPD_TID_Y;
  if (row >= n) return;
  u32 words = k / 32;
  const u16 *table = lut + ((u64)row << W);
  float acc = 0;
  for (u32 g = 0; g * 1024 < k; g++) {
    u32 lanes = smaller(32, words - g * 32);
    if (lane >= lanes) break;
    u32 q[W];
#pragma unroll
    for (int j = 0; j < W; j++) q[j] = ldg_stream(planes + ((u64)j * n + row) * words + g * 32 + lane);
#pragma unroll
    for (int c = 0; c < 4; c++) {
      u32 hi = codes8<(W < 4 ? W : 4)>(q, c), lo = W > 4 ? codes8<(W > 4 ? W - 4 : 1)>(q + (W > 4 ? 4 : 0), c) : 0, v[8];
#pragma unroll
      for (int e = 0; e < 8; e++) v[e] = ld(table + ((hi >> (4 * e) & 15) << (W > 4 ? W - 4 : 0) | (lo >> (4 * e) & 15)));
      vec4 w = {v[0] | v[1] << 16, v[2] | v[3] << 16, v[4] | v[5] << 16, v[6] | v[7] << 16};
      acc += dot8(w, ldg_keep4(x + g * 1024 + c * 8 * lanes + lane * 8));
    }
  }
  acc = warp_sum(acc);
  if (lane == 0) finish(y, bias, row, acc);
}
#define GEMV(W)                                                                                                                  \
  KERNEL void __launch_bounds__(256) gemv_ap##W(u16 *__restrict__ y, const u32 *__restrict__ planes, const u16 *__restrict__ lut, \
                                                const u16 *__restrict__ x, const u16 *__restrict__ bias, u32 n, u32 k) {         \
    gemv_planes<W>(y, planes, lut, x, bias, n, k);                                                                               \
  }
GEMV(2) GEMV(3) GEMV(4) GEMV(5) GEMV(6) GEMV(7) GEMV(8)
