package sockets

import "golang.org/x/sys/windows"

// What a port cannot be had for, as the system says it. The like of package syscall are numbers
// of Go's own, which Windows never tells.
const (
	ErrTaken     = windows.WSAEADDRINUSE
	ErrForbidden = windows.WSAEACCES
)
