package upstream

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

// stream is an answer that has no end of its own and whose client connects again:
// an event stream that was asked for by GET, or a socket. It is ended when its
// generation drains. A POST stream cannot be asked for again and drains (rule 26).
type stream interface{ end() }

// takeAnswer makes the streams among the answers known, and gives gRPC calls an end in
// good order.
func (p *Process) takeAnswer(res *http.Response) error {
	if p.Answer != nil {
		p.Answer(res)
	}
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	switch {
	case res.StatusCode == http.StatusSwitchingProtocols:
		if rw, ok := res.Body.(io.ReadWriteCloser); ok {
			s := (&socket{rw, p}).newStream(res)
			res.Body = s
			p.addStream(s)
		}
	case res.Request.Method == http.MethodGet && strings.EqualFold(strings.TrimSpace(kind), "text/event-stream"):
		s := &events{ReadCloser: res.Body, owner: p}
		res.Body = s
		p.addStream(s)
	case IsGRPC(res.Header):
		res.Body = &call{ReadCloser: res.Body, answer: res, owner: p}
	}
	return nil
}

func (p *Process) addStream(s stream) {
	p.mu.Lock()
	p.streams[s] = struct{}{}
	late := p.ending // the drain began while the app had not answered yet
	p.mu.Unlock()
	if late {
		s.end()
	}
}

func (p *Process) dropStream(s stream) {
	p.mu.Lock()
	delete(p.streams, s)
	p.mu.Unlock()
}

// TakeStreams hands out how many event streams and sockets there are, and what ends them:
// the caller calls it, once. Those that come later end as they begin.
func (p *Process) TakeStreams() (count int, end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ending = true
	taken := p.streams
	p.streams = map[stream]struct{}{}
	return len(taken), func() {
		for s := range taken {
			s.end()
		}
	}
}

// KeepStreams calls off that later streams end as they begin.
func (p *Process) KeepStreams() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ending = false
}

// events is the body of an event stream.
type events struct {
	io.ReadCloser
	owner *Process
	ended atomic.Bool
}

// Read turns the error of a stream that was ended into its end, so that the client
// gets a whole answer and not a broken one.
func (e *events) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	if err != nil && e.ended.Load() {
		err = io.EOF
	}
	return n, err
}

func (e *events) Close() error {
	e.owner.dropStream(e)
	return e.ReadCloser.Close()
}

func (e *events) end() {
	e.ended.Store(true)
	e.ReadCloser.Close() // unblocks Read
}

// upgraded is what ReverseProxy copies to and from after an upgrade.
type upgraded interface {
	stream
	io.ReadWriteCloser
}

// socket is the connection to the app after 101 Switching Protocols.
type socket struct {
	io.ReadWriteCloser
	owner *Process
}

// CloseWrite passes on that the client will send no more.
func (s *socket) CloseWrite() error {
	if c, ok := s.ReadWriteCloser.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return fmt.Errorf("close write side of %T: %w", s.ReadWriteCloser, http.ErrNotSupported)
}

func (s *socket) Close() error {
	s.owner.dropStream(s)
	return s.ReadWriteCloser.Close()
}

// end fails the reads of both copy loops, by which ReverseProxy closes both sides.
func (s *socket) end() { s.ReadWriteCloser.Close() }
