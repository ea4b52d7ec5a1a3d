//go:build !linux

package runner

// PortHolder returns the process that listens on a TCP port, and its name; 0 if there
// is none or if the system does not tell, as here.
func PortHolder(port int) (pid int, name string) { return 0, "" }
