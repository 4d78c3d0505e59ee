// Codes of 2 to 8 bits, and their values: what a lane makes of the words of planes that it has loaded. gemv.cu loads them.
//
// Codes come as bit-planes in the layout of package gpu/weights: planes[j][row][k/32], plane j with bit 7-j of each 8-bit code. A group
// of 1,024 columns is a word a lane, and lane l has the columns 8L·(p/8) + 8l + p%8, p = 0…31, of it, each at bit
// 16·(p/4%2) + 4·(p%4) + p/8: a word is eight nibbles (p%8) of four bits (c = p/8). lut[row][code] is the row's table, binary16.

// ---- 2, 3 and 4 bits ----
// Two planes to pairs of bits: nibbles [a3 b3 a1 b1] and [a2 b2 a0 b0], where a3 is the bit of c = 3 in plane a.
DEV u32 odd_pairs(u32 a, u32 b) { return select(0xaaaaaaaau, a, b >> 1); }
DEV u32 even_pairs(u32 a, u32 b) { return select(0xaaaaaaaau, a << 1, b); }

// Codes of three planes, or four, in nibbles, by c; plane a has the highest bit. Bit 3 of three is clear.
DEV void nibbles3(u32 out[4], u32 a, u32 b, u32 c) {
  u32 u = odd_pairs(b, c), v = even_pairs(b, c), even = a & 0x55555555u, odd = a & 0xaaaaaaaau;
  out[0] = select(0x33333333u, v, even << 2);
  out[1] = select(0x33333333u, u, odd << 1);
  out[2] = select(0x33333333u, v >> 2, even);
  out[3] = select(0x33333333u, u >> 2, odd >> 1);
}
DEV void nibbles4(u32 out[4], u32 a, u32 b, u32 c, u32 d) {
  u32 u = odd_pairs(a, b), v = even_pairs(a, b), y = odd_pairs(c, d), z = even_pairs(c, d);
  out[0] = select(0xccccccccu, v << 2, z);
  out[1] = select(0xccccccccu, u << 2, y);
  out[2] = select(0xccccccccu, v, z >> 2);
  out[3] = select(0xccccccccu, u, y >> 2);
}

// An 8-entry table of binary16 in four registers of bytes: prmt looks four bytes up at once. t: codes in nibbles.
struct Bytes {
  u32 l0, l1, h0, h1; // low bytes of entries 0-3 and 4-7, high bytes
  MEMBER static Bytes of(const u32 *e) {
    return {prmt(e[0], e[1], 0x6420), prmt(e[2], e[3], 0x6420), prmt(e[0], e[1], 0x7531), prmt(e[2], e[3], 0x7531)};
  }
};
DEV void interleave(u32 out[2], u32 l, u32 h) { out[0] = prmt(l, h, 0x5140); out[1] = prmt(l, h, 0x7362); }
DEV void four(u32 out[2], const Bytes &b, u32 t) { interleave(out, prmt(b.l0, b.l1, t), prmt(b.h0, b.h1, t)); }
// 16 entries: both halves of the table, then by the codes' highest bits a byte of one or the other. m: nibble j is j, plus 4 if so.
DEV void four(u32 out[2], const Bytes &a, const Bytes &b, u32 t, u32 m) {
  interleave(out, prmt(prmt(a.l0, a.l1, t), prmt(b.l0, b.l1, t), m), prmt(prmt(a.h0, a.h1, t), prmt(b.h0, b.h1, t), m));
}
DEV u32 chain(u32 s, const u32 w[4], const vec4 &x) { return hfma2(w[3], x.w, hfma2(w[2], x.z, hfma2(w[1], x.y, hfma2(w[0], x.x, s)))); }
DEV u32 chain(const u32 w[4], const vec4 &x) { return hfma2(w[3], x.w, hfma2(w[2], x.z, hfma2(w[1], x.y, hmul2(w[0], x.x)))); }
DEV float both(u32 s) { return h2lo(s) + h2hi(s); }

// What a group of columns offers to all rows: x of the lane's columns, by c.
template <int W> struct Inputs {
  vec4 x[4];
  MEMBER void prepare() {}
};
// At 2 bits c = 1 and 3 come in pairs: x of the same column of both.
template <> struct Inputs<2> {
  vec4 x[4];
  u32 pair[8];
  MEMBER void prepare() {
    const u32 a[4] = {x[1].x, x[1].y, x[1].z, x[1].w}, b[4] = {x[3].x, x[3].y, x[3].z, x[3].w};
#pragma unroll
    for (int i = 0; i < 4; i++) { pair[2 * i] = prmt(a[i], b[i], 0x5410); pair[2 * i + 1] = prmt(a[i], b[i], 0x7632); }
  }
};

template <int N, class A> DEV void words(u32 (&out)[N], A &from, u32 at) {
#pragma unroll
  for (u32 i = 0; i < N; i++) out[i] = from[at + i];
}

