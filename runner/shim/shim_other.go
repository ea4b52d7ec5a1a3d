//go:build !linux

package shim

import "os"

func itself() (string, error) { return os.Executable() }

// dieWithParent does nothing: there is no such signal.
func dieWithParent() {}
