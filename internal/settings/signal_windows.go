package settings

import "syscall"

// signalNamed knows the signals that Go can name on Windows.
func signalNamed(name string) syscall.Signal {
	return map[string]syscall.Signal{
		"SIGHUP": syscall.SIGHUP, "SIGINT": syscall.SIGINT, "SIGQUIT": syscall.SIGQUIT,
		"SIGABRT": syscall.SIGABRT, "SIGKILL": syscall.SIGKILL, "SIGTERM": syscall.SIGTERM,
	}[name]
}
