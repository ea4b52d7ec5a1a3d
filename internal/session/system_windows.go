package session

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// stopSignals are those that stop a run.
func stopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// OutliveReader does nothing: there is no SIGPIPE.
func OutliveReader() {}

// restartSignal never comes on Windows.
const restartSignal = syscall.Signal(-1)

// ownGroup starts a process in a group of its own.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}
