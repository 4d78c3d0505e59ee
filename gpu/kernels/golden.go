package kernels

import _ "embed"

// Golden are hashes of the bits that products of decode yield on every device, as package check writes them.
//
//go:embed testdata/gemv.golden
var Golden string
