// The most likely token, what schedulers watch, and the state moved on.
//
// 64 blocks of 256 threads take a share of the logits each: maximum and second, and with e = exp(logit - maximum) the sums of e and of
// e·(logit - maximum). The block that comes last puts the shares together, in their order, so the sums do not depend on which one
// that was. No sum has more than n/16384 + 14 terms in a row, so binary32 holds for any vocabulary. A NaN is never chosen; it makes
// logsumexp, entropy and p_max NaN, so that the host sees it. Of equal logits the first is chosen.
struct Share { float max, second, z, zx; u32 at; }; // at: where max stands

DEV Share merge(const Share &a, const Share &b) {
  Share r;
  bool first = a.max > b.max || (a.max == b.max && a.at < b.at);
  r.max = first ? a.max : b.max;
  r.at = first ? a.at : b.at;
  r.second = larger(larger(a.second, b.second), first ? b.max : a.max);
  float da = a.max - r.max, db = b.max - r.max; // logits relative to the new maximum
  float ea = da == 0 ? 1.f : exp2_fast(LOG2E * da), eb = db == 0 ? 1.f : exp2_fast(LOG2E * db);
  r.z = a.z * ea + b.z * eb;
  r.zx = (a.zx + a.z * da) * ea + (b.zx + b.z * db) * eb;
  return r;
}
constexpr float LOWEST = -3.0e38f; // below every binary16 number; finite, so that differences of two are 0
constexpr u32 CHOOSE_BLOCKS = 64;

template <class A> DEV Share choose_block(Share s, A &sh, u32 first, u32 count) { // of `count` threads' shares, in their order
  for (u32 d = first; d; d >>= 1) {
    u32 t = PMPD_TID_X;
    if (t >= d && t < 2 * d && t < count) { sh[t * 5] = s.max; sh[t * 5 + 1] = s.second; sh[t * 5 + 2] = s.z; sh[t * 5 + 3] = s.zx; sh[t * 5 + 4] = u32_as_f32(s.at); }
    PMPD_SYNC();
    if (t < d && t + d < count) {
      u32 o = (t + d) * 5;
      s = merge(s, Share{sh[o], sh[o + 1], sh[o + 2], sh[o + 3], f32_as_u32(sh[o + 4])});
    }
  }
  return s;
}

// stats: slots of 8 floats, one a step, used in turn: token (its bits), largest logit, second, logsumexp, entropy in nats, p_max, 0, 0.
// state: token, position, step, and a count of blocks that must be 0 between launches. parts: 64 times 5 floats of scratch.
// advance: tokens that this pass has read. Grid (64).
KERNEL void __launch_bounds__(256) choose(float *__restrict__ stats, u32 *state, const u16 *logits, float *parts, u32 n, u32 slots,
                                          u32 advance) {
  SHARED(float, sh, 256 * 5);
  SHARED(u32, last, 1);
  after_previous();
  u32 t = PMPD_TID_X, block = PMPD_CTA_X;
  Share s = {LOWEST, LOWEST, 0, 0, 0xffffffff};
  for (u32 i = block * 256 + t; i < n; i += CHOOSE_BLOCKS * 256) {
    float v = h2f(ld(logits + i));
    if (v > s.max) {
      float d = s.max - v, e = exp2_fast(LOG2E * d);
      s.zx = (s.zx + s.z * d) * e;
      s.z = s.z * e + 1.f;
      s.second = s.max;
      s.max = v;
      s.at = i;
    } else {
      float d = v - s.max, e = exp2_fast(LOG2E * d);
      s.z += e;
      s.zx += e == 0 ? 0.f : e * d; // a logit of -inf adds nothing
      if (v > s.second) s.second = v;
    }
  }
  s = choose_block(s, sh, 128, 256);
  if (t == 0) {
    float *p = parts + block * 5;
    st(p, s.max); st(p + 1, s.second); st(p + 2, s.z); st(p + 3, s.zx); st(p + 4, u32_as_f32(s.at));
    fence();
    last[0] = atomic_inc_release_acquire(state + 3) == CHOOSE_BLOCKS - 1;
  }
  PMPD_SYNC();
  if (!last[0]) return;
  fence();
  s = Share{LOWEST, LOWEST, 0, 0, 0xffffffff};
  if (t < CHOOSE_BLOCKS) {
    const float *p = parts + t * 5;
    s = Share{ld(p), ld(p + 1), ld(p + 2), ld(p + 3), f32_as_u32(ld(p + 4))};
  }
  s = choose_block(s, sh, 32, 64);
  if (t) return;
  float lz = log2_fast(s.z) * LN2;
  u32 step = ld(state + 2), token = s.at < n ? s.at : 0; // nothing but NaNs: any token that exists
  float *o = stats + (u64)(step % slots) * 8;
  st(o, u32_as_f32(token)); st(o + 1, s.max); st(o + 2, s.second); st(o + 3, s.max + lz);
  st(o + 4, lz - s.zx / s.z); st(o + 5, 1.f / s.z); st(o + 6, 0.f); st(o + 7, 0.f);
  st(state, token); st(state + 1, ld(state + 1) + advance); st(state + 2, step + 1); st(state + 3, 0u);
}
