// Products of decode, batch 1: y[n] = sum over k of W[n][k]·x[k], plus bias[n] where given. docs/gpu-kernels.md has the counts of
// instructions that these kernels are made after.
//
// Products are binary16, at most eight of them are added in binary16 (four at 4 bits and above), the rest in binary32. Every operation
// rounds exactly, so a GPU and the emulator agree bit for bit.
//
// What stands around a product, the struct in `job`, is in around.cu; how words of planes become weights, in codes.cu.

// Asks for the beginning of some rows' weights, `bytes` of each, while x is not yet there: a line a lane. part: how far apart the parts of
// a row lie, such as planes, of which there are `parts`. At most Most lines a warp, so that the L2 cache holds those of all blocks.
template <int Most> DEV void fetch_ahead(const void *row, u32 parts, u64 part, u32 bytes) {
  u32 each = (bytes + 127) / 128, lines = smaller(parts * each, Most);
  for (u32 i = PMPD_TID_X; i < lines; i += 32) prefetch((const u8 *)row + i / each * part + i % each * 128);
}

// A warp has a row. Grid (ceil(n/8)), block (32, 8).
template <class J> DEV void gemv_half(const J &job, const u16 *w, u32 k) {
  SHARED(float, sums, 8);
  u32 lane = PMPD_TID_X;
  const u16 *wr = w + (u64)job.row(8, PMPD_TID_Y) * k;
  fetch_ahead<32>(wr, 1, 0, k * 2);
  job.begin();
  auto x = job.at(0);
  float s = 0, u = 0;
  u32 i = lane * 8;
  for (; i + 3 * 256 < k; i += 4 * 256) { // four 16-byte loads in flight
    vec4 a = ldg_stream4(wr + i), b = ldg_stream4(wr + i + 256), c = ldg_stream4(wr + i + 512), d = ldg_stream4(wr + i + 768);
    s += dot8(a, take4(x + i));
    u += dot8(b, take4(x + (i + 256)));
    s += dot8(c, take4(x + (i + 512)));
    u += dot8(d, take4(x + (i + 768)));
  }
  for (; i < k; i += 256) s += dot8(ldg_stream4(wr + i), take4(x + i));
  s = warp_sum(s + u);
  if (lane == 0) sums[PMPD_TID_Y] = s;
  PMPD_SYNC();
  job.end(sums, 8);
}

// ---- 2, 3 and 4 bits ----
// Sums of four values over the lanes of a warp with six shuffles in place of twenty: lanes halve what they still care about. Lane 8·r
// to 8·r+7 get the sum of value r.
DEV float sum4(const float v[4], u32 lane) {
  bool high = lane & 16, odd = lane & 8;
  float a = high ? v[2] : v[0], b = high ? v[3] : v[1];
  a += u32_as_f32(shfl_xor(f32_as_u32(high ? v[0] : v[2]), 16));
  b += u32_as_f32(shfl_xor(f32_as_u32(high ? v[1] : v[3]), 16));
  float s = odd ? b : a;
  s += u32_as_f32(shfl_xor(f32_as_u32(odd ? a : b), 8));
#pragma unroll
  for (int d = 4; d; d >>= 1) s += u32_as_f32(shfl_xor(f32_as_u32(s), d));
  return s;
}

// The four rows' weights of a group.
template <int W> DEV void add_group(float acc[4], const Row<W> rows[4], const u32 (*q)[W], Inputs<W> &in) {
  in.prepare();
#pragma unroll
  for (int r = 0; r < 4; r++) acc[r] += rows[r].dot(q[r], in);
}

