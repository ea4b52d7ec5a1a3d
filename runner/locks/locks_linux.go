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
	if !slices.ContainsFunc(all, func(l lock) bool { return l.waiting }) {
		return false // whose a process is, is dear to find
	}
	waiters, holders := sockets.Family(group), sockets.Family(others...)
	return slices.ContainsFunc(all, func(wait lock) bool {
		return wait.waiting && slices.Contains(waiters, wait.pid) && slices.ContainsFunc(all, func(held lock) bool {
			return !held.waiting && held.name == wait.name && slices.Contains(holders, held.pid)
		})
	})
}

// Held says whether a process of the groups holds a lock.
func Held(groups []int) bool {
	holders := sockets.Family(groups...)
	return slices.ContainsFunc(allLocks(), func(l lock) bool { return !l.waiting && slices.Contains(holders, l.pid) })
}
