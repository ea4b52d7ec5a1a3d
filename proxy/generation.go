package proxy

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// dialTimeout: connections are made to loopback, where only an app whose queue of
	// connections is full needs longer than a millisecond.
	dialTimeout = 5 * time.Second
	// idlePerGeneration: as many connections as a load test may use at once are kept,
	// the two that net/http keeps would make it open a new one for nearly each request.
	idlePerGeneration = 1024
	idleTimeout       = 90 * time.Second // as http.DefaultTransport
	// flushInterval is for answers with a length that come slowly; net/http would keep
	// their first 4 KiB until more comes. Those without a length are flushed at once.
	flushInterval = 10 * time.Millisecond
)

var errCut = errors.New("the generation was cut at its drain limit")

// generation leads requests to one process. It has transports of its own, so that no
// connection to the old process is ever offered to a request for the new one.
type generation struct {
	number   int
	label    string // number, for the header
	upstream string
	http1    *http.Transport
	h2c      *http.Transport
	http2    spoken // whether the process takes HTTP/2 for more than gRPC
	proxy    *httputil.ReverseProxy

	inFlight atomic.Int64          // requests counted in and not yet released
	drain    atomic.Pointer[drain] // nil unless it drains; written under Front.mu
	cut      atomic.Bool           // its connections were closed at the drain limit

	mu      sync.Mutex // guards what follows
	conns   map[*conn]struct{}
	streams map[stream]struct{}
	ending  bool // streams are ended as they begin
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
		g.mu.Lock()
		g.ending = false
		g.mu.Unlock()
	}
	return g
}

func newGeneration(v View, pool httputil.BufferPool) *generation {
	g := &generation{
		number:   v.Generation,
		label:    strconv.Itoa(v.Generation),
		upstream: v.Upstream,
		conns:    map[*conn]struct{}{},
		streams:  map[stream]struct{}{},
	}
	g.http1 = &http.Transport{
		DialContext:           g.dial,
		DisableCompression:    true, // the client's own Accept-Encoding counts
		MaxIdleConnsPerHost:   idlePerGeneration,
		IdleConnTimeout:       idleTimeout,
		ExpectContinueTimeout: time.Second, // the app decides whether it wants the body
	}
	g.h2c = g.http1.Clone()
	g.h2c.Protocols = new(http.Protocols)
	g.h2c.Protocols.SetUnencryptedHTTP2(true)
	g.proxy = &httputil.ReverseProxy{
		Transport:      g,
		Rewrite:        g.rewrite,
		ModifyResponse: g.watchAnswer,
		ErrorHandler:   noteError,
		BufferPool:     pool,
		FlushInterval:  flushInterval,
		ErrorLog:       log.New(io.Discard, "", 0), // broken transfers are no news in a dev loop
	}
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
	g.http1.CloseIdleConnections()
	g.h2c.CloseIdleConnections()
}

// drain begins the drain of a generation, or replaces the one that is going on, and
// returns the streams that the caller has to end.
func (f *Front) drain(number int, limit time.Duration, done func(Drained)) []stream {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.generations[number]
	if g == nil {
		go done(Drained{Generation: number})
		return nil
	}
	if old := g.drain.Load(); old != nil {
		old.limit.Stop()
	}
	d := &drain{done: done}
	g.drain.Store(d)
	streams := g.takeStreams()
	d.requests = g.inFlight.Load() - int64(len(streams))
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
	return streams
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
		g.cutAll()
	}
	finished := max(0, d.requests-left)
	go d.done(Drained{Generation: g.number, Finished: int(finished), Cut: int(left)})
}

// conn is a connection to the process, known to its generation until it is closed.
type conn struct {
	net.Conn
	owner *generation
}

// ReadFrom and CloseWrite pass on what connections of TCP and of Unix sockets know.

func (c *conn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }

func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

func (c *conn) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.conns, c)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}

func (g *generation) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	address := g.upstream
	if path, unix := strings.CutPrefix(address, "unix:"); unix {
		network, address = "unix", path
	}
	raw, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err // a *net.OpError, by which isDial knows it
	}
	c := &conn{Conn: raw, owner: g}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cut.Load() {
		raw.Close()
		return nil, errCut
	}
	g.conns[c] = struct{}{}
	return c, nil
}

// cutAll closes every connection to the process. An answer that has begun becomes a
// broken transfer (rule 26), never a short one: reading it fails, it does not end.
func (g *generation) cutAll() {
	g.mu.Lock()
	g.cut.Store(true)
	conns := g.conns
	g.conns = map[*conn]struct{}{}
	g.mu.Unlock()
	for c := range conns {
		c.Conn.Close()
	}
}
