package driver

import (
	_ "embed"
	"regexp"
	"slices"
)

//go:embed shim/cuda_api.def
var api string

var entry = regexp.MustCompile(`(?m)^X\(\w+, (\w+),`)

// Symbols are the functions of the driver that the program may call, sorted.
func Symbols() (all []string) {
	for _, m := range entry.FindAllStringSubmatch(api, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return slices.Compact(all)
}
