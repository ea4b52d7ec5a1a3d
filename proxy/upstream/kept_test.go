package upstream

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a process that counts its connections, and hands them out as they come.
type site struct {
	*Process
	t     *testing.T
	conns chan net.Conn
	made  atomic.Int64
}

func newSite(t *testing.T) *site {
	s := &site{t: t, conns: make(chan net.Conn, 100)}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))
	server.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.made.Add(1)
			s.conns <- c
		}
	}
	server.Start()
	s.Process = New(Config{Addr: server.Listener.Addr().String(), Buffers: new(Buffers)})
	t.Cleanup(func() {
		s.CloseIdle()
		server.Close()
	})
	return s
}

// ask sends a request; it has an answer, and all connections so far are made.
func (s *site) ask(made int64) {
	s.t.Helper()
	w := httptest.NewRecorder()
	err := s.Send(w, httptest.NewRequest("GET", "/", nil))
	if err != nil || w.Code != 200 || s.made.Load() != made {
		s.t.Fatalf("%d, %v, over %d connections; want 200 and %d", w.Code, err, s.made.Load(), made)
	}
}

// TestKept_LongRest: a connection that has rested for too long is not used again, and does
// not stay.
func TestKept_LongRest(t *testing.T) {
	s := newSite(t)
	s.kept.limit = time.Hour
	s.ask(1)
	s.ask(1)
	s.kept.limit = -1
	s.ask(2)
	s.ask(3)
	if n := len(s.kept.conns); n > 0 {
		t.Errorf("%d connections are kept", n)
	}
}

// TestKept_CloseIsLearned: after an app has closed a connection that rested, those are not
// used that have rested half as long.
func TestKept_CloseIsLearned(t *testing.T) {
	s := newSite(t)
	s.kept.limit = time.Hour
	s.ask(1)
	(<-s.conns).Close()
	s.ask(2)
	s.kept.mu.Lock()
	defer s.kept.mu.Unlock()
	if s.kept.limit >= time.Minute {
		t.Errorf("the limit is %v", s.kept.limit)
	}
}

// TestKept_OverIsOver: what comes back after the end is closed.
func TestKept_OverIsOver(t *testing.T) {
	s := newSite(t)
	s.ask(1)
	s.CloseIdle()
	s.ask(2)
	s.ask(3)
	if n := len(s.kept.conns); n > 0 {
		t.Errorf("%d connections are kept", n)
	}
}
