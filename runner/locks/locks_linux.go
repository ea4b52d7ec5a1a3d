// Package locks knows who holds a file lock and who waits for one. Only Linux tells.
package locks

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/watcher-dev/watcher/runner/sockets"
)

// lock is a line of /proc/locks: "7: FLOCK ADVISORY WRITE 4242 08:01:99 0 EOF". Who
// waits for lock 7 stands below it, as "7: -> FLOCK …".
type lock struct {
	name    string
	pid     int
	waiting bool
}

func allLocks() (all []lock) {
	text, _ := os.ReadFile("/proc/locks")
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		l := lock{}
		if l.waiting = len(fields) > 1 && fields[1] == "->"; l.waiting {
			fields = slices.Delete(fields, 1, 2)
		}
		if len(fields) < 5 {
			continue
		}
		l.name = fields[0]
		l.pid, _ = strconv.Atoi(fields[4])
		all = append(all, l)
	}
	return all
}

// Awaited says whether a process of a group waits for a lock of one of others.
func Awaited(group int, others []int) bool {
	all := allLocks()
	for _, wait := range all {
		if !wait.waiting || !slices.Contains(sockets.Family(group), wait.pid) {
			continue
		}
		for _, held := range all {
			if held.name == wait.name && !held.waiting && isOf(held.pid, others) {
				return true
			}
		}
	}
	return false
}

// Held says whether a process of the groups holds a lock.
func Held(groups []int) bool {
	return slices.ContainsFunc(allLocks(), func(l lock) bool { return !l.waiting && isOf(l.pid, groups) })
}

func isOf(pid int, groups []int) bool {
	return slices.Contains(sockets.Family(groups...), pid)
}
