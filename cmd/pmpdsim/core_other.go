//go:build !unix

package main

// leaveNoCore has nothing to do: only Unix has core files.
func leaveNoCore() {}
