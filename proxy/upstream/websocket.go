package upstream

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// farewellLimit is how long a WebSocket may take to end in good order: a frame that is
// under way is passed on to its end, and the client may answer our close frame.
const farewellLimit = 250 * time.Millisecond

// farewell is a close frame as a server sends it: 1012, "service restart", upon which
// clients connect again. maskedFarewell is the same as a client sends it, with a mask
// that changes nothing.
var (
	farewell       = append([]byte{0x88, 9, 0x03, 0xf4}, "restart"...)
	maskedFarewell = append([]byte{0x88, 0x80 | 9, 0, 0, 0, 0, 0x03, 0xf4}, "restart"...)
)

var errRestart = errors.New("the socket was ended because the app is replaced")

// webSocket is the connection to the app after an upgrade to WebSocket. Both ways are
// followed by the headers of their frames, so that a close frame of ours can be put
// between two of them when the generation drains (rule 26).
type webSocket struct {
	*socket
	attempt *attempt // holds the client's connection

	ending   atomic.Bool
	answered chan struct{} // closed when the client has answered our farewell, or can no more
	answer   sync.Once

	down struct { // from app to client
		sync.Mutex
		frames
		said bool   // the farewell was handed out, as a whole or in part
		rest []byte // of the farewell, still to be handed out
	}
	up struct { // from client to app; held while it is written to the app
		sync.Mutex
		frames
	}
}

func isWebSocket(h http.Header) bool { return strings.EqualFold(h.Get("Upgrade"), "websocket") }

// newStream makes the stream of an answer that has switched protocols.
func (s *socket) newStream(res *http.Response) upgraded {
	a, asked := res.Request.Context().Value(attemptKey{}).(*attempt)
	if !asked || !isWebSocket(res.Header) {
		return s
	}
	return &webSocket{socket: s, attempt: a, answered: make(chan struct{})}
}

// Read hands out what the app sends. Once the drain has begun that is the rest of a
// frame whose beginning has been handed out, then our close frame, then an error, at
// which ReverseProxy closes both connections.
func (s *webSocket) Read(p []byte) (int, error) {
	for {
		if n, err, over := s.leave(p); over {
			return n, err
		}
		n, err := s.socket.Read(p)
		s.down.Lock()
		if !s.ending.Load() {
			s.down.follow(p[:n])
			s.down.Unlock()
			return n, err
		}
		n = s.down.finish(p[:n]) // of what comes after this frame the client gets nothing
		broken := err != nil && s.down.within()
		s.down.Unlock()
		if n > 0 || broken {
			return n, err
		}
	}
}

// leave hands out the farewell when no frame is under way, and after it waits for the
// client's answer. over is false as long as there is something of the app to be read.
func (s *webSocket) leave(p []byte) (n int, err error, over bool) {
	s.down.Lock()
	defer s.down.Unlock()
	if !s.ending.Load() || s.down.within() {
		return 0, nil, false
	}
	if !s.down.said {
		s.down.said = true
		if !s.down.closed { // else the app has said it
			s.down.rest = farewell
		}
	}
	if n = copy(p, s.down.rest); n > 0 {
		s.down.rest = s.down.rest[n:]
		return n, nil, true
	}
	<-s.answered // closed at the limit at the latest
	return 0, errRestart, true
}

// Write hands the app what the client sends, until the drain begins. From then on only
// the client's close frame matters.
func (s *webSocket) Write(p []byte) (int, error) {
	s.up.Lock()
	defer s.up.Unlock()
	s.up.follow(p)
	if s.ending.Load() {
		if s.up.closed {
			s.answer.Do(func() { close(s.answered) })
		}
		return len(p), nil
	}
	return s.socket.Write(p)
}

// CloseWrite passes on that the client will send no more.
func (s *webSocket) CloseWrite() error {
	if s.ending.Load() {
		s.answer.Do(func() { close(s.answered) })
		return nil
	}
	return s.socket.CloseWrite()
}

// Close ends both ways, also a Read that waits for the client.
func (s *webSocket) Close() error {
	s.answer.Do(func() { close(s.answered) })
	s.owner.dropStream(s)
	return s.socket.Close()
}

// end says farewell to both sides. It does not block.
func (s *webSocket) end() {
	s.down.Lock()
	s.ending.Store(true)
	within := s.down.within()
	s.down.Unlock()
	time.AfterFunc(farewellLimit, func() {
		s.Close()
		if c := s.attempt.client.Load(); c != nil {
			(*c).Close() // it may not be reading
		}
	})
	go func() {
		s.up.Lock() // what is being written to the app comes first
		if s.up.closed {
			s.answer.Do(func() { close(s.answered) })
		} else if !s.up.within() {
			s.socket.Write(maskedFarewell)
		}
		s.up.Unlock()
		if !within {
			s.socket.Close() // unblocks Read, which then says farewell to the client
		}
	}()
}
