// Package upstream leads requests to one process and its answers back: by HTTP/1 or
// HTTP/2, as calls of gRPC, event streams or sockets. It ends the streams when they are
// to go elsewhere, and cuts what is left.
//
// It knows requests, answers and connections. It does not know which process is the
// target, who waits, or when a drain begins and ends.
package upstream

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// dialTimeout: connections are made to loopback, where only an app whose queue of
	// connections is full needs longer than a millisecond.
	dialTimeout = 5 * time.Second
	idleTimeout = 90 * time.Second // as http.DefaultTransport
	// flushInterval is for answers with a length that come slowly; net/http would keep
	// their first 4 KiB until more comes. Those without a length are flushed at once.
	flushInterval = 10 * time.Millisecond
)

var (
	errCut   = errors.New("the connections to the process were cut")
	errEnded = errors.New("the process has closed the connection")
)

// Config is what a process is reached by. Request and Answer are called from the
// goroutine of each request; nil changes nothing.
type Config struct {
	Addr    string // host:port, or "unix:" and the path of a Unix socket
	Buffers *Buffers
	Request func(*httputil.ProxyRequest) // may change the request that goes out
	Answer  func(*http.Response)         // may change the answer that came; its Request is the one that went out
}

// Process is one that serves. It has transports of its own, so that no connection to
// an older one is ever offered to a request for it. Make it with [New]; its methods may
// be called from any goroutine.
type Process struct {
	Config
	http1 *http.Transport // makes clients of one connection each
	kept  kept
	h2c   *http.Transport
	http2 spoken // whether the process takes HTTP/2 for more than gRPC
	proxy *httputil.ReverseProxy
	cut   atomic.Bool

	mu      sync.Mutex // guards what follows
	conns   map[*conn]struct{}
	streams map[stream]struct{}
	ending  bool // streams are ended as they begin
}

// New makes a process known. No connection is made before the first request.
func New(cfg Config) *Process {
	p := &Process{Config: cfg, conns: map[*conn]struct{}{}, streams: map[stream]struct{}{}}
	p.kept.began, p.kept.limit = time.Now(), restLimit
	p.http1 = &http.Transport{
		DialContext:           connected,
		DisableCompression:    true,        // the client's own Accept-Encoding counts
		ExpectContinueTimeout: time.Second, // the app decides whether it wants the body
	}
	p.h2c = p.http1.Clone()
	p.h2c.DialContext, p.h2c.IdleConnTimeout = p.dial, idleTimeout
	p.h2c.Protocols = new(http.Protocols)
	p.h2c.Protocols.SetUnencryptedHTTP2(true)
	p.proxy = &httputil.ReverseProxy{
		Transport:      p,
		Rewrite:        p.rewrite,
		ModifyResponse: p.takeAnswer,
		ErrorHandler:   noteError,
		BufferPool:     cfg.Buffers,
		FlushInterval:  flushInterval,
		ErrorLog:       log.New(io.Discard, "", 0), // broken transfers are no news in a dev loop
	}
	return p
}

// Send makes one attempt. It returns why it brought no answer; then nothing was written
// to w. A transfer that breaks in mid-answer comes through as the panic
// http.ErrAbortHandler.
func (p *Process) Send(w http.ResponseWriter, r *http.Request) error {
	a := &attempt{ResponseWriter: w}
	if isWebSocket(r.Header) {
		r = r.WithContext(context.WithValue(r.Context(), attemptKey{}, a))
	}
	p.proxy.ServeHTTP(a, r)
	return a.err
}

// attempt is the writer of one.
type attempt struct {
	http.ResponseWriter
	err    error
	client atomic.Pointer[net.Conn] // after an upgrade
}

// attemptKey leads from a request for a WebSocket to its attempt.
type attemptKey struct{}

// noteError is the ErrorHandler of ReverseProxy: it leaves the decision to who sent.
func noteError(w http.ResponseWriter, _ *http.Request, err error) { w.(*attempt).err = err }

// Hijack keeps the client's connection, which ReverseProxy has for itself otherwise.
func (a *attempt) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil {
		a.client.Store(&conn)
	}
	return conn, rw, err
}

// Unwrap lets http.ResponseController reach Flush.
func (a *attempt) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// CloseIdle closes the connections that no request uses, and keeps none from now on.
func (p *Process) CloseIdle() {
	p.kept.close()
	p.h2c.CloseIdleConnections()
}

// Cut closes every connection, and those that are still made. An answer that has begun
// becomes a broken transfer (rule 26), never a short one: reading it fails, it does not end.
func (p *Process) Cut() {
	p.mu.Lock()
	p.cut.Store(true)
	conns := p.conns
	p.conns = map[*conn]struct{}{}
	p.mu.Unlock()
	for c := range conns {
		c.Conn.Close()
	}
}

// WasCut reports whether Cut was called.
func (p *Process) WasCut() bool { return p.cut.Load() }

// conn is a connection to the process, known to it until it is closed.
type conn struct {
	net.Conn
	owner *Process
	http  *http.ClientConn // that it serves, if it is one for HTTP/1
	rests atomic.Int64     // since when no request uses it, by the clock of kept; 0 while one does
	// unsent is whether nothing was written of the request for which it was taken out of kept. It is
	// final once the connection is closed, as it changes before anything is written.
	unsent atomic.Bool
}

// Read notes that the app closes a connection that no request uses.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.owner.kept.noteClose(c)
	}
	return n, err
}

// Write looks once more whether the app has closed a kept connection: from when it was taken to
// here other goroutines may have run for a while.
func (c *conn) Write(p []byte) (int, error) {
	if c.unsent.Load() {
		if c.ended() {
			return 0, errEnded
		}
		c.unsent.Store(false)
	}
	return c.Conn.Write(p)
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

func (p *Process) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	address := p.Addr
	if path, unix := strings.CutPrefix(address, "unix:"); unix {
		network, address = "unix", path
	}
	raw, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err // a *net.OpError, by which Unreached knows it
	}
	c := &conn{Conn: raw, owner: p}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut.Load() {
		raw.Close()
		return nil, errCut
	}
	p.conns[c] = struct{}{}
	return c, nil
}
