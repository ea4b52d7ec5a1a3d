package sockets

import "slices"

// Member says whether a process is of a group, or descends from one that is.
func Member(group, pid int) bool { return slices.Contains(family(group), pid) }