// A row's table and the sum of its 32 weights in a lane times x. Integer instructions bound these kernels, so half of the work at 2 bits
// and three quarters at 4 go to the shuffle unit: a table of 16 lies in the lanes of each half of a warp, and a shuffle that looks
// at four bits of its index only needs no mask.
template <int W> struct Row;

template <> struct Row<2> {
  u32 lo, hi; // bytes of the four entries
  u32 two;    // entries of codes lane%4 and lane/4%4
  template <class A> MEMBER void look_up(A &tables, u32 at, u32 lane) { // the row's table is at `at`, in words
    u32 e[2];
    words(e, tables, at);
    lo = prmt(e[0], e[1], 0x6420);
    hi = prmt(e[0], e[1], 0x7531);
    u32 a = lane & 3, b = lane >> 2 & 3;
    two = prmt(e[0], e[1], a * 0x22 + b * 0x2200 + 0x1010);
  }
  MEMBER float dot(const u32 *q, const Inputs<2> &in) const {
    u32 u = odd_pairs(q[0], q[1]), v = even_pairs(q[0], q[1]);
    u32 s = hmul2(shfl_half(two, u), in.pair[0]);
#pragma unroll
    for (int i = 1; i < 8; i++) s = hfma2(shfl_half(two, u >> (4 * i)), in.pair[i], s);
    Bytes b{lo, lo, hi, hi};
    u32 w[4], t = v & 0x33333333u;
    four(w, b, t);
    four(w + 2, b, t >> 16);
    u32 z = chain(w, in.x[0]);
    t = v >> 2 & 0x33333333u;
    four(w, b, t);
    four(w + 2, b, t >> 16);
    return both(s) + both(chain(z, w, in.x[2]));
  }
};

template <> struct Row<3> {
  Bytes b;
  template <class A> MEMBER void look_up(A &tables, u32 at, u32) {
    u32 e[4];
    words(e, tables, at);
    b = Bytes::of(e);
  }
  MEMBER float dot(const u32 *q, const Inputs<3> &in) const {
    u32 t[4];
    nibbles3(t, q[0], q[1], q[2]); // bit 3 would make prmt copy signs
    float sum = 0;
#pragma unroll
    for (int c = 0; c < 4; c += 2) {
      u32 w[4];
      four(w, b, t[c]);
      four(w + 2, b, t[c] >> 16);
      u32 s = chain(w, in.x[c]);
      four(w, b, t[c + 1]);
      four(w + 2, b, t[c + 1] >> 16);
      sum += both(chain(s, w, in.x[c + 1]));
    }
    return sum;
  }
};

template <> struct Row<4> {
  Bytes a, b; // entries 0-7 and 8-15
  u32 one;    // entry lane%16
  template <class A> MEMBER void look_up(A &tables, u32 at, u32 lane) {
    u32 e[8];
    words(e, tables, at);
    a = Bytes::of(e);
    b = Bytes::of(e + 4);
    one = tables[at + (lane & 15) / 2] >> (lane & 1) * 16 & 0xffff;
  }
  MEMBER float dot(const u32 *q, const Inputs<4> &in) const {
    u32 t[4];
    nibbles4(t, q[0], q[1], q[2], q[3]);
    u32 last = t[3], m = and_or(last >> 1, 0x44444444u, 0x32103210u), w[4];
    last &= 0x77777777u;
    four(w, a, b, last, m);
    four(w + 2, a, b, last >> 16, m >> 16);
    float sum = both(chain(w, in.x[3]));
#pragma unroll
    for (int c = 0; c < 3; c++) {
#pragma unroll
      for (int i = 0; i < 4; i++) w[i] = prmt(shfl_half(one, t[c] >> (8 * i)), shfl_half(one, t[c] >> (8 * i + 4)), 0x5410);
      sum += both(chain(w, in.x[c]));
    }
    return sum;
  }
};

// ---- 5 to 8 bits ----
// Codes in bytes, by c: of columns 0, 2, 4, 6 of a lane's eight, and of 1, 3, 5, 7.
template <int W> DEV void bytes(u32 even[4], u32 odd[4], const u32 *q) {
  u32 high[4], low[4];
  if constexpr (W == 8) nibbles4(high, q[0], q[1], q[2], q[3]);
  if constexpr (W == 7) nibbles3(high, q[0], q[1], q[2]);
#pragma unroll
  for (int c = 0; c < 4; c++) {
    if constexpr (W == 6) high[c] = ((c % 2 ? odd_pairs(q[0], q[1]) : even_pairs(q[0], q[1])) >> (c & 2)) & 0x33333333u;
    if constexpr (W == 5) high[c] = q[0] >> c & 0x11111111u;
  }
  nibbles4(low, q[W - 4], q[W - 3], q[W - 2], q[W - 1]);
#pragma unroll
  for (int c = 0; c < 4; c++) {
    even[c] = select(0xf0f0f0f0u, high[c] << 4, low[c]);
    odd[c] = select(0xf0f0f0f0u, high[c], low[c] >> 4);
  }
}
