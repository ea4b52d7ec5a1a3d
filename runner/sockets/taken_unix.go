//go:build unix

package sockets

import "syscall"

// What a port cannot be had for, as the system says it.
const (
	ErrTaken     = syscall.EADDRINUSE
	ErrForbidden = syscall.EACCES
)
