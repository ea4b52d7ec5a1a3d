package watcher

import (
	"context"
	"sync"

	"github.com/watcher-dev/watcher/watcher/doorbell"
)

// Look returns the newest number once every save made before the call has raised its own
// (rule 32): a request that arrives after a save needs at least that one; 0 if none was ever raised.
// On Linux it holds at any load, and where nothing has happened since the last call it costs one
// system call. Elsewhere, only what is polled is waited for. It returns early, with what is
// known, when ctx is done or Run has ended. Any goroutine may call it while Run runs.
func (w *Watcher) Look(ctx context.Context) uint64 {
	if w.fs.Look(ctx) {
		w.ask(ctx, &w.inbox.post.asked)
	}
	wait, begin := w.arrivals.arrive(w.fs.Rung)
	if begin {
		go w.takeIn() // not by who asks, who may leave before the others
	}
	if wait != nil {
		select {
		case <-wait.done:
		case <-ctx.Done():
		}
	}
	return w.newest.Load()
}

// takeIn makes the wait that is under way, and those that are to begin after it. It ends soon when
// Run has ended.
func (w *Watcher) takeIn() {
	for more := true; more; more = w.arrivals.end() {
		questions := &w.inbox.post.asked
		if !w.fs.Flush(context.Background()) { // events cannot tell: look at everything
			questions = &w.inbox.post.counts
		}
		w.ask(context.Background(), questions)
	}
}

// arrivals decides which request waits until what was done before it has been taken in.
//
// What rang is off the doorbell's queue before it is taken in, so who comes next finds
// silence. Such a request joins the wait that is under way:
//
//	a wait under way   another begins after it   silent     quiet     counts
//	no                 -                         pass       pass      begin
//	yes                no                        join       another   another
//	yes                yes                       another    another   another
//
// Silence joins the first wait, whose mark comes after all that rang before. What rings during a
// wait needs another one, which begins after it: whether a name is quiet is not known while
// something is on its way that may change the rules (TestArrivals).
type arrivals struct {
	mu    sync.Mutex      // guards what follows
	quiet map[string]bool // names of which Run has said that a change asks for nothing
	now   *intake         // nil if no wait is under way
	after *intake         // begins when now ends; nil if nobody waits for it
}

// intake is one wait, for all who have joined it.
type intake struct{ done chan struct{} }

// mostQuiet bounds what is remembered: an app may write files by ever new names.
const mostQuiet = 1000

// arrive returns the wait of a request that comes now, nil if there is none. rung asks the
// doorbell. If begin is true the caller sees to it that the wait is made and ended.
func (a *arrivals) arrive(rung func(doorbell.Func) bool) (wait *intake, begin bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch rang := rung(a.counts); {
	case a.now == nil && !rang:
		return nil, false
	case a.now == nil:
		a.now = newIntake()
		return a.now, true
	case a.after == nil && !rang:
		return a.now, false
	case a.after == nil:
		a.after = newIntake()
	}
	return a.after, false
}

func newIntake() *intake { return &intake{make(chan struct{})} }

// counts says whether a ring may be about something that matters; a.mu is held.
func (a *arrivals) counts(r doorbell.Ring) bool {
	return a.now != nil || r.Folder || !a.quiet[r.Path] || r.Came && isLink(r.Path)
}

// isQuiet reports whether name was hushed, and nothing has changed since that may change that. Run
// may rely on it.
func (a *arrivals) isQuiet(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.quiet[name]
}

// end lets go who has joined the wait that is under way, and reports whether another begins.
func (a *arrivals) end() (more bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.now.done)
	a.now, a.after = a.after, nil
	return a.now != nil
}

// hush notes that a change of a file asks for nothing.
func (a *arrivals) hush(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.quiet == nil || len(a.quiet) >= mostQuiet {
		a.quiet = map[string]bool{}
	}
	a.quiet[name] = true
}

// forget drops what is known of names, when the rules or the folders have changed.
func (a *arrivals) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.quiet)
}
