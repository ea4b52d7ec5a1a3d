package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
)

// freshAfter is how long after the front was seen to know of a save a request must not
// be answered by older code: far more than a request under way needs to be let in.
const freshAfter = 5 * time.Millisecond

// kind is one kind of client. Each client of it asks in sequence, at most once in every;
// when it was held up it catches up.
type kind struct {
	name    string
	clients int
	every   time.Duration // 0 means again as soon as it was answered
	ask     func(c *client) (answer, error)
}

// service is a sample service under watcher, and what its clients must see of it.
type service struct {
	*harness.Watched
	floor    atomic.Int64   // what begins now must be answered by this version or a newer one
	versions map[int64]bool // those that answered; guarded by load.mu
}

// client is one that asks a service, in sequence.
type client struct {
	*load
	*service
	id    string // its own, also a part of a URL
	asked int
	seen  int64 // newest version that answered it
}

// post is the id of the client's present request, under which the app notes it.
func (c *client) post() string { return fmt.Sprintf("%s-%d", c.id, c.asked) }

// answer is what came back of one request.
type answer struct {
	version int64 // of the code that answered
	marked  bool  // the front said that it may be old
	took    time.Duration
}

// What an answer can suffer beside the errors of the network.
var (
	errForeign = errors.New("not the app's answer")
	errChanged = errors.New("changed")
	errLeft    = errors.New("the client left while it was held, as the load was over") // counts for nothing
)

// load is what all clients share.
type load struct {
	stopping context.Context
	stop     context.CancelFunc
	wg       sync.WaitGroup

	mu      sync.Mutex // guards what follows
	tallies []*tally
	notes   map[string]int
}

// tally counts what became of one kind's requests.
type tally struct {
	name     string
	sent, ok int
	faults   [faults]int
	took     harness.Series
}

func newLoad() *load {
	l := &load{notes: map[string]int{}}
	l.stopping, l.stop = context.WithCancel(context.Background())
	return l
}

// start lets clients loose on a service.
func (l *load) start(s *service, kinds []kind) {
	for _, k := range kinds {
		t, i := &tally{name: k.name}, len(l.tallies)
		l.tallies = append(l.tallies, t)
		for n := range k.clients {
			c := &client{load: l, service: s, id: fmt.Sprintf("%d-%d", i, n)}
			first := k.every * time.Duration(n) / time.Duration(k.clients) // not all at once
			l.wg.Go(func() { c.run(k, t, time.Now().Add(first)) })
		}
	}
}

// end lets the clients finish what they have begun.
func (l *load) end() {
	l.stop()
	l.wg.Wait()
}

func (c *client) run(k kind, t *tally, next time.Time) {
	for {
		select {
		case <-time.After(time.Until(next)):
		case <-c.stopping.Done():
		}
		if c.stopping.Err() != nil {
			return
		}
		next = next.Add(k.every)
		floor := c.floor.Load()
		c.asked++
		a, err := k.ask(c)
		c.judge(t, floor, a, err)
	}
}

// judge puts one request in its column.
func (c *client) judge(t *tally, floor int64, a answer, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errors.Is(err, errLeft) {
		return
	}
	t.sent++
	if err != nil {
		c.notes[t.name+": "+err.Error()]++
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		t.faults[refused]++
	case errors.Is(err, errForeign):
		t.faults[foreign]++
	case errors.Is(err, errChanged):
		t.faults[changed]++
	case err != nil:
		t.faults[reset]++
	case a.version < floor && !a.marked:
		t.faults[stale]++
	case a.version < c.seen && !a.marked:
		t.faults[backwards]++
	default:
		t.ok++
		t.took = append(t.took, a.took)
		c.versions[a.version] = true
	}
	c.seen = max(c.seen, a.version)
}

// countTwice reads the app's journal, an id a line.
func (l *load) countTwice(journal string) {
	times := map[string]int{}
	for id := range strings.FieldsSeq(journal) {
		times[id]++
		if times[id] == 2 {
			var kind int
			fmt.Sscanf(id, "%d-", &kind)
			l.tallies[kind].faults[twice]++
		}
	}
}
