package proxy

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/watcher-dev/watcher/proxy/upstream"
)

// generation is a process with the requests that it has.
type generation struct {
	*upstream.Process
	number   int
	label    string                // number, for the header
	inFlight atomic.Int64          // requests counted in and not yet released
	drain    atomic.Pointer[drain] // nil unless it drains; written under Front.mu
}

// drain is one call of [Front.Drain] that is not over yet.
type drain struct {
	limit    *time.Timer
	requests int64 // in flight when it began, without the streams that it ended
	done     func(Drained)
}

// generation returns the one that v names as target, made anew if it is not known; a
// drain of it is called off. f.mu is held.
func (f *Front) generation(v View) *generation {
	if v.Generation == 0 {
		return nil
	}
	g := f.generations[v.Generation]
	if g == nil {
		g = newGeneration(v, &f.buffers)
		f.generations[v.Generation] = g
	}
	if d := g.drain.Swap(nil); d != nil {
		d.limit.Stop()
		g.KeepStreams()
	}
	return g
}

func newGeneration(v View, buffers *upstream.Buffers) *generation {
	g := &generation{number: v.Generation, label: strconv.Itoa(v.Generation)}
	g.Process = upstream.New(upstream.Config{Addr: v.Upstream, Buffers: buffers, Request: askPlain, Answer: g.browse})
	return g
}

// sweep forgets the generations that are neither target nor draining and have no
// request left; f.mu is held.
func (f *Front) sweep(target *generation) {
	for _, g := range f.generations {
		if g != target && g.drain.Load() == nil && g.inFlight.Load() == 0 {
			f.forget(g)
		}
	}
}

// forget drops a generation without requests; f.mu is held.
func (f *Front) forget(g *generation) {
	delete(f.generations, g.number)
	g.CloseIdle()
}

// drain begins the drain of a generation, or replaces the one that is going on, and
// returns what ends its streams: the caller calls it.
func (f *Front) drain(number int, limit time.Duration, done func(Drained)) (endStreams func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.generations[number]
	if g == nil {
		go done(Drained{Generation: number})
		return func() {}
	}
	if old := g.drain.Load(); old != nil {
		old.limit.Stop()
	}
	d := &drain{done: done}
	g.drain.Store(d)
	streams, endStreams := g.TakeStreams()
	d.requests = g.inFlight.Load() - int64(streams)
	d.limit = time.AfterFunc(limit, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.cfg.Load().debugged() {
			d.limit.Reset(limit)
			return
		}
		f.endDrain(g, d)
	})
	if g.inFlight.Load() == 0 {
		f.endDrain(g, d)
	}
	return endStreams
}

// release counts a request out.
func (f *Front) release(g *generation) {
	if g.inFlight.Add(-1) > 0 || g.drain.Load() == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := g.drain.Load(); d != nil && g.inFlight.Load() == 0 {
		f.endDrain(g, d)
	}
}

// endDrain ends d, unless it is already over, called off or replaced, and cuts what
// is left; f.mu is held.
func (f *Front) endDrain(g *generation, d *drain) {
	if !g.drain.CompareAndSwap(d, nil) {
		return
	}
	d.limit.Stop()
	left := g.inFlight.Load()
	f.forget(g)
	if left > 0 {
		g.Cut()
	}
	finished := max(0, d.requests-left)
	go d.done(Drained{Generation: g.number, Finished: int(finished), Cut: int(left)})
}
