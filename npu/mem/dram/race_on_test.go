//go:build race

package dram

// racing: the race detector makes everything five to ten times slower, and nothing here runs at the same time.
const racing = true
