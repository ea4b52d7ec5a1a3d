package upstream

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
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
	asked atomic.Int64 // requests that came
}

func newSite(t *testing.T) *site {
	s := &site{t: t, conns: make(chan net.Conn, 100)}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		io.Copy(w, r.Body)
	}))
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
	s.kept.dropRested() // as it does by itself, soon
	if n := len(s.kept.conns); n > 0 || s.kept.sweep != nil {
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

// TestF4_CloseBeforeTheWrite: the app closes a kept connection after it was looked at and
// before anything is sent on it. What has no body goes on a new one then, whatever its method;
// of what has one, some may have been read.
func TestF4_CloseBeforeTheWrite(t *testing.T) {
	for _, c := range []struct {
		method, body string
		sent         bool
	}{{"GET", "", true}, {"POST", "", true}, {"DELETE", "", true}, {"PUT", "text", false}} {
		s := newSite(t)
		s.kept.limit = time.Hour
		s.ask(1)
		kept := <-s.conns
		var once sync.Once // the one that is made instead stays open
		closing := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { once.Do(func() { kept.Close() }) }}
		r := httptest.NewRequest(c.method, "/", strings.NewReader(c.body))
		err := s.Send(httptest.NewRecorder(), r.WithContext(httptrace.WithClientTrace(r.Context(), closing)))
		if sent, asked := err == nil, s.asked.Load(); sent != c.sent || sent && asked != 2 || !sent && asked != 1 {
			t.Errorf("%s %q: error %v, %d requests came", c.method, c.body, err, asked)
		}
	}
}

// TestKept_EarlyCloseIsNoTimeout: one that is closed at once after its answer does not make each
// request open a connection.
func TestKept_EarlyCloseIsNoTimeout(t *testing.T) {
	k := kept{began: time.Now(), limit: time.Hour}
	c := new(conn)
	c.rests.Store(int64(time.Since(k.began)) + 1)
	k.noteClose(c)
	if k.limit < shortestRest {
		t.Errorf("the limit is %v", k.limit)
	}
}