// Planes come through shared memory by cp.async, so that what is on its way needs no registers: ptxas would rather wait than spend
// them. A turn is 64 words (2,048 columns) of four rows; a warp has a ring of its own of STAGES turns, and nobody else waits for it.
template <int W> struct Ring {
  static constexpr u32 STAGES = W == 2 ? 3 : 2, TURN = W * 4 * 64; // in words
  u32 base, slot = 0, to, plane;                                  // slot: of the turn that is worked on
  const u32 *from[2];                                             // a lane copies 16 bytes of every second row
  // Begins to copy the next turn to where the last one was, if there is one more.
  template <class A> MEMBER void copy(A &ring, bool more) {
    if (more) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int j = 0; j < W; j++)
          cp_async16(smem_addr(ring, to + slot + (j * 4 + i * 2) * 64), j ? behind(from[i], j, plane) : from[i]);
        from[i] += 64;
      }
    }
    cp_async_commit(); // an empty group keeps the count
  }
  MEMBER void next() { slot = slot == (STAGES - 1) * TURN ? 0 : slot + TURN; }
  // A group's words, the first or second half of the turn.
  template <class A> MEMBER void words(u32 q[4][W], A &ring, u32 lane, u32 half) const {
#pragma unroll
    for (int r = 0; r < 4; r++)
#pragma unroll
      for (int j = 0; j < W; j++) q[r][j] = ring[base + slot + (j * 4 + r) * 64 + half * 32 + lane];
  }
};
// A whole group, whose x begins Bytes behind `at`.
template <int Bytes, int W, class X> DEV void whole_group(float acc[4], const Row<W> rows[4], const u32 (*q)[W], const X &at) {
  Inputs<W> in;
  in.x[0] = take4<Bytes>(at);
  in.x[1] = take4<Bytes + 512>(at);
  in.x[2] = take4<Bytes + 1024>(at);
  in.x[3] = take4<Bytes + 1536>(at);
  add_group<W>(acc, rows, q, in);
}

// A warp has four rows, so that x is loaded once for four. Grid (ceil(n/16)), block (32, 4). Lanes and rows that are too many work on
// what is there, or on zeros, and store nothing: every lane takes part in shuffles.
template <int W, int Warps, class J, class A, class A2> DEV void gemv_rows(const J &job, const u32 *planes, const u16 *lut, u32 n, u32 k, A &ring,
                                                                A2 &tables) {
  constexpr u32 SLOTS = Warps * 4;
  SHARED(float, sums, SLOTS);
  constexpr u32 STAGES = Ring<W>::STAGES;
  u32 lane = PMPD_TID_X, first = PMPD_TID_Y * 4, words = k / 32;
  u32 plane = n * words * 4, turns = words % 4 ? 0 : words / 64; // bytes; cp.async takes 16 bytes that are aligned
  Ring<W> r4;
  r4.base = PMPD_TID_Y * STAGES * Ring<W>::TURN;
  r4.to = r4.base + lane * 4;
  r4.plane = plane;
#pragma unroll
  for (u32 i = 0; i < 2; i++) r4.from[i] = planes + (u64)job.row(SLOTS, first + i * 2 + lane / 16) * words + lane % 16 * 4;
  // Tables come with the first turn: two words a row at 2 bits, four at 3, eight at 4.
  constexpr u32 TABLE = (1 << W) / 2, LANES = W == 4 ? 2 : 1; // words, and lanes that copy them
  u32 mine = PMPD_TID_Y * 4 * TABLE;
  if (lane < 4 * LANES) {
    u32 to = smem_addr(tables, mine + lane / LANES * TABLE + lane % LANES * 4);
    const u16 *from = lut + (u64)job.row(SLOTS, first + lane / LANES) * (1 << W) + lane % LANES * 8;
    if (W == 2) cp_async8(to, from);
    else cp_async16(to, from);
  }
#pragma unroll
  for (u32 i = 0; i < STAGES; i++) { r4.copy(ring, i < turns); r4.next(); }
  job.begin();
  cp_async_wait<STAGES - 1>();
  PMPD_SYNC_WARP();
  Row<W> rows[4];
  float acc[4] = {0, 0, 0, 0};
#pragma unroll
  for (u32 r = 0; r < 4; r++) rows[r].look_up(tables, mine + r * TABLE, lane);
  auto at = job.at(lane * 8);
#pragma unroll 1
  for (u32 turn = 0; turn < turns; turn++, at += 2048) {
    cp_async_wait<STAGES - 1>();
    PMPD_SYNC_WARP(); // what other lanes have copied
    u32 q[4][W];
    r4.words(q, ring, lane, 0);
    whole_group<0, W>(acc, rows, q, at);
    r4.words(q, ring, lane, 1);
    whole_group<2048, W>(acc, rows, q, at);
    PMPD_SYNC_WARP(); // all have read
    r4.copy(ring, turn + STAGES < turns);
    r4.next();
  }
#pragma unroll 1
  for (u32 g = turns * 64; g < words; g += 32, at += 1024) {
    u32 lanes = smaller(32, words - g), q[4][W];
    bool on = lane < lanes;
#pragma unroll
    for (u32 r = 0; r < 4; r++) {
      const u32 *w = planes + (u64)job.row(SLOTS, first + r) * words + g + (on ? lane : 0); // any word will do where x is 0
#pragma unroll
      for (int j = 0; j < W; j++) q[r][j] = ldg_stream(j ? behind(w, j, plane) : w);
    }
    Inputs<W> in;
#pragma unroll
    for (int c = 0; c < 4; c++) in.x[c] = vec4{0, 0, 0, 0};
    if (on) {
#pragma unroll
      for (u32 c = 0; c < 4; c++) in.x[c] = take4(at + c * 8 * lanes);
    }
    add_group<W>(acc, rows, q, in);
  }
  float s = sum4(acc, lane);
  if (lane % 8 == 0) sums[first + lane / 8] = s;
  PMPD_SYNC();
  job.end(sums, SLOTS);
}

