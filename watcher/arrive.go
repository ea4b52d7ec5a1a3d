package watcher

import (
	"context"
	"os"
	"slices"
	"sync"

	"github.com/fsnotify/fsnotify"

	"github.com/watcher-dev/watcher/watcher/doorbell"
	"github.com/watcher-dev/watcher/watcher/source"
)

// Look tells the newest number once every save made before the call has raised its own
// (rule 32): a request that arrives after a save needs at least that one; 0 if none was ever raised.
// It returns it, or where it will be told, as Run may read files that hang.
// On Linux it holds at any load, and where nothing has happened since the last call it costs one
// system call. Elsewhere, only what is polled is waited for. It is told early, as far as it is
// known, when ctx is done or Run has ended. Any goroutine may call it while Run runs.
func (w *Watcher) Look(ctx context.Context) (newest uint64, later <-chan uint64) {
	wait, begin := w.arrivals.arrive(w.fs.Rung)
	if begin {
		go w.takeIn(wait) // not by who asks, who may leave before the others
	}
	polls := w.fs.Polls()
	if wait == nil && !polls {
		return w.newest.Load(), nil
	}
	told := make(chan uint64, 1) // room for it, as nobody may take it
	go func() {
		if polls {
			w.fs.Look(ctx)
			w.ask(ctx, &w.inbox.post.asked)
		}
		if wait != nil {
			select {
			case <-wait.done:
			case <-ctx.Done():
			}
		}
		told <- w.newest.Load()
	}()
	return 0, told
}

// takeIn makes the wait that is under way, and those that are to begin after it. It ends soon when
// Run has ended.
func (w *Watcher) takeIn(now *intake) {
	for ; now != nil; now = w.arrivals.end() {
		if len(now.perhaps) > 0 && !slices.ContainsFunc(now.perhaps, isLink) {
			w.arrivals.takeRings()
			continue
		}
		w.passOn(w.arrivals.takeRings())
		questions := &w.inbox.post.asked
		if !w.fs.Flush(context.Background()) { // events cannot tell: look at everything
			questions = &w.inbox.post.counts
		}
		w.ask(context.Background(), questions)
	}
}

// passOn has Run look at what rang, as far as it is not taken in. The system puts an event into one queue
// after the other, and the doorbell may be emptied in between, by a request that came before the save was over.
// The mark of that one may come before the event does, and who comes after the save finds silence.
func (w *Watcher) passOn(rings []doorbell.Ring) {
	var events []source.Event
	for _, r := range rings {
		e := fsnotify.Event{Name: r.Path, Op: fsnotify.Write}
		if _, err := os.Lstat(r.Path); err != nil {
			e.Op = fsnotify.Remove
		} else if r.Came {
			e.Op |= fsnotify.Create
		}
		events = append(events, source.Event{Event: e, Rung: true})
	}
	w.inbox.put(func() { w.inbox.post.events = append(w.inbox.post.events, events...) })
}

// arrivals decides which request waits until what was done before it has been taken in.
//
// What rang is off the doorbell's queue before it is taken in, so who comes next finds
// silence. Such a request joins the wait that is under way:
//
//	a wait under way   another begins after it   silent     quiet     counts, or a quiet name came
//	no                 -                         pass       pass      begin
//	yes                no                        join       another   another
//	yes                yes                       another    another   another
//
// Silence joins the first wait, whose mark comes after all that rang before. What rings during a
// wait needs another one, which begins after it: whether a name is quiet is not known while
// something is on its way that may change the rules (TestArrivals). A quiet name that came may be
// a link by now, to a folder that matters. The wait looks, and not who asks, as a look may hang.
type arrivals struct {
	mu    sync.Mutex      // guards what follows
	quiet map[string]bool // names of which Run has said that a change asks for nothing
	now   *intake         // nil if no wait is under way
	after *intake         // begins when now ends; nil if nobody waits for it
	came  []string        // quiet names, by the ring that is being told
	rings []doorbell.Ring // that count or may, and were not passed on yet
}

// intake is one wait, for all who have joined it.
type intake struct {
	done    chan struct{}
	perhaps []string // if any, it is needed only if one of these is a link
}

// mostQuiet bounds what is remembered: an app may write files by ever new names.
const mostQuiet = 1000

// arrive returns the wait of a request that comes now, nil if there is none. rung asks the
// doorbell. If begin is true the caller sees to it that the wait is made and ended.
func (a *arrivals) arrive(rung func(doorbell.Func) bool) (wait *intake, begin bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.came = nil
	switch rang := rung(a.counts); {
	case a.now == nil && !rang && len(a.came) == 0:
		return nil, false
	case a.now == nil:
		a.now = newIntake()
		if !rang {
			a.now.perhaps = a.came
		}
		return a.now, true
	case a.after == nil && !rang:
		return a.now, false
	case a.after == nil:
		a.after = newIntake()
	}
	return a.after, false
}

func newIntake() *intake { return &intake{done: make(chan struct{})} }

// counts says whether a ring may be about something that matters, and notes what came; a.mu is held.
func (a *arrivals) counts(r doorbell.Ring) bool {
	counts := a.now != nil || r.Folder || !a.quiet[r.Path]
	if !counts && r.Came {
		a.came = append(a.came, r.Path)
	}
	if again := len(a.rings) > 0 && a.rings[len(a.rings)-1] == r; (counts || r.Came) && r.Path != "" && !again {
		a.rings = append(a.rings, r)
	}
	return counts
}

// takeRings hands out what is to be passed on.
func (a *arrivals) takeRings() (rings []doorbell.Ring) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rings, a.rings = a.rings, nil
	return rings
}

// isQuiet reports whether name was hushed, and nothing has changed since that may change that. Run
// may rely on it.
func (a *arrivals) isQuiet(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.quiet[name]
}

// end lets go who has joined the wait that is under way, and returns the one that begins; nil if none
// does.
func (a *arrivals) end() (next *intake) {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.now.done)
	a.now, a.after = a.after, nil
	return a.now
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
