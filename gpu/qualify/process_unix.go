//go:build unix

package qualify

import (
	"os/exec"
	"syscall"
)

// apart gives a process a group of its own: Ctrl-C reaches this program alone, which then ends the process as it should.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interrupt tells a process to end.
func interrupt(cmd *exec.Cmd) error { return cmd.Process.Signal(syscall.SIGINT) }

// killAll ends what a process has started and left.
func killAll(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // there may be none
	}
}
