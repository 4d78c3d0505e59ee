//go:build !unix

package qualify

import "os/exec"

// apart does nothing: there are no groups of processes.
func apart(*exec.Cmd) {}

// interrupt ends a process.
func interrupt(cmd *exec.Cmd) error { return cmd.Process.Kill() }

// killAll does nothing.
func killAll(*exec.Cmd) {}
