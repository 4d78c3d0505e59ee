package kernels

import (
	"fmt"
	"strings"
)

// Param is what kind of parameter a kernel takes.
type Param byte

// The kinds.
const (
	Pointer Param = 'p' // 64 bits
	Int     Param = 'u' // 32 bits
	Float   Param = 'f' // binary32
)

// Kernel is an entry of PTX.
type Kernel struct {
	Name   string
	Params []Param
	Names  []string // of the parameters
	Block  int      // threads of a block: never more, and what launches use
}

// MaxGroup is the most query heads that may share a KV head, MaxHeadDim the longest head.
const (
	MaxGroup   = 8
	MaxHeadDim = 128
)

// Words of choose's buffers, four bytes each.
const (
	StatsWords  = 8              // a slot of stats
	StateWords  = 4              // st
	ChooseParts = chooseGrid * 5 // parts
	chooseGrid  = 64
)

// The table: name, block, and parameters with their kind after a colon where it is not a pointer.
var table = func() map[string]Kernel {
	m := map[string]Kernel{}
	add := func(name string, block int, params string) {
		k := Kernel{Name: name, Block: block}
		for p := range strings.FieldsSeq(params) {
			label, kind, _ := strings.Cut(p, ":")
			switch kind {
			case "":
				k.Params = append(k.Params, Pointer)
			case "u":
				k.Params = append(k.Params, Int)
			case "f":
				k.Params = append(k.Params, Float)
			default:
				panic("kernels: table: kind of " + p)
			}
			k.Names = append(k.Names, label)
		}
		m[name] = k
	}
	add("embed", 128, "x table ids d:u")
	add("norm", 256, "y x add add2 gamma beta d:u eps:f")
	add("rope_append", 64, "qkv kc vc cs st h:u kv:u hd:u rot:u tmax:u")
	add("silu_mul", 128, "y gu n:u")
	add("gelu", 128, "y x n:u")
	add("gemv_f16", 256, "y w x bias n:u k:u")
	for bits := 2; bits <= 8; bits++ {
		add(fmt.Sprintf("gemv_ap%d", bits), 32*gemvWarps(bits), "y planes lut x bias n:u k:u")
	}
	for g := 1; g <= MaxGroup; g++ {
		add(fmt.Sprintf("attn_g%d", g), 128, "part q kc vc st hd:u tmax:u splits:u scale:f")
	}
	add("attn_merge", 128, "o part hd:u splits:u")
	add("attn_prefill", 128, "o q kc vc st m:u h:u kv:u hd:u stride:u tmax:u scale:f")
	add("gemm_f16", 256, "c a b bias m:u n:u k:u")
	add("gemm_f16_small", 256, "c a b bias m:u n:u k:u")
	add("dequant", 256, "out planes lut bits:u n:u k:u")
	add("choose", 256, "stats st logits parts n:u slots:u advance:u")
	add("copy", 256, "to from n:u")
	add("empty", 1024, "")
	return m
}()

// Lookup finds a kernel by its name.
func Lookup(name string) (Kernel, bool) {
	k, ok := table[name]
	return k, ok
}
