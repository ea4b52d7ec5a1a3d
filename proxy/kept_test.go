package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// together is how many connections to the app are kept when one request ends it.
const together = 8

// mortal is an app whose path /end ends it, as a process that dies in a handler does: the
// listener and every connection are closed. At /panic it closes one connection only.
// Requests for / wait until many are there.
type mortal struct {
	http.Server
	here  atomic.Int64
	all   chan struct{} // closed when they are
	fatal atomic.Int64  // requests for /end and /panic
}

func newMortal(t *testing.T, network string) (*mortal, string) {
	m := &mortal{all: make(chan struct{})}
	m.Protocols = new(http.Protocols)
	m.Protocols.SetHTTP1(true)
	m.Protocols.SetUnencryptedHTTP2(true)
	m.Handler = m
	l, addr := listenOn(t, network)
	done := make(chan struct{})
	go func() { defer close(done); m.Serve(l) }()
	t.Cleanup(func() { m.Close(); <-done })
	return m, addr
}

// listenOn opens a listener on tcp or unix, and returns it as an upstream is written.
func listenOn(t *testing.T, network string) (l net.Listener, addr string) {
	t.Helper()
	at, scheme := "127.0.0.1:0", ""
	if network == "unix" {
		at, scheme = filepath.Join(t.TempDir(), "socket"), "unix:"
	}
	l, err := net.Listen(network, at)
	if err != nil {
		t.Fatal(err)
	}
	return l, scheme + l.Addr().String()
}

func (m *mortal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	switch r.URL.Path {
	case "/end":
		m.fatal.Add(1)
		m.Close()
		return
	case "/panic":
		m.fatal.Add(1)
		panic(http.ErrAbortHandler)
	}
	if m.here.Add(1) == together {
		close(m.all)
	}
	<-m.all
}

// TestF4_RequestThatEndsTheAppIsSentOnce: many connections to it are kept, and each is one
// on which the request could be repeated.
func TestF4_RequestThatEndsTheAppIsSentOnce(t *testing.T) {
	h2 := &http.Transport{Protocols: new(http.Protocols)}
	h2.Protocols.SetUnencryptedHTTP2(true)
	defer h2.CloseIdleConnections()
	for _, c := range []struct {
		name, network string
		transport     http.RoundTripper // nil is HTTP/1
	}{{"tcp", "tcp", nil}, {"unix", "unix", nil}, {"h2c", "tcp", h2}} {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"} {
			for _, path := range []string{"panic", "end"} {
				t.Run(c.name+" "+method+" "+path, func(t *testing.T) {
					f := serve(t, Config{})
					if c.transport != nil {
						f.client.Transport = c.transport
					}
					app, addr := newMortal(t, c.network)
					f.Publish(View{Generation: 1, Upstream: addr})
					var here sync.WaitGroup
					for range together {
						here.Go(func() { f.get("/").want(t, 200, "") })
					}
					here.Wait()
					r := f.request(method, "/"+path, nil)
					r.Header.Set("Idempotency-Key", "a")
					if a := f.do(r); a.err != nil || a.status != 502 || app.fatal.Load() != 1 {
						t.Errorf("status %d, error %v, executed %d times; want 502, once", a.status, a.err, app.fatal.Load())
					}
				})
			}
		}
	}
}

// TestF4_ProcessThatEndsInAHandler is the same with a real process, and the one after it.
func TestF4_ProcessThatEndsInAHandler(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := serve(t, Config{Hold: true})
	first, addr := startApp(t, log)
	f.Publish(View{Generation: 1, Upstream: addr})
	var here sync.WaitGroup
	for range together {
		here.Go(func() { f.get("/together").want(t, 200, "/together") })
	}
	here.Wait()
	a := f.get("/end")
	first.Wait()
	second, addr := startApp(t, log)
	f.Publish(View{Generation: 2, Upstream: addr})
	f.get("/alive").want(t, 200, "/alive")
	second.Process.Kill()
	second.Wait()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "/end\n"); a.status != 502 || n != 1 {
		t.Errorf("status %d, error %v, executed %d times; want 502, once", a.status, a.err, n)
	}
}

