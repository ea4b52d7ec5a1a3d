// Package kin knows the processes that descend from one start, wherever they went: by a
// mark in their environment, which children inherit. One that has left its group and
// its session is found too, unless it has taken the mark away. Only Linux tells.
package kin

import (
	"crypto/rand"
	"syscall"
	"time"
)

// Variable carries the mark.
const Variable = "WATCHER_ID"

// Mark is what the processes of one start have in common.
type Mark string

// New makes a mark that no other start has.
func New() Mark { return Mark(rand.Text()) }

// Process is one that runs.
type Process struct {
	PID  int
	Name string
}

// End kills all that bear the mark and returns when none of them runs, or when limit
// has passed. It takes some milliseconds where there is none.
func (m Mark) End(limit time.Duration) {
	for deadline := time.Now().Add(limit); ; <-time.After(time.Millisecond) {
		left := m.Processes()
		for _, p := range left {
			_ = kill(p.PID, syscall.SIGKILL) // again and again, as they may fork meanwhile
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return
		}
	}
}
