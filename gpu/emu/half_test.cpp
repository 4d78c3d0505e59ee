// half.h's quick ways against its slow ones, which are plain integer arithmetic on exact values. Exit status 1 if one differs.
#include "half.h"

#include <stdint.h>
#include <stdio.h>

#include <random>

using namespace emu;
static int wrong;
static void same(const char *what, unsigned got, unsigned want, unsigned a, unsigned b, unsigned c) {
  if (got != want && wrong++ < 10) printf("%s(%04x, %04x, %04x) = %04x, want %04x\n", what, a, b, c, got, want);
}
static float as_float(uint32_t v) {
  float f;
  memcpy(&f, &v, 4);
  return f;
}

int main() {
#ifndef EMU_FAST_HALF
  puts("no quick ways in this build");
#endif
  for (unsigned h = 0; h < 65536; h++) {
    float f = widen((unsigned short)h), g = widen_slow((unsigned short)h);
    if (f != g && !(f != f && g != g)) same("widen", 1, 0, h, 0, 0);
    bool nan = (h & 0x7fff) > 0x7c00;
    same("narrow of widen", narrow(f), nan ? HALF_NAN : h, h, 0, 0);
    same("narrow_slow of widen", narrow_slow(f), nan ? HALF_NAN : h, h, 0, 0);
    // the number halfway to the next one, and its neighbours in binary32: ties go to even
    if ((h & 0x7fff) < 0x7bff) {
      double mid = ((double)f + widen_slow((unsigned short)(h + 1))) / 2;
      float m = (float)mid;
      same("tie", narrow(m), h & 1 ? h + 1 : h, h, 0, 0);
      same("above", narrow(nextafterf(m, (float)mid * 2)), h + 1, h, 0, 0);
      same("below", narrow(nextafterf(m, 0)), h, h, 0, 0);
    }
  }
  std::mt19937_64 rng(5);
  for (long i = 0; i < 6000000; i++) {
    uint64_t r = rng();
    unsigned short a = (unsigned short)r, b = (unsigned short)(r >> 16), c = (unsigned short)(r >> 32);
    if (i & 1) { // of like size, so that sums cancel and ties happen
      a = (a & 0x83ff) | 0x3800;
      b = (b & 0x83ff) | 0x3c00;
      c = (c & 0x83ff) | (unsigned short)(0x2000 + (r >> 50 & 15) * 0x400);
    }
    float fa = widen_slow(a), fb = widen_slow(b), fc = widen_slow(c);
    same("multiply_add", multiply_add(a, b, c), narrow_slow((long double)fa * fb + (long double)fc), a, b, c);
    same("multiply", multiply(a, b), narrow_slow((double)fa * fb), a, b, 0);
    float f = as_float((uint32_t)(r >> 20));
    if (f == f) same("narrow", narrow(f), narrow_slow(f), (unsigned)(r >> 36) & 0xffff, 0, 0);
  }
  if (wrong) printf("%d differ\n", wrong);
  return wrong != 0;
}
