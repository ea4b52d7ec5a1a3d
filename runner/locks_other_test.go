//go:build unix && !linux

package runner

func serveLocked() { panic("locks are told on Linux only") }