// ---- 5 to 8 bits ----
// A warp has a row, and its table in shared memory. Grid (ceil(n/8)), block (32, 8).
template <int W, class J> DEV void gemv_table(const J &job, const u32 *planes, const u16 *lut, u32 n, u32 k) {
  SHARED(u16, table, 8 << W);
  SHARED(float, sums, 8);
  u32 lane = PMPD_TID_X, base = PMPD_TID_Y << W, row = job.row(8, PMPD_TID_Y), words = k / 32;
  fetch_ahead<64>(planes + (u64)row * words, W, (u64)n * words * 4, words * 4);
  for (u32 i = lane * 8; i < 1 << W; i += 256) store8(table, base + i, ld((const vec4 *)(lut + ((u64)row << W) + i)));
  job.begin();
  PMPD_SYNC();
  u32 mine = smem_addr(table, base), plane = n * words * 4, g = 0; // bytes
  const u32 *p = planes + (u64)row * words + lane;
  auto at = job.at(lane * 8);
  float acc = 0;
  auto group = [&](u32 lanes) { // that have words
    u32 q[W], even[4], odd[4];
#pragma unroll
    for (int j = 0; j < W; j++) q[j] = ldg_stream(j ? behind(p, j, plane) : p);
    bytes<W>(even, odd, q);
#pragma unroll
    for (u32 c = 0; c < 4; c++) {
      u32 v[8];
#pragma unroll
      for (u32 e = 0; e < 8; e++) v[e] = lds16(dot4(e % 2 ? odd[c] : even[c], 2u << 8 * (e / 2), mine)); // 2·code behind it
      vec4 w = {v[0] | v[1] << 16, v[2] | v[3] << 16, v[4] | v[5] << 16, v[6] | v[7] << 16};
      acc += dot8(w, take4(at + c * 8 * lanes));
    }
  };
#pragma unroll 1
  for (; g + 32 <= words; g += 32, p += 32, at += 1024) group(32);
  if (lane < words - g) group(words - g);
  acc = warp_sum(acc);
  if (lane == 0) sums[PMPD_TID_Y] = acc;
  PMPD_SYNC();
  job.end(sums, 8);
}

