// Package kernels holds the GPU's kernels: CUDA sources, the PTX made from them, and how each is launched.
//
// # What it holds
//
// cuda/ has the sources and build.sh the one command that makes ptx/ from them, with clang alone: no CUDA toolkit. [PTX] is
// embedded, so a program needs a driver only (CUDA 11.8 or later), on any GPU from sm_80 on; the driver compiles it when it is
// loaded. gpu/emu compiles the same sources for the host, where tests run them.
//
// # How a kernel is launched
//
// Functions named after the kernels answer a [Launch]: name, grid and block for sizes. [Lookup] tells a kernel's parameters in
// order. None needs dynamic shared memory.
//
//	embed         x, table, ids, d                                     Embed(d, rows)
//	norm          y, x, add, add2, gamma, beta, d, eps                 Norm(rows)
//	gemv_f16      y, w, x, bias, n, k                                  Gemv(16, n, k)
//	gemv_ap2…8    y, planes, lut, x, bias, n, k                        Gemv(bits, n, k)
//	rope_append   qkv, kc, vc, cs, st, h, kv, hd, rot, tmax            RopeAppend(h, kv, hd, rows)
//	attn_g1…8     part, q, kc, vc, st, hd, tmax, splits, scale         Attention(h, kv, splits)
//	attn_merge    o, part, hd, splits                                  Merge(h)
//	attn_prefill  o, q, kc, vc, st, m, h, kv, hd, stride, tmax, scale  AttentionPrefill(m, h)
//	silu_mul      y, gu, n                                             SiluMul(n, rows)
//	gelu          y, x, n                                              Gelu(n, rows)
//	gemm_f16      c, a, b, bias, m, n, k                               Gemm(m, n)
//	dequant       out, planes, lut, bits, n, k                         Dequant(n)
//	choose        stats, st, logits, parts, n, slots, advance          Choose()
//	copy          to, from, n (of 16 bytes)                            Copy(multiprocessors)
//	empty                                                              Empty()
//
// Numbers are binary16 in row-major order, sums binary32. rows are the tokens of a prefill, 1 in decode. add, add2, beta and bias
// may be null: norm adds what is given to x first (add2 only after add), and is LayerNorm with beta, RMSNorm without. part holds
// heads·splits·(2+hd) floats. scale is log2(e)/√hd. cs is [position][rot/2] of (cosine, sine) in binary32. q of attention is the
// first value of a qkv row, and stride how far rows lie apart. A cache is [kv heads][tmax][hd].
//
// # State
//
// What changes from token to token lies on the device, so a captured graph is replayed with no update. st is four 32-bit words:
// the token to embed (ids in decode), its position, which is also the number of positions in the cache before it, the index of
// the step, and a count that kernels use, 0 between launches. Prefill keeps st[1] at the first new token's position; rows add to it.
// choose writes slot st[2] mod slots of stats, eight floats each ([StatsWords]): the token's bits, largest logit, second, logsumexp,
// entropy in nats, p_max, 0, 0. Then it sets token, position += advance (the tokens that the pass has read), step += 1. parts is
// scratch of [ChooseParts] floats.
//
// # Limits
//
// [Check] tells whether a model fits. Only gemv and gemm take any n; other sizes are multiples of 8, k of 32, head dims up to 128.
//
// # Adding one more
//
// A kernel goes into a file of cuda/, into the table here, and into the registry of gpu/emu; build.sh makes the PTX. Tests hold
// the three together: names, parameters and block sizes. A kernel uses nothing but what pmpd_device.h offers, touches global memory
// through ld and st, and shared memory through SHARED arrays, so that the emulator sees all it does.
package kernels
