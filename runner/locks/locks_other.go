//go:build !linux

// Package locks knows who holds a file lock and who waits for one. Only Linux tells.
package locks

// Awaited says whether a process of a group waits for a lock of one of others.
func Awaited(group int, others []int) bool { return false }

// Held says whether a process of the groups holds a lock.
func Held(groups []int) bool { return false }
