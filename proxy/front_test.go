package proxy

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(appLog) != "":
		runApp()
		return
	case os.Getenv(crowdOf) != "":
		runCrowd()
		return
	}
	goleak.VerifyTestMain(m)
}

// failsafe ends a test that hangs; no test passes or fails by it otherwise.
const failsafe = 30 * time.Second

// testFront is a front that serves on loopback until the test ends.
type testFront struct {
	*Front
	t        *testing.T
	url      string
	listener *net.TCPListener
	client   *http.Client // a new connection for each request
}

func serve(t *testing.T, cfg Config, change ...func(*Front)) *testFront {
	t.Helper()
	return serveAs(t, func(l net.Listener) net.Listener { return l }, cfg, change...)
}

// serveAs lets a test see to what the front knows of its connections.
func serveAs(t *testing.T, wrap func(net.Listener) net.Listener, cfg Config, change ...func(*Front)) *testFront {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := New(cfg)
	for _, c := range change {
		c(f)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	wrapped := wrap(l)
	go func() { ended <- f.Serve(ctx, wrapped) }()
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
		transport.CloseIdleConnections()
	})
	return &testFront{f, t, "http://" + l.Addr().String(), l.(*net.TCPListener), &http.Client{Transport: transport, Timeout: failsafe}}
}

// app starts an upstream and returns its host:port.
func app(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return strings.TrimPrefix(s.URL, "http://")
}

// says is an app that answers with one word.
func says(t *testing.T, word string) string {
	return app(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, word) })
}

// answer is what a client got; err stands for all that is not a whole answer.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (f *testFront) do(r *http.Request) answer {
	res, err := f.client.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(b), err}
}

func (f *testFront) get(path string) answer { return f.do(f.request("GET", path, nil)) }

func (f *testFront) request(method, path string, body io.Reader) *http.Request {
	f.t.Helper()
	r, err := http.NewRequest(method, f.url+path, body)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// begin sends a request and returns when it will be answered on the channel.
func (f *testFront) begin(r *http.Request) <-chan answer {
	c := make(chan answer, 1)
	go func() { c <- f.do(r) }()
	return c
}

// awaitHeld returns when exactly n requests are held.
func (f *testFront) awaitHeld(n int) {
	f.t.Helper()
	eventually(f.t, "held requests", func() bool { return f.Status().Held == n })
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(failsafe); !holds(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%s: not as awaited", what)
		}
	}
}

func receive[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(failsafe):
		t.Fatalf("%s: nothing came", what)
		panic("unreachable")
	}
}

// startDrain starts a drain and returns a channel with its end.
func (f *testFront) startDrain(generation int, limit time.Duration) <-chan Drained {
	c := make(chan Drained, 2)
	f.Drain(generation, limit, func(d Drained) { c <- d })
	return c
}

func (a answer) want(t *testing.T, status int, body string) {
	t.Helper()
	if a.err != nil || a.status != status || a.body != body {
		t.Errorf("answer = %d %q, error %v; want %d %q", a.status, a.body, a.err, status, body)
	}
}

func (a answer) wantBuild(t *testing.T, mark string) {
	t.Helper()
	if got := a.header.Get("Watcher-Build"); got != mark {
		t.Errorf("Watcher-Build = %q, want %q", got, mark)
	}
}
