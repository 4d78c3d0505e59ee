//go:build unix

package main

import "syscall"

// leaveNoCore lowers the limit of a core file to nothing, for this process and those that it starts.
func leaveNoCore() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) } // a limit can always be lowered
