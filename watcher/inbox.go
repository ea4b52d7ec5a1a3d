package watcher

import (
	"sync"

	"github.com/fsnotify/fsnotify"
)

// inbox holds what came for Run while Run was busy. It takes the events of the
// system at once, however long Run reads files, so that the kernel's queue, which
// is short, does not overflow; fsnotify can also deadlock when nobody receives.
type inbox struct {
	ready chan struct{} // room for one: something came
	ended chan struct{} // closed when drain has returned

	mu     sync.Mutex // guards what follows
	events []fsnotify.Event
	failed bool    // fsnotify reported an error: events may be lost
	cfg    *Config // of the last Configure
}

func newInbox() *inbox {
	return &inbox{ready: make(chan struct{}, 1), ended: make(chan struct{})}
}

// drain takes up events until fs is closed.
func (in *inbox) drain(fs *fsnotify.Watcher) {
	defer close(in.ended)
	for {
		select {
		case e, ok := <-fs.Events:
			if !ok {
				return
			}
			in.put(func() {
				// A file written in many pieces is a run of equal events.
				if last := len(in.events) - 1; last < 0 || in.events[last] != e {
					in.events = append(in.events, e)
				}
			})
		case _, ok := <-fs.Errors:
			if !ok {
				return
			}
			in.put(func() { in.failed = true })
		}
	}
}

// put changes the inbox and wakes Run.
func (in *inbox) put(change func()) {
	in.mu.Lock()
	change()
	in.mu.Unlock()
	select {
	case in.ready <- struct{}{}:
	default:
	}
}

// take empties the inbox.
func (in *inbox) take() (events []fsnotify.Event, failed bool, cfg *Config) {
	in.mu.Lock()
	defer in.mu.Unlock()
	events, failed, cfg = in.events, in.failed, in.cfg
	in.events, in.failed, in.cfg = nil, false, nil
	return events, failed, cfg
}
