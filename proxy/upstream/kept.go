package upstream

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"time"
)

const (
	// keptConns: as many connections as a load test may use at once are kept.
	keptConns = 1024
	// restLimit is how long a connection may have rested to be used again. Servers close
	// what rests for longer, after some seconds, and a request that meets that very moment
	// is lost. A new connection on this machine costs a tenth of a millisecond.
	restLimit = 500 * time.Millisecond
	// shortestRest is below every idle time-out of a server: what is closed earlier is closed for
	// another reason, as after a panic, and says nothing of those that rest.
	shortestRest = time.Millisecond
)

// kept are the connections for HTTP/1 that no request uses. The transport of net/http
// would repeat a request on each of them that breaks, whatever the app has read of it; so
// a request is given one connection, once, and the transport makes connections only.
type kept struct {
	began time.Time // by which rests are counted

	mu     sync.Mutex
	conns  []*conn       // the one that has rested longest first
	limit  time.Duration // restLimit, or half of the shortest rest after which the app closed one, but shortestRest at least
	closed bool          // none is kept any more
	sweep  *time.Timer   // closes those that have rested too long; nil while none is kept
}

// roundTrip1 sends a request over HTTP/1, on one connection. Where the app has closed a kept one
// before anything was sent on it, a new one is made, once.
func (p *Process) roundTrip1(r *http.Request) (*http.Response, error) {
	if c := p.kept.take(); c != nil {
		res, err := p.sendOn(c, r)
		if err == nil || !c.unsent.Load() || !repeatable(r) {
			return res, err
		}
	}
	c, err := p.connect(r.Context())
	if err != nil {
		return nil, err
	}
	return p.sendOn(c, r)
}

// repeatable reports whether a request of which nothing was sent can be sent: none of its body
// can have been read, and somebody waits for the answer.
func repeatable(r *http.Request) bool {
	return (r.Body == nil || r.Body == http.NoBody) && r.Context().Err() == nil
}

// sendOn sends a request on a connection, which is closed if there is no answer.
func (p *Process) sendOn(c *conn, r *http.Request) (*http.Response, error) {
	if t := httptrace.ContextClientTrace(r.Context()); t != nil && t.GotConn != nil {
		t.GotConn(httptrace.GotConnInfo{Conn: c})
	}
	res, err := c.http.RoundTrip(r)
	switch {
	case err != nil:
		c.http.Close()
		return nil, err
	case res.StatusCode == http.StatusSwitchingProtocols: // the connection is the socket's now
	case res.Body == http.NoBody:
		p.kept.put(c)
	default:
		res.Body = &answerBody{res.Body, &p.kept, c}
	}
	return res, nil
}

// connKey leads from the context of a new client to its connection.
type connKey struct{}

// connect makes a connection for HTTP/1.
func (p *Process) connect(ctx context.Context) (*conn, error) {
	raw, err := p.dial(ctx, "tcp", "")
	if err != nil {
		return nil, err
	}
	c := raw.(*conn)
	if c.http, err = p.http1.NewClientConn(context.WithValue(ctx, connKey{}, c), "http", "app:80"); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// connected is the DialContext of connect.
func connected(ctx context.Context, _, _ string) (net.Conn, error) {
	return ctx.Value(connKey{}).(*conn), nil
}

// take returns the connection that has rested shortest, or nil if none may be used. One
// that the app has closed is dropped, as nothing was sent on it.
func (k *kept) take() *conn {
	for {
		c, limit := k.pop()
		if c == nil {
			return nil
		}
		if c.ended() {
			k.noteClose(c)
			c.http.Close()
			continue
		}
		rest, ok := k.wake(c)
		if ok && rest <= limit {
			c.unsent.Store(true)
			return c
		}
		c.http.Close()
		if ok { // the others have rested longer
			return nil
		}
	}
}

// pop takes the newest connection, nil if there is none.
func (k *kept) pop() (c *conn, limit time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if last := len(k.conns) - 1; last >= 0 {
		c, k.conns = k.conns[last], k.conns[:last]
	}
	return c, k.limit
}

// wake ends the rest of a connection and returns how long it was; ok is false if somebody
// else has ended it.
func (k *kept) wake(c *conn) (rest time.Duration, ok bool) {
	since := c.rests.Swap(0)
	return time.Since(k.began) - time.Duration(since), since != 0
}

// noteClose takes that the app has closed a connection, and remembers after how long a rest.
func (k *kept) noteClose(c *conn) {
	if rest, ok := k.wake(c); ok {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.limit = min(k.limit, max(rest/2, shortestRest))
	}
}

// put takes a connection whose answer has ended.
func (k *kept) put(c *conn) {
	if c.http.Available() == 0 {
		return // the transport has closed it, or is about to
	}
	if drop := k.add(c); drop != nil {
		k.wake(drop)
		drop.http.Close()
	}
}

// add keeps a connection and returns one that is to be closed, or nil.
func (k *kept) add(c *conn) (drop *conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return c
	}
	now := time.Since(k.began)
	c.rests.Store(int64(now))
	k.conns = append(k.conns, c)
	if k.sweep == nil {
		k.sweep = time.AfterFunc(restLimit, k.dropRested)
	}
	if len(k.conns) > keptConns {
		oldest := k.conns[0]
		k.conns = slices.Delete(k.conns, 0, 1)
		return oldest
	}
	return nil
}

// dropRested closes what has rested too long, and comes again as long as any is kept.
func (k *kept) dropRested() {
	k.mu.Lock()
	now, n := time.Since(k.began), 0
	for n < len(k.conns) && now-time.Duration(k.conns[n].rests.Load()) > k.limit {
		n++
	}
	rested := slices.Clone(k.conns[:n])
	k.conns = slices.Delete(k.conns, 0, n)
	if k.sweep = nil; len(k.conns) > 0 {
		k.sweep = time.AfterFunc(restLimit, k.dropRested)
	}
	k.mu.Unlock()
	for _, c := range rested {
		k.wake(c)
		c.http.Close()
	}
}

// close closes what is kept, and what is put from now on.
func (k *kept) close() {
	k.mu.Lock()
	conns := k.conns
	k.conns, k.closed = nil, true
	if k.sweep != nil {
		k.sweep.Stop()
	}
	k.mu.Unlock()
	for _, c := range conns {
		c.http.Close()
	}
}

// answerBody is the body of an answer: at its end the connection may be used again. One
// that is closed before is closed with its connection.
type answerBody struct {
	io.ReadCloser
	kept *kept
	conn *conn // nil once it was put back
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF && b.conn != nil {
		b.kept.put(b.conn)
		b.conn = nil
	}
	return n, err
}
