package runner

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/watcher-dev/watcher/runner/locks"
)

// An app that holds a file lock for as long as it runs (bbolt, Badger, SQLite) cannot
// run twice. A second one waits for the lock, or ends with a message of it (rule 15).
const (
	lockInterval = 100 * time.Millisecond
	lockPatience = 500 * time.Millisecond // many a lock is held for a moment only
)

// lockMessage is in what an app says that could not get a lock, in the words of the
// system, of SQLite, of bbolt ("timeout") and of others. Alone it proves nothing.
var lockMessage = regexp.MustCompile(`(?i)\b(un)?lock(ed|s)?\b|temporarily unavailable|timeout\b`)

// awaitLock returns a refusal when a process of the group has waited for a while for a
// lock that another group of ours holds; nil when ctx ended first.
func (p *process) awaitLock(ctx context.Context) *refusal {
	var since time.Time
	for pause(ctx, lockInterval) {
		switch {
		case !locks.Awaited(p.group.ID, p.runner.others(p.group.ID)):
			since = time.Time{}
		case since.IsZero():
			since = time.Now()
		case time.Since(since) >= lockPatience:
			return &refusal{
				reason: "waits for a file lock that the process before holds",
				lock:   "the app waits for a file lock that the one before holds",
			}
		}
	}
	return nil
}

// lockFromTail says that a process ended over a lock, if it said so and another group of
// ours holds one.
func (p *process) lockFromTail() string {
	if slices.ContainsFunc(p.output.Last(), lockMessage.MatchString) && locks.Held(p.runner.others(p.group.ID)) {
		return "the app ends over a file lock that the one before holds"
	}
	return ""
}

// others lists the groups of the other generations; a build has locks of its own.
func (r *Runner) others(group int) (ids []int) {
	r.mu.Lock()
	all := slices.Collect(maps.Values(r.processes))
	r.mu.Unlock() // before theirs, in the order of startAgain
	for _, p := range all {
		if g := p.leader(); g != nil && g.ID != group {
			ids = append(ids, g.ID)
		}
	}
	return ids
}
