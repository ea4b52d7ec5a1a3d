package group

import (
	"sync/atomic"
	"syscall"
	"time"
)

// adopted is the process that a leader runs in a group of its own, as a debugger does
// with an app.
type adopted struct {
	id    int // of the group, and pid of its leader
	gone  chan struct{}
	ended atomic.Bool // the number may belong to another process
}

// Adopt takes in a process that leads a group of its own. From now on a signal goes to
// that group alone, and SIGKILL to both; when the process has ended, onEnd is called
// and what is left of both is killed. It is called once, before Wait returns.
func (g *Group) Adopt(pid int, onEnd func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := &adopted{id: pid, gone: make(chan struct{})}
	g.adopted = a
	g.starter.guard.add(pid)
	if g.killed || g.ended {
		a.signal(syscall.SIGKILL)
	}
	go func() { // ends with the process
		awaitEnd(pid)
		signalGroup(pid, syscall.SIGKILL) // its children; at once, as others may get the number
		a.ended.Store(true)
		g.starter.guard.remove(pid)
		onEnd()
		close(a.gone)
		g.Signal(syscall.SIGKILL)
	}()
}

// signal reports whether there is a group that could be sent sig.
func (a *adopted) signal(sig syscall.Signal) bool {
	if a == nil || a.ended.Load() {
		return false
	}
	signalGroup(a.id, sig)
	return true
}

// adoptedLimit is enough for onEnd too.
const adoptedLimit = 5 * time.Second

// awaitAdopted returns when the adopted process, which was killed, is gone.
func (g *Group) awaitAdopted() {
	g.mu.Lock()
	a := g.adopted
	g.mu.Unlock()
	if a == nil {
		return
	}
	select {
	case <-a.gone:
		awaitGone(a.id)
	case <-time.After(adoptedLimit):
	}
}
