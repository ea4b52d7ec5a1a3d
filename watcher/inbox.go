package watcher

import (
	"sync"
	"time"

	"github.com/watcher-dev/watcher/watcher/source"
)

// inbox holds what came for Run while Run was busy. It takes the events of the
// system at once, however long Run reads files, so that the kernel's queue, which
// is short, does not overflow.
type inbox struct {
	ready chan struct{} // room for one: something came
	ended chan struct{} // closed when drain has returned

	mu   sync.Mutex // guards what follows
	post post
}

// post is what came since the inbox was emptied last.
type post struct {
	events []source.Event
	lost   error         // the last one that the system reported: events may be lost
	cfg    *Config       // of the last Configure
	graph  *Graph        // of the last Learn
	asked  []chan uint64 // by Look; each has room for its answer
	syncs  []int         // ids of calls of Sync
	counts []chan uint64 // by Saved; each has room for its answer

	cfgSince, graphSince time.Time // with them
}

func newInbox() *inbox {
	return &inbox{ready: make(chan struct{}, 1), ended: make(chan struct{})}
}

// drain takes up events until fs is closed.
func (in *inbox) drain(fs *source.Source) {
	defer close(in.ended)
	for {
		select {
		case e, ok := <-fs.Events:
			if !ok {
				return
			}
			if e.Name == "" { // what came before it is here
				continue
			}
			in.put(func() {
				// A file written in many pieces is a run of equal events.
				if last := len(in.post.events) - 1; last < 0 || in.post.events[last] != e {
					in.post.events = append(in.post.events, e)
				}
			})
		case err, ok := <-fs.Errors:
			if !ok {
				return
			}
			in.put(func() { in.post.lost = err })
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
func (in *inbox) take() post {
	in.mu.Lock()
	defer in.mu.Unlock()
	p := in.post
	in.post = post{}
	return p
}
