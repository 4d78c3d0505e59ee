// Binary16 on a host, exact: every operation rounds once, to nearest even. With F16C and FMA the common case takes two
// instructions; where a first rounding to binary32 could spoil the second one, the 64-bit significand of long double
// settles it: it holds every a·b+c of binary16 operands (product bits down to 2^-48, c up to 2^15).
#pragma once
#include <math.h>
#include <string.h>
#if defined(__F16C__) && defined(__FMA__)
#include <immintrin.h>
#define EMU_FAST_HALF 1
#endif

namespace emu {
constexpr unsigned short HALF_NAN = 0x7fff; // what the device's conversions and arithmetic make of a NaN

inline float widen_slow(unsigned short h) {
  unsigned s = (unsigned)(h & 0x8000) << 16, e = h >> 10 & 31, m = h & 1023, v;
  if (e == 31) v = s | 0x7f800000 | m << 13;
  else if (e) v = s | (e + 112) << 23 | m << 13;
  else if (m) {
    for (e = 113; !(m & 1024); e--) m <<= 1;
    v = s | e << 23 | (m & 1023) << 13;
  } else v = s;
  float f;
  memcpy(&f, &v, 4);
  return f;
}

// Rounds a value that is exact in F.
template <class F> inline unsigned short narrow_slow(F x) {
  if (x != x) return HALF_NAN;
  unsigned short s = signbit(x) ? 0x8000 : 0;
  F a = x < 0 ? -x : x;
  if (a >= (F)65520) return s | 0x7c00; // halfway between the largest number and what would follow it
  int e = -13; // subnormals are multiples of 2^-24, as numbers below 2^-13 are
  if (a >= (F)6.103515625e-05) frexp((double)a, &e); // a in [2^(e-1), 2^e): the unit is 2^(e-11); (double) can only round up to 2^e
  F q = ldexp(a, 11 - e);
  if (q < 1024 && e > -13) e--, q = ldexp(a, 11 - e);
  long i = (long)q;
  F rest = q - (F)i;
  if (rest > (F)0.5 || (rest == (F)0.5 && (i & 1))) i++;
  return s | (unsigned short)(((e + 13) << 10) + i); // a carry of i into 2048 is the next exponent
}

#ifdef EMU_FAST_HALF
inline float widen(unsigned short h) { return _cvtsh_ss(h); }
inline unsigned short narrow(float x) { return x != x ? HALF_NAN : _cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT); }
inline unsigned short multiply_add(unsigned short a, unsigned short b, unsigned short c) {
  float fa = widen(a), fb = widen(b), fc = widen(c), s = __builtin_fmaf(fa, fb, fc);
  unsigned v;
  memcpy(&v, &s, 4);
  // s is on a tie of binary16, or among its subnormals: the first rounding may have put it there
  if ((v & 0x1fff) == 0x1000 || (v & 0x7fffffff) < 0x38800000) return narrow_slow((long double)fa * fb + (long double)fc);
  return narrow(s);
}
#else
inline float widen(unsigned short h) { return widen_slow(h); }
inline unsigned short narrow(float x) { return narrow_slow(x); }
inline unsigned short multiply_add(unsigned short a, unsigned short b, unsigned short c) {
  return narrow_slow((long double)widen(a) * widen(b) + (long double)widen(c));
}
#endif
inline unsigned short multiply(unsigned short a, unsigned short b) { return narrow(widen(a) * widen(b)); } // 22 bits: exact in binary32
} // namespace emu
