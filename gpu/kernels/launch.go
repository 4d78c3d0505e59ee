package kernels

import "fmt"

// Launch is how a kernel is put on the GPU.
type Launch struct {
	Kernel      string
	Grid, Block [3]int
}

// launch makes one with a block of one dimension.
func launch(kernel string, x, y int) Launch {
	return Launch{kernel, [3]int{x, y, 1}, [3]int{table[kernel].Block, 1, 1}}
}

// up divides, rounding up.
func up(n, by int) int { return (n + by - 1) / by }

// vector is threads' values of 16 bytes along a row of n.
func vector(kernel string, n, rows int) Launch {
	return launch(kernel, up(n, 8*table[kernel].Block), rows)
}

// Embed launches embed.
func Embed(d, rows int) Launch { return vector("embed", d, rows) }

// Norm launches norm.
func Norm(rows int) Launch { return launch("norm", rows, 1) }

// SiluMul launches silu_mul; n is what it makes, half of what it reads.
func SiluMul(n, rows int) Launch { return vector("silu_mul", n, rows) }

// Gelu launches gelu.
func Gelu(n, rows int) Launch { return vector("gelu", n, rows) }

// Gemv launches the product at a precision: bits 2 to 8, or 16.
func Gemv(bits, n, k int) Launch {
	name := "gemv_f16"
	if bits < 16 {
		name = fmt.Sprintf("gemv_ap%d", bits)
	}
	if _, ok := table[name]; !ok {
		panic(fmt.Sprintf("kernels: a product at %d bits; accepted: 2 to 8, 16", bits))
	}
	if n < 1 || k < 32 || k%32 != 0 {
		panic(fmt.Sprintf("kernels: a product of %d by %d; accepted: columns in multiples of 32", n, k))
	}
	rows, warps := 1, gemvWarps(bits) // rows of a warp
	if warps == 4 {
		rows = 4
	}
	return Launch{name, [3]int{up(n, rows*warps), 1, 1}, [3]int{32, warps, 1}}
}

// gemvWarps is the warps of a block: at up to 4 bits a warp has four rows, and blocks are smaller so that there are as many.
func gemvWarps(bits int) int {
	if bits <= 4 {
		return 4
	}
	return 8
}

// RopeAppend launches rope_append.
func RopeAppend(h, kv, hd, rows int) Launch {
	return Launch{"rope_append", [3]int{h + 2*kv, rows, 1}, [3]int{hd / 2, 1, 1}}
}

// Attention launches the attention of a decode step, over so many splits of the positions.
func Attention(h, kv, splits int) Launch { return launch(fmt.Sprintf("attn_g%d", h/kv), kv, splits) }

// Splits is how many to use so that a GPU of so many multiprocessors is busy: about two blocks each, and at least 64 positions a split.
func Splits(kv, positions, multiprocessors int) int {
	return max(1, min(up(2*multiprocessors, kv), up(positions, 64)))
}

// Merge launches attn_merge.
func Merge(h int) Launch { return launch("attn_merge", h, 1) }

// AttentionPrefill launches attn_prefill.
func AttentionPrefill(m, h int) Launch { return launch("attn_prefill", up(m, 64), h) }

// Gemm launches the product of m rows: large tiles where there are enough to keep a GPU busy, else small ones.
func Gemm(m, n int) Launch {
	if large := up(m, 128) * up(n, 128); large >= 128 {
		return launch("gemm_f16", up(m, 128), up(n, 128))
	}
	return launch("gemm_f16_small", up(m, 64), up(n, 64))
}

// Dequant launches dequant for n rows.
func Dequant(n int) Launch {
	return Launch{"dequant", [3]int{up(n, 8), 1, 1}, [3]int{32, 8, 1}}
}

// Choose launches choose.
func Choose() Launch { return launch("choose", chooseGrid, 1) }

// Copy launches copy on a GPU of so many multiprocessors.
func Copy(multiprocessors int) Launch { return launch("copy", 8*multiprocessors, 1) }

// Empty launches empty.
func Empty() Launch { return Launch{"empty", [3]int{1, 1, 1}, [3]int{32, 1, 1}} }

// Shape is the sizes of a model that kernels care about.
type Shape struct{ Hidden, FFN, Heads, KVHeads, HeadDim, RotaryDim, Vocab int }

// Check says what of a model no kernel can do.
func Check(s Shape) error {
	group := 0
	if s.KVHeads > 0 && s.Heads%s.KVHeads == 0 {
		group = s.Heads / s.KVHeads
	}
	switch {
	case s.Hidden < 32 || s.Hidden%32 != 0:
		return fmt.Errorf("kernels: hidden size %d; accepted: multiples of 32", s.Hidden)
	case s.FFN < 32 || s.FFN%32 != 0:
		return fmt.Errorf("kernels: feed-forward size %d; accepted: multiples of 32", s.FFN)
	case group < 1 || group > MaxGroup:
		return fmt.Errorf("kernels: %d heads on %d KV heads; accepted: 1 to %d heads a KV head", s.Heads, s.KVHeads, MaxGroup)
	case s.HeadDim < 8 || s.HeadDim > MaxHeadDim || s.HeadDim%8 != 0:
		return fmt.Errorf("kernels: head dim %d; accepted: multiples of 8 up to %d", s.HeadDim, MaxHeadDim)
	case s.Heads*s.HeadDim%32 != 0:
		return fmt.Errorf("kernels: %d heads of %d; accepted: products that are multiples of 32", s.Heads, s.HeadDim)
	case s.RotaryDim < 0 || s.RotaryDim > s.HeadDim || s.RotaryDim%2 != 0:
		return fmt.Errorf("kernels: rotary dim %d of head dim %d; accepted: even numbers up to the head dim", s.RotaryDim, s.HeadDim)
	case s.Vocab < 1:
		return fmt.Errorf("kernels: vocabulary of %d; accepted: 1 or more", s.Vocab)
	}
	return nil
}
