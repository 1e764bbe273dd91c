//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// startInOwnGroup gives the command a process group, and makes its Cancel interrupt the whole group.
func startInOwnGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
}
