//go:build !linux

package sockets

// Holder returns the process that listens on a TCP port, and its name; 0 if there
// is none or if the system does not tell, as here.
func Holder(port int) (pid int, name string) { return 0, "" }
