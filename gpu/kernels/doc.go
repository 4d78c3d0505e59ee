// Package kernels holds the GPU kernels: CUDA sources, the PTX compiled from them, and how each is launched.
//
// # What it holds
//
// cuda/ has the sources; build.sh compiles them to ptx/ with clang alone, without a CUDA toolkit. [PTX] is embedded, so
// a program needs only a driver (CUDA 11.8 or later) and a GPU of compute capability 8.0 or later; the driver compiles
// the PTX when it is loaded. gpu/emu compiles the same sources for the host, where tests run them.
//
// # How a kernel is launched
//
// kernels.txt is the table of all kernels: name, block, parameters in order. [Lookup] returns a row of it. For each
// kernel (or family of kernels) launch.go has a function that returns a [Launch] for given sizes: [Embed] for embed,
// [Gemv] for gemv_f16 and gemv_ap2 to gemv_ap8, and so on. Shared of a Launch is what a
// block needs of shared memory beside what the kernel declares: a product keeps its normalised x there.
//
// # What the parameters hold
//
// Values are binary16 in row-major order; sums are binary32 inside a kernel. The rows of a launch are the tokens of a
// prefill, 1 in decode.
//
//	add_norm      adds add, then add2 to x; LayerNorm if beta is given, else RMSNorm; add, add2 and beta may be null
//	gemv, gemm    bias may be null; weights are w or b in binary16, or planes and lut of gpu/weights; gemv adds add and
//	              add2 to the result where they are given, and y may be one of them
//	norm_gemv     x is normalised as by add_norm; then is what becomes of the result: ThenWrite, ThenRope (as by rope_append,
//	              with the same parameters), ThenSilu or ThenGelu; kc to tmax count with ThenRope only
//	rope_append   cs holds (cosine, sine) in binary32, [position][rot/2]; appends keys and values to the caches kc and vc
//	attention     a cache is [KV heads][tmax][hd]; q is the first value of a qkv row, rows are stride values apart;
//	              scale is log2(e)/√hd; part is scratch of heads·splits·(2+hd) floats, counts a word a KV head, 0 between
//	              launches
//	choose        parts is scratch of [ChooseParts] floats
//	copy          n counts units of 16 bytes
//
// # State
//
// What changes from token to token is in device memory, so a captured graph can be replayed without an update. st is
// four 32-bit words:
//
//	st[0]  the token to embed (ids in decode)
//	st[1]  its position, which is also the number of positions in the cache; in prefill, that of the first new token
//	st[2]  the index of the step
//	st[3]  a counter for kernels, 0 between launches
//
// choose writes slot st[2] mod slots of stats, [StatsWords] floats: the token's bits, the largest logit, the second
// largest, logsumexp, entropy in nats, the largest probability, 0, 0. Then it sets the token, adds advance (the number
// of tokens that the pass has read) to the position, and adds 1 to the step.
//
// # Limits
//
// [Check] says whether a model fits. gemv and gemm take any n; other sizes must be multiples of 8, k of 32, and head
// sizes at most [MaxHeadDim].
//
// # Adding one more
//
//  1. The kernel: a function KERNEL void NAME(…) in a file of cuda/. A new file is also included in cuda/pmpd.cu. Use
//     only what pmpd_device.h offers: ld and st for global memory, SHARED arrays for shared memory. The emulator then
//     sees every access.
//  2. A row in kernels.txt. The emulator and gpu/cuda read their lists of kernels from it.
//  3. A function in launch.go that returns its Launch, and a call of it in TestLaunchesFitTheTable (lint_test.go).
//  4. ./build.sh, which writes the PTX for sm_80 and sm_90 and packs both. CLANG names the compiler.
//  5. A check against float64 in package check, and in its list All.
//
// Tests fail if PTX, table and launches disagree, if ptx/ is older than cuda/, or if an opcode is unknown. To run the
// kernel in a pass, add an op to gpu/ops.go and launch it in gpu/cuda/ops.go.
package kernels
