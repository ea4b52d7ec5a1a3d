package upstream

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// probeLimit is how long a process may take to answer the preface of HTTP/2. One that
// knows it answers at once; one that does not may wait for more of a request.
const probeLimit = time.Second

// RoundTrip sends a request by the protocol in which it came, if the process speaks it
// (rule 25). Requests of HTTP/1 are never turned into HTTP/2.
func (p *Process) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.ProtoMajor == 2 && (IsGRPC(r.Header) || p.http2.ask(r.Context(), p)) {
		return p.h2c.RoundTrip(r)
	}
	return p.roundTrip1(r)
}

// spoken remembers whether a process takes the preface of HTTP/2.
type spoken struct {
	mu    sync.Mutex // held while the process is asked
	known bool
	yes   bool
}

// ask asks the process at the first call that reaches it.
func (s *spoken) ask(ctx context.Context, p *Process) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known {
		s.yes, s.known = p.takesPreface(ctx)
	}
	return s.yes
}

// preface is how a client of HTTP/2 begins (RFC 9113, section 3.4), with a SETTINGS
// frame that sets nothing.
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// takesPreface sends the preface on a connection of its own and looks whether a SETTINGS
// frame comes back. asked is false if there was no connection.
func (p *Process) takesPreface(ctx context.Context) (yes, asked bool) {
	c, err := p.dial(ctx, "tcp", "")
	if err != nil {
		return false, false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(probeLimit))
	io.WriteString(c, preface)
	var head [9]byte
	_, err = io.ReadFull(c, head[:])
	return err == nil && head[3] == 4, true
}

// body2 is the body of a request that came by HTTP/2. ReverseProxy hides Close from the
// transport, which then would never end a call to a process that is gone: it waits for
// the Read that Close unblocks. Until the first Read it stays hidden, so that a request
// without a connection can be sent again.
type body2 struct {
	io.ReadCloser
	read, closed atomic.Bool
}

func (b *body2) Read(p []byte) (int, error) {
	b.read.Store(true)
	if b.closed.Load() { // either this is seen here, or Close sees the Read
		return 0, http.ErrBodyReadAfterClose
	}
	return b.ReadCloser.Read(p)
}

func (b *body2) Close() error {
	b.closed.Store(true)
	if b.read.Load() {
		return b.ReadCloser.Close()
	}
	return nil
}
