package kernels

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Param is what a kernel's parameter is.
type Param byte

// The kinds of parameters, as kernels.txt writes them.
const (
	Pointer Param = 'p' // 64 bits
	Int     Param = 'u' // 32 bits
	Float   Param = 'f' // binary32
)

// Kernel is a row of kernels.txt: an entry of the PTX.
type Kernel struct {
	Name   string
	Params []Param
	Names  []string // of the parameters
	Block  [3]int   // threads of the largest block that is launched
}

// Threads returns the number of threads of the largest block.
func (k Kernel) Threads() int { return k.Block[0] * k.Block[1] * k.Block[2] }

// MaxGroup is the most query heads that may share a KV head, MaxHeadDim the largest size of a head, MaxHidden the most
// values that a product normalises, in 24 KiB of shared memory beside 64 KiB of planes that are on their way: of 99 KiB that a block may
// have.
const (
	MaxGroup   = 8
	MaxHeadDim = 128
	MaxHidden  = 12288
)

// Sizes of the buffers of choose, in words of four bytes.
const (
	StatsWords  = 8              // one slot of stats
	StateWords  = 4              // st
	ChooseParts = chooseGrid * 5 // parts
	chooseGrid  = 64
)

//go:embed kernels.txt
var tableText string

// table is kernels.txt by name.
var table = mustParse(tableText)

func mustParse(text string) map[string]Kernel {
	kernels, err := parseTable(text)
	if err != nil {
		panic("kernels: kernels.txt: " + err.Error())
	}
	return kernels
}

// parseTable reads rows of NAME BLOCK PARAMETER…; lines that are empty or start with # say nothing.
func parseTable(text string) (map[string]Kernel, error) {
	kernels := map[string]Kernel{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		if len(fields) == 1 {
			return nil, fmt.Errorf("%s has no block; accepted: NAME THREADS[xTHREADS] PARAMETER…", fields[0])
		}
		k := Kernel{Name: fields[0], Block: [3]int{1, 1, 1}}
		if _, twice := kernels[k.Name]; twice {
			return nil, fmt.Errorf("%s stands there twice; accepted: each kernel once", k.Name)
		}
		for i, threads := range strings.SplitN(fields[1], "x", len(k.Block)) {
			n, err := strconv.Atoi(threads)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("%s has blocks of %q; accepted: THREADS or THREADSxTHREADS", k.Name, fields[1])
			}
			k.Block[i] = n
		}
		for _, p := range fields[2:] {
			name, kind, scalar := strings.Cut(p, ":")
			param := Pointer
			if scalar {
				if kind != string(Int) && kind != string(Float) {
					return nil, fmt.Errorf("%s has the parameter %q; accepted: NAME, NAME:u, NAME:f", k.Name, p)
				}
				param = Param(kind[0])
			}
			k.Params, k.Names = append(k.Params, param), append(k.Names, name)
		}
		kernels[k.Name] = k
	}
	return kernels, nil
}

// Lookup returns the kernel with a name, and whether there is one.
func Lookup(name string) (Kernel, bool) {
	k, ok := table[name]
	return k, ok
}

// Names returns the names of all kernels, sorted.
func Names() []string { return slices.Sorted(maps.Keys(table)) }
