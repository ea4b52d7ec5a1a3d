//go:build !linux

package group

// awaitEnd blocks until a process that is not our child has ended.
func awaitEnd(pid int) { awaitExit(pid) }