// Two kernels for each precision: of x as it stands, and of norm(x).
#define PLAIN_PARAMS const u16 *x, const u16 *__restrict__ bias, const u16 *add, const u16 *add2, u32 n, u32 k
#define NORMED_PARAMS                                                                                                                   \
  const u16 *x, const u16 *__restrict__ gamma, const u16 *__restrict__ beta, const u16 *__restrict__ bias, u16 *kc, u16 *vc,            \
      const float *__restrict__ cs, const u32 *state, u32 then, u32 n, u32 k, float eps, u32 h, u32 kv, u32 hd, u32 rot, u32 tmax
#define PLAIN_JOB Plain job{y, x, bias, add, add2, n}
#define NORMED_JOB(Threads)                                                                                                             \
  SHARED(float, red, Threads / 32);                                                                                                     \
  Normed<Threads, decltype(xs), decltype(red)> job{y,  x,  gamma, beta, bias, then, n, k, eps, {kc, vc, cs, state, h, kv, hd, rot, tmax}, \
                                                   xs, red}

KERNEL void __launch_bounds__(256) gemv_f16(u16 *y, const u16 *__restrict__ w, PLAIN_PARAMS) {
  PLAIN_JOB;
  gemv_half(job, w, k);
}
KERNEL void __launch_bounds__(256) norm_gemv_f16(u16 *y, const u16 *__restrict__ w, NORMED_PARAMS) {
  DYNAMIC(u16, xs, 0);
  NORMED_JOB(256);
  gemv_half(job, w, k);
}
// At least `blocks` blocks of four warps a multiprocessor, so many that registers and shared memory suffice for. Those that normalise x
// have eight warps, so that half as many do it.
#define GEMV_ROWS(W, blocks)                                                                                                            \
  KERNEL void __launch_bounds__(128, blocks) gemv_ap##W(u16 *y, const u32 *__restrict__ planes, const u16 *__restrict__ lut,            \
                                                        PLAIN_PARAMS) {                                                                 \
    SHARED(u32, ring, 4 * Ring<W>::STAGES * Ring<W>::TURN);                                                                             \
    SHARED(u32, tables, 8 << W);                                                                                                        \
    PLAIN_JOB;                                                                                                                          \
    gemv_rows<W, 4>(job, planes, lut, n, k, ring, tables);                                                                              \
  }                                                                                                                                     \
  KERNEL void __launch_bounds__(256, blocks / 2) norm_gemv_ap##W(u16 *y, const u32 *__restrict__ planes, const u16 *__restrict__ lut,   \
                                                                 NORMED_PARAMS) {                                                       \
    constexpr u32 WORDS = 8 * Ring<W>::STAGES * Ring<W>::TURN;                                                                          \
    DYNAMIC(u32, ring, 0);                                                                                                              \
    DYNAMIC(u16, xs, WORDS * 4);                                                                                                        \
    SHARED(u32, tables, 16 << W);                                                                                                       \
    NORMED_JOB(256);                                                                                                                    \
    gemv_rows<W, 8>(job, planes, lut, n, k, ring, tables);                                                                              \
  }
GEMV_ROWS(2, 5)
GEMV_ROWS(3, 5)
GEMV_ROWS(4, 4)
#define GEMV_TABLE(W)                                                                                                                   \
  KERNEL void __launch_bounds__(256) gemv_ap##W(u16 *y, const u32 *__restrict__ planes, const u16 *__restrict__ lut, PLAIN_PARAMS) {    \
    PLAIN_JOB;                                                                                                                          \
    gemv_table<W>(job, planes, lut, n, k);                                                                                              \
  }                                                                                                                                     \
  KERNEL void __launch_bounds__(256) norm_gemv_ap##W(u16 *y, const u32 *__restrict__ planes, const u16 *__restrict__ lut,               \
                                                     NORMED_PARAMS) {                                                                   \
    DYNAMIC(u16, xs, 0);                                                                                                                \
    NORMED_JOB(256);                                                                                                                    \
    gemv_table<W>(job, planes, lut, n, k);                                                                                              \
  }
GEMV_TABLE(5)
GEMV_TABLE(6)
GEMV_TABLE(7)
GEMV_TABLE(8)
