//go:build unix

package settings

import (
	"syscall"

	"golang.org/x/sys/unix"
)

func signalNamed(name string) syscall.Signal { return unix.SignalNum(name) }
