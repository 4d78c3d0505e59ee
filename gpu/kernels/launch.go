package kernels

import (
	"fmt"
	"strings"
)

// Launch is a kernel with the sizes of its grid, in blocks, and of its blocks, in threads.
type Launch struct {
	Kernel      string
	Grid, Block [3]int
	Shared      int // bytes of shared memory that a block has beside what the kernel declares; at most MaxShared
}

// launch makes a launch of x by y blocks of the size in the table.
func launch(kernel string, x, y int) Launch {
	return Launch{kernel, [3]int{x, y, 1}, table[kernel].Block, 0}
}

// ceilDiv returns a/b, rounded up.
func ceilDiv(a, b int) int { return (a + b - 1) / b }

// rowwise launches a kernel whose threads take eight binary16 values each, along rows of width values.
func rowwise(kernel string, width, rows int) Launch {
	return launch(kernel, ceilDiv(width, 8*table[kernel].Threads()), rows)
}

// Embed launches embed for rows tokens of hidden values.
func Embed(hidden, rows int) Launch { return rowwise("embed", hidden, rows) }

// Norm launches add_norm for rows tokens.
func Norm(rows int) Launch { return launch("add_norm", rows, 1) }

// SiluMul launches silu_mul for rows of width results; it reads twice as many values.
func SiluMul(width, rows int) Launch { return rowwise("silu_mul", width, rows) }

// Gelu launches gelu for rows of width values.
func Gelu(width, rows int) Launch { return rowwise("gelu", width, rows) }

// Gemv launches the product of a matrix of rows by columns weights and a vector. Weights have 2 to 8 bits, or 16 for
// binary16. It panics at other bits, and if columns is no multiple of 32.
func Gemv(bits, rows, columns int) Launch { return product("gemv", bits, rows, columns) }

// NormGemv launches the product of a matrix and a vector that is normalised first, and whose result goes on by Then.
// Columns are at most MaxHidden.
func NormGemv(bits, rows, columns int) Launch {
	l := product("norm_gemv", bits, rows, columns)
	l.Shared = ring(bits) + 2*columns // planes that are on their way, and x
	return l
}

// Waits reports whether a kernel, from Hopper on, waits for the one before it itself, so that it may be launched before that has
// ended: those of a decode pass.
func Waits(kernel string) bool {
	for _, prefix := range []string{"embed", "gemv_", "norm_gemv_", "attn_g", "choose"} {
		if strings.HasPrefix(kernel, prefix) {
			return true
		}
	}
	return false
}

// ring is Ring of gemv.cu in bytes, of a block's eight warps: turns of 64 words of four rows' planes.
func ring(bits int) int {
	const warps, turn, word = 8, 4 * 64, 4
	switch bits {
	case 2:
		return warps * 3 * bits * turn * word
	case 3, 4:
		return warps * 2 * bits * turn * word
	}
	return 0
}

// MaxShared is the most that a launch of a kernel asks for: drivers want to know it before the first.
func MaxShared(kernel string) int {
	if !strings.HasPrefix(kernel, "norm_gemv") {
		return 0
	}
	var bits int
	_, _ = fmt.Sscanf(kernel, "norm_gemv_ap%d", &bits) // of binary16 0
	return ring(bits) + 2*MaxHidden
}

// Then is what becomes of the result of a NormGemv, as around.cu numbers it.
const (
	ThenWrite = iota // it is written
	ThenRope         // q and k are turned, k and v appended to the cache
	ThenSilu         // silu of the upper half of it, times the lower
	ThenGelu         // gelu, tanh form
)

func product(name string, bits, rows, columns int) Launch {
	if bits < 16 {
		name += fmt.Sprintf("_ap%d", bits)
	} else {
		name += "_f16"
	}
	kernel, ok := table[name]
	if !ok {
		panic(fmt.Sprintf("kernels: a product at %d bits; accepted: 2 to 8, 16", bits))
	}
	if rows < 1 || columns < 32 || columns%32 != 0 {
		panic(fmt.Sprintf("kernels: a product of %d by %d; accepted: columns in multiples of 32", rows, columns))
	}
	rowsPerWarp, warps := 1, kernel.Block[1]
	if bits <= 4 { // blocks have half as many warps then, so that there are about as many blocks
		rowsPerWarp = 4
	}
	return launch(name, ceilDiv(rows, rowsPerWarp*warps), 1)
}

