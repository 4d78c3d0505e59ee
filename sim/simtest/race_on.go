//go:build race

package simtest

// Racing is true under the race detector, which makes everything five to ten times slower.
const Racing = true
