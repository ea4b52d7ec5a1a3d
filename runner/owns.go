package runner

import (
	"net/netip"
	"sync"
	"time"

	"github.com/watcher-dev/watcher/runner/sockets"
)

// A look at whose connections there are walks over all processes of the machine. So many who
// ask share one, and it takes a small part of one core at the most: a build is under way most
// likely, and has better use for it.
const (
	ownsPart = 20                     // 5 %
	ownsMost = 200 * time.Millisecond // that anybody waits for the next look
)

// owners answers whose a connection is.
type owners struct {
	groups func() []int

	turn sync.Mutex // held while a look is taken, or is waited for
	rest time.Time  // the next one begins no sooner; guarded by turn

	mu   sync.Mutex
	next *look // that has not begun; nil if nobody has asked for one
}

// look is one at all connections.
type look struct {
	done chan struct{} // closed when ours is known
	ours map[netip.AddrPort]bool
}

// Owns reports whether the TCP connection whose near end is client belongs to a running
// process of ours: to a group that lives or to a descendant of one. It takes milliseconds,
// and up to a fifth of a second if others have just asked. Any goroutine may call it.
// Elsewhere than on Linux nobody is known to.
func (r *Runner) Owns(client netip.AddrPort) bool {
	return r.owners.has(netip.AddrPortFrom(client.Addr().Unmap(), client.Port()))
}

func (o *owners) has(client netip.AddrPort) bool {
	o.mu.Lock()
	l := o.next
	if l == nil {
		l = &look{done: make(chan struct{})}
		o.next = l
		go o.take(l)
	}
	o.mu.Unlock()
	<-l.done
	return l.ours[client]
}

// take takes a look, in its turn.
func (o *owners) take(l *look) {
	o.turn.Lock()
	defer o.turn.Unlock()
	<-time.After(time.Until(o.rest))
	o.mu.Lock()
	o.next = nil // who asks from now on may have connected later
	o.mu.Unlock()
	began := time.Now()
	l.ours = sockets.Connections(o.groups()...)
	close(l.done)
	o.rest = time.Now().Add(min(ownsPart*time.Since(began), ownsMost))
}
