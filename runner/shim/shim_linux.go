package shim

import "golang.org/x/sys/unix"

// itself names this program in a way that holds when its file was replaced.
func itself() (string, error) { return "/proc/self/exe", nil }

// dieWithParent asks for the parent-death signal again: it belongs to a thread, and the
// one that becomes the program need not be the one for which it was asked. Should the
// parent be gone already, then the signal of that first thread is on its way.
func dieWithParent() { _ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0) }
