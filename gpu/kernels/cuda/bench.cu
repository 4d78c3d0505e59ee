// What kernels are measured against.

// n times 16 bytes, read and written. Any grid of blocks of 256.
KERNEL void __launch_bounds__(256) copy(vec4 *__restrict__ to, const vec4 *__restrict__ from, u32 n) {
  u32 step = PMPD_NCTA_X * 256, i = PMPD_CTA_X * 256 + PMPD_TID_X;
  for (; i < n && n - i > 3 * step; i += 4 * step) { // four loads in flight
    vec4 a = ldg_stream4(from + i), b = ldg_stream4(from + i + step), c = ldg_stream4(from + i + 2 * step), d = ldg_stream4(from + i + 3 * step);
    st(to + i, a);
    st(to + i + step, b);
    st(to + i + 2 * step, c);
    st(to + i + 3 * step, d);
  }
  for (; i < n; i += step) st(to + i, ldg_stream4(from + i));
}

// The time from one node of a graph to the next.
KERNEL void empty() {}
