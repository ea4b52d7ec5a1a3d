//go:build unix

package group

import (
	"os/exec"
	"syscall"
)

// signalGroup sends sig to all of the group. That none is left is no error.
func signalGroup(id int, sig syscall.Signal) { _ = syscall.Kill(-id, sig) }

// detach gives cmd a session of its own, which no signal of our terminal reaches.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
