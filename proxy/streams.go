package proxy

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

// watchAnswer makes the streams among the answers known to their generation, and gives
// gRPC calls an end in good order. A document for a browser gets our script, or the page of
// the panic that ended it.
func (g *generation) watchAnswer(res *http.Response) error {
	if x := exchangeOf(res.Request); x != nil && x.navigates && !x.replacePanicked(res, g) {
		x.addScript(res)
	}
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	switch {
	case res.StatusCode == http.StatusSwitchingProtocols:
		if rw, ok := res.Body.(io.ReadWriteCloser); ok {
			s := (&socket{rw, g}).newStream(res)
			res.Body = s
			g.addStream(s)
		}
	case res.Request.Method == http.MethodGet && strings.EqualFold(strings.TrimSpace(kind), "text/event-stream"):
		s := &events{ReadCloser: res.Body, owner: g}
		res.Body = s
		g.addStream(s)
	case isGRPC(res.Header):
		res.Body = &call{ReadCloser: res.Body, answer: res, owner: g}
	}
	return nil
}

func (g *generation) addStream(s stream) {
	g.mu.Lock()
	g.streams[s] = struct{}{}
	late := g.ending // the drain began while the app had not answered yet
	g.mu.Unlock()
	if late {
		s.end()
	}
}

func (g *generation) dropStream(s stream) {
	g.mu.Lock()
	delete(g.streams, s)
	g.mu.Unlock()
}

// takeStreams hands out all streams to be ended; later ones end as they begin.
func (g *generation) takeStreams() []stream {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ending = true
	all := make([]stream, 0, len(g.streams))
	for s := range g.streams {
		all = append(all, s)
	}
	clear(g.streams)
	return all
}

// events is the body of an event stream.
type events struct {
	io.ReadCloser
	owner *generation
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
	owner *generation
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