// RopeAppend launches rope_append for rows tokens.
func RopeAppend(heads, kvHeads, headDim, rows int) Launch {
	return Launch{"rope_append", [3]int{heads + 2*kvHeads, rows, 1}, [3]int{headDim / 2, 1, 1}, 0}
}

// Attention launches the attention of a decode step, with the positions in up to so many splits.
func Attention(heads, kvHeads, headDim, splits int) Launch {
	most := 1 // heads of the least kernel that has room for a group
	for most < heads/kvHeads {
		most *= 2
	}
	name := fmt.Sprintf("attn_g%d", most)
	if headDim <= 64 {
		name += "_narrow"
	}
	return launch(name, kvHeads, splits)
}

// leastKeys is how many positions a split has at least, unless it is the only one: LEAST of attention.cu.
const leastKeys = 64

// Splits returns how many splits keep a GPU busy with so many positions: up to two blocks a multiprocessor, since a third on
// some would be what all wait for. With fewer positions a launch of that many uses some of them.
func Splits(kvHeads, positions, multiprocessors int) int {
	return max(1, min(2*multiprocessors/kvHeads, ceilDiv(positions, leastKeys)))
}

// AttentionPrefill launches attn_prefill for rows tokens.
func AttentionPrefill(rows, heads int) Launch {
	return launch("attn_prefill", ceilDiv(rows, 64), heads)
}

// Gemm launches a product whose result has rows by columns values: with large tiles if there are enough of them to keep
// a GPU busy, else with small ones.
func Gemm(rows, columns int) Launch {
	if large := ceilDiv(rows, 128) * ceilDiv(columns, 128); large >= 128 {
		return launch("gemm_f16", ceilDiv(rows, 128), ceilDiv(columns, 128))
	}
	return launch("gemm_f16_small", ceilDiv(rows, 64), ceilDiv(columns, 64))
}

// Dequant launches dequant for the rows of a matrix, a warp each.
func Dequant(rows int) Launch { return launch("dequant", ceilDiv(rows, table["dequant"].Block[1]), 1) }

// Choose launches choose.
func Choose() Launch { return launch("choose", chooseGrid, 1) }

// Copy launches copy with eight blocks per multiprocessor.
func Copy(multiprocessors int) Launch { return launch("copy", 8*multiprocessors, 1) }

// Empty launches empty with one warp.
func Empty() Launch { return Launch{"empty", [3]int{1, 1, 1}, [3]int{32, 1, 1}, 0} }

// Shape is the sizes of a model that limit which kernels can run it.
type Shape struct{ Hidden, FFN, Heads, KVHeads, HeadDim, RotaryDim, Vocab int }

// Check returns an error that names the first size of a model that the kernels cannot handle, or nil.
func Check(s Shape) error {
	group := 0
	if s.KVHeads > 0 && s.Heads%s.KVHeads == 0 {
		group = s.Heads / s.KVHeads
	}
	switch {
	case s.Hidden < 32 || s.Hidden%32 != 0 || s.Hidden > MaxHidden:
		return fmt.Errorf("kernels: hidden size %d; accepted: multiples of 32 up to %d", s.Hidden, MaxHidden)
	case s.FFN < 32 || s.FFN%32 != 0:
		return fmt.Errorf("kernels: feed-forward size %d; accepted: multiples of 32", s.FFN)
	case group < 1 || group > MaxGroup:
		return fmt.Errorf("kernels: %d heads on %d KV heads; accepted: 1 to %d heads a KV head", s.Heads, s.KVHeads, MaxGroup)
	case s.HeadDim < 8 || s.HeadDim > MaxHeadDim || s.HeadDim%8 != 0:
		return fmt.Errorf("kernels: head dim %d; accepted: multiples of 8 up to %d", s.HeadDim, MaxHeadDim)
	case s.Heads*s.HeadDim%32 != 0:
		return fmt.Errorf("kernels: %d heads of %d; accepted: products that are multiples of 32", s.Heads, s.HeadDim)
	case s.RotaryDim < 0 || s.RotaryDim > s.HeadDim || s.RotaryDim%2 != 0:
		return fmt.Errorf("kernels: rotary dim %d of head dim %d; accepted: even numbers up to the head dim",
			s.RotaryDim, s.HeadDim)
	case s.Vocab < 1:
		return fmt.Errorf("kernels: vocabulary of %d; accepted: 1 or more", s.Vocab)
	}
	return nil
}