// leaver is an app that closes its connections on order, after it has answered.
type leaver struct {
	addr  string
	close chan chan struct{} // closes one connection
	got   atomic.Int64
}

func newLeaver(t *testing.T, network string) *leaver {
	a := &leaver{close: make(chan chan struct{})}
	l, addr := listenOn(t, network)
	a.addr = addr
	over := make(chan struct{})
	t.Cleanup(func() { close(over); l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go a.answer(c)
			go func() {
				select {
				case done := <-a.close:
					c.Close()
					close(done)
				case <-over:
					c.Close()
				}
			}()
		}
	}()
	return a
}

// closeOne returns when the app has closed a connection.
func (a *leaver) closeOne(t *testing.T) {
	t.Helper()
	done := make(chan struct{})
	select {
	case a.close <- done:
		<-done
	case <-time.After(failsafe):
		t.Fatal("no connection is open")
	}
}

func (a *leaver) answer(c net.Conn) {
	for in := bufio.NewReader(c); ; {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, _ := io.ReadAll(r.Body)
		a.got.Add(1)
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
}

// TestF4_ClosedConnectionIsNotUsed: the app closes a kept connection, and a request that
// comes then goes on a new one, whatever its method: nothing of it was sent before.
func TestF4_ClosedConnectionIsNotUsed(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			f := serve(t, Config{})
			app := newLeaver(t, network)
			f.Publish(View{Generation: 1, Upstream: app.addr})
			sent := int64(0)
			for n := range 200 {
				method := []string{"GET", "POST", "PUT", "DELETE"}[n%4]
				body := strings.Repeat("x", n%2*(1+n*100))
				want := body
				f.do(f.request(method, "/", strings.NewReader(body))).want(t, 200, want)
				app.closeOne(t)
				f.do(f.request(method, "/", strings.NewReader(body))).want(t, 200, want)
				if sent += 2; app.got.Load() != sent {
					t.Fatalf("%s: %d requests came, of %d", method, app.got.Load(), sent)
				}
				app.closeOne(t) // so that the next round begins with a new one
			}
		})
	}
}

// TestF4_ShortIdleTimeout: an app closes idle connections as fast as requests come, so that
// some meet the very moment. Nothing is executed twice, and next to nothing is lost: one that the
// app has in hand as it closes is answered by 502, as nobody can tell how much of it was read.
func TestF4_ShortIdleTimeout(t *testing.T) {
	const limit, clients, each, bearable = 4 * time.Millisecond, 4, 300, 12
	var got [clients * each]atomic.Int64
	server := http.Server{IdleTimeout: limit, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.URL.Path[1:])
		got[id].Add(1)
	})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { defer close(served); server.Serve(l) }()
	defer func() { server.Close(); <-served }()
	f := serve(t, Config{})
	f.Publish(View{Generation: 1, Upstream: l.Addr().String()})
	var all sync.WaitGroup
	var lost atomic.Int64
	for c := range clients {
		all.Go(func() {
			for n := range each {
				id := c*each + n
				a := f.get(fmt.Sprint("/", id))
				if a.status == http.StatusBadGateway {
					lost.Add(1)
				} else if a.status != 200 || got[id].Load() != 1 {
					t.Errorf("GET /%d: %+v", id, a)
				}
				if n := got[id].Load(); n > 1 {
					t.Errorf("GET /%d was executed %d times", id, n)
				}
				time.Sleep(limit * time.Duration((c+n)%20) / 10) // simulates a client that thinks
			}
		})
	}
	all.Wait()
	if n := lost.Load(); n > bearable {
		t.Errorf("%d of %d were lost", n, clients*each)
	}
}
