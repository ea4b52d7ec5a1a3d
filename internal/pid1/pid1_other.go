//go:build !linux

// Package pid1 has work on Linux only, where a container has a first process.
package pid1

// Run does nothing and returns false.
func Run() (code int, ran bool) { return 0, false }
