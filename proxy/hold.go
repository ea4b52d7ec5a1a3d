package proxy

import (
	"container/list"
	"net/netip"
	"time"
)

// waiter is a held request's place in the list. Those that one view lets go form a
// chain, each waking the next one when it has its connection: so they reach the
// target in the order in which they came.
type waiter struct {
	*exchange
	place *list.Element // nil when a view has let it go; guarded by Front.mu
	turn  chan struct{} // closed when it may go on
	next  *waiter       // in the chain; not changed after turn is closed
}

// enter waits until the request may pass, then counts it in with the target of the
// state returned: the caller releases it there. It returns refuse and leave as they come.
func (f *Front) enter(x *exchange, left <-chan struct{}) (*state, decision) {
	for {
		s := f.now.Load()
		x.unreachable = x.unreached == s
		switch d := admit(s.View, x.cfg, x.arrival, f.limits.longest); d {
		case hold:
			if !f.hold(x, s, left) {
				return s, leave
			}
		case refuse:
			return s, refuse
		default:
			if f.countIn(s) {
				return s, d
			}
		}
	}
}

// askWhose asks, once for a request, whether it comes from a process of ours. The answer may
// take a while, and is awaited beside all else; nil if there is nothing to ask.
func (x *exchange) askWhose() <-chan bool {
	if x.asked || x.cfg.Own == nil {
		return x.whose
	}
	x.asked = true
	peer, err := netip.ParseAddrPort(x.request.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() {
		return nil
	}
	own, whose := x.cfg.Own, make(chan bool, 1) // room for it, as the request may be gone by then
	go func() { whose <- own(peer) }()
	x.whose = whose
	return whose
}

// countIn counts a request in with the target of s; false means that s is no longer
// the newest view. It is counted first and looked at then: either a drain that follows
// the next Publish sees the count, or this sees that Publish.
func (f *Front) countIn(s *state) bool {
	s.target.inFlight.Add(1)
	if f.now.Load() == s {
		return true
	}
	f.release(s.target)
	return false
}

// redial is when a target that refused a connection is asked again, if no view has come:
// most often it has crashed, and one comes; but its queue may have been full, or it has
// opened its listener anew.
const redial = 250 * time.Millisecond

// hold parks a request that was told to wait under s, until a newer view or a limit
// asks for a new decision. It returns false if the client has left.
func (f *Front) hold(x *exchange, s *state, left <-chan struct{}) bool {
	x.wakeNext()
	w := f.park(x, s)
	if w == nil {
		return true
	}
	hungUp, stop := f.watchClient(x)
	defer stop()
	wait := patience(x.cfg, x.waited, f.limits.longest)
	if x.unreached == s {
		wait = min(wait, redial)
	}
	limit := time.NewTimer(wait)
	defer limit.Stop()
	here, whose, newest := true, x.askWhose(), x.pending
	for waiting := true; waiting; {
		waiting = false
		select {
		case <-w.turn:
		case <-limit.C:
			x.unreached = nil
		case <-left:
			here = false
		case <-hungUp:
			here = false
		case n := <-x.later:
			newest = max(x.known, n)
			x.later = nil
		case x.own = <-whose:
			x.whose, whose = nil, nil
			waiting = !x.own // in its place
		}
	}
	if !f.unpark(w) {
		<-w.turn // it was let go: the one before it in the chain, or Publish, closes this
		x.next = w.next
	}
	x.waited, x.pending = x.sinceBegan(), newest // not while a view may ask for it
	return here
}

// sinceBegan is how long the request has been held, as far as limits count.
func (x *exchange) sinceBegan() time.Duration {
	if x.cfg.debugged() {
		return 0
	}
	return time.Since(x.began)
}

// watchClient notices where net/http does not that the client leaves: over HTTP/1 with
// a body that is unread. A client that only shuts down its sending side counts as one
// that left, as it does for net/http when a body has been read (rule 23).
func (f *Front) watchClient(x *exchange) (left <-chan struct{}, stop func()) {
	l := f.leavers.Load()
	if x.unread == nil || l == nil {
		return nil, func() {}
	}
	return l.On(x.unread)
}

// park puts a request at the end of the list. It returns nil if there is no room, or
// if the view has changed since the decision: whoever parks sees every later Publish.
func (f *Front) park(x *exchange, s *state) *waiter {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now.Load() != s {
		return nil
	}
	if f.held.Len() >= f.limits.held {
		x.crowded = true
		return nil
	}
	if x.began.IsZero() {
		x.began = time.Now()
	}
	w := &waiter{exchange: x, turn: make(chan struct{})}
	w.place = f.held.PushBack(w)
	return w
}

// unpark takes a request out of the list; false means that a view had let it go before.
func (f *Front) unpark(w *waiter) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w.place == nil {
		return false
	}
	f.held.Remove(w.place)
	return true
}

// letGo chains the waiters that s lets go and wakes the first one; f.mu is held.
func (f *Front) letGo(s *state) Released {
	var r Released
	var last *waiter
	for e := f.held.Front(); e != nil; {
		w, waited := e.Value.(*waiter), time.Since(e.Value.(*waiter).began)
		here := e
		e = e.Next()
		// Whether the target refused it before does not count: this is another view.
		if admit(s.View, w.cfg, arrival{pending: w.pending, waited: w.sinceBegan()}, f.limits.longest) == hold {
			continue
		}
		f.held.Remove(here)
		w.place = nil
		r.Count++
		r.Longest = max(r.Longest, waited)
		if last != nil {
			last.next = w
		} else {
			defer close(w.turn) // when the whole chain stands
		}
		last = w
	}
	return r
}

// wakeNext gives the turn to the next request of the chain, once.
func (x *exchange) wakeNext() {
	if x.next != nil {
		close(x.next.turn)
		x.next = nil
	}
}
