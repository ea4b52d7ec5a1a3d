package terminal

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"
)

// Bounds of what waits to be written while the terminal is slow, or stopped.
const (
	// outputRoom is for what the app prints. Where it is full, the app waits as long as the
	// terminal takes anything, so that nothing is lost; then no longer.
	outputRoom = 1 << 20
	// eventRoom is on top of it, so that an app which prints without end leaves room for ours.
	eventRoom = 1 << 20
	// itemSize is what an item takes beside its text.
	itemSize = 128
	// stoppedAfter is how long the terminal has to take nothing to count as stopped.
	stoppedAfter = time.Second
	// pieceSize is written at once: little, so that a slow reader is seen to read.
	pieceSize = 4 << 10
)

// item is a text on its way, or the place of lines that are missing.
type item struct {
	to      io.Writer
	text    []byte          // whole lines
	after   <-chan struct{} // it is not written before this is closed; nil for at once
	missing int             // lines that were not printed; then the rest does not count
}

func (i item) size() int { return itemSize + len(i.text) }

// queue holds what is printed until its one goroutine has written it. Whoever prints never
// waits for the terminal, but for an app, and that not for one which is stopped.
type queue struct {
	tell func(missing int) item // what is written in the place of missing lines

	mu      sync.Mutex // guards what follows; not held while something is written
	items   []item
	size    int           // of the items and of what is being written
	more    chan struct{} // closed when there is more to do; nil unless the goroutine waits
	moved   chan struct{} // closed, and made anew, when something was written
	stopped bool          // nothing was for stoppedAfter, or nobody is to wait any more
	last    bool          // no item follows
	ended   bool          // nothing is written any more

	hurried chan struct{} // closed when nobody is to wait any more
	done    chan struct{} // closed when the goroutine has ended
}

// newQueue starts the goroutine, which ends with finish, or with a write that never returns.
func newQueue(tell func(int) item) *queue {
	q := &queue{tell: tell, moved: make(chan struct{}), hurried: make(chan struct{}), done: make(chan struct{})}
	go q.run()
	return q
}

// event puts an event into the queue, or counts it as missing. It does not block.
func (q *queue) event(i item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.put(i, q.size+i.size() <= outputRoom+eventRoom)
}

// output puts what an app has printed into the queue as soon as there is room, or counts it
// as missing where the terminal is stopped.
func (q *queue) output(i item) {
	for {
		moved, done := q.tryOutput(i)
		if done {
			return
		}
		stopped := time.NewTimer(stoppedAfter)
		select {
		case <-moved:
		case <-q.hurried:
		case <-stopped.C:
			q.stop(moved)
		}
		stopped.Stop()
	}
}

// tryOutput is output where nobody has to wait; else it returns what to wait for.
func (q *queue) tryOutput(i item) (moved chan struct{}, done bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	room := q.size == 0 || q.size+i.size() <= outputRoom
	if !room && !q.stopped {
		return q.moved, false
	}
	q.put(i, room)
	return nil, true
}

// stop takes the terminal for stopped, unless it has taken something meanwhile.
func (q *queue) stop(moved chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped = q.stopped || q.moved == moved
}

// put appends an item, or where there is no room the place of its lines. q.mu is held.
func (q *queue) put(i item, room bool) {
	n := len(q.items)
	switch {
	case q.last:
		return
	case room:
		q.items = append(q.items, i)
		q.size += i.size()
	case n > 0 && q.items[n-1].missing > 0:
		q.items[n-1].missing += bytes.Count(i.text, []byte("\n"))
	default:
		q.items = append(q.items, item{missing: bytes.Count(i.text, []byte("\n"))})
		q.size += itemSize
	}
	q.wake()
}

// wake has the goroutine look again. q.mu is held.
func (q *queue) wake() {
	if q.more != nil {
		close(q.more)
		q.more = nil
	}
}

// run writes one item after the other.
func (q *queue) run() {
	defer close(q.done)
	for {
		i, more, over := q.next()
		switch {
		case over:
			return
		case more != nil:
			<-more
		default:
			q.write(i)
		}
	}
}

// next takes the oldest item, or says what to wait for, or that all is over.
func (q *queue) next() (i item, more <-chan struct{}, over bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.ended || q.last && len(q.items) == 0:
		return item{}, nil, true
	case len(q.items) == 0:
		q.items = nil // what was there for a flood is given back
		q.more = make(chan struct{})
		return item{}, q.more, false
	}
	i = q.items[0]
	q.items[0] = item{}
	q.items = q.items[1:]
	return i, nil, false
}

// write writes an item. An error has nobody to be told to: this is where errors are told.
func (q *queue) write(i item) {
	text := i
	if i.missing > 0 {
		text = q.tell(i.missing)
	}
	if i.after != nil {
		select {
		case <-i.after:
		case <-q.hurried:
		}
	}
	size := i.size()
	for rest := text.text; len(rest) > 0; {
		n := piece(rest)
		_, _ = text.to.Write(rest[:n])
		rest = rest[n:]
		if len(rest) > 0 {
			size -= q.took(min(n, size))
		}
	}
	q.took(size)
}

// took gives back the room of what was written, and wakes who waits for it. It returns n.
func (q *queue) took(n int) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.size -= n
	select {
	case <-q.hurried:
	default:
		q.stopped = false
	}
	close(q.moved)
	q.moved = make(chan struct{})
	return n
}

// piece is the length of what is written of a text at once: whole lines, if they fit.
func piece(text []byte) int {
	if len(text) <= pieceSize {
		return len(text)
	}
	if end := bytes.LastIndexByte(text[:pieceSize], '\n') + 1; end > 0 {
		return end
	}
	return pieceSize
}

// hurry lets nobody wait any more. Any goroutine may call it, once.
func (q *queue) hurry() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped = true
	close(q.hurried)
}

// finish takes no more, and returns when what is in the queue is written or ctx is done. In the
// second case a write that goes on is left to itself.
func (q *queue) finish(ctx context.Context) {
	q.mu.Lock()
	q.last = true
	q.wake()
	q.mu.Unlock()
	select {
	case <-q.done:
	case <-ctx.Done():
		q.mu.Lock()
		q.ended = true
		q.mu.Unlock()
	}
}
