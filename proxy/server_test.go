package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// countOpen keeps n at the number of open connections of a server.
func countOpen(n *atomic.Int64) func(net.Conn, http.ConnState) {
	return func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			n.Add(1)
		case http.StateClosed, http.StateHijacked:
			n.Add(-1)
		}
	}
}

// Serve ends whatever a request is waiting for: a place in the answer of the app, a
// new view with its body unread, or the end of a stream.
func TestRule10_ServeCutsWhatIsLeft(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := New(Config{Hold: true, HoldTimeout: time.Hour})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Serve(ctx, l) }()
	up, g := gated(t, "")
	f.Publish(View{Generation: 1, Upstream: up})
	results := make(chan error, 2)
	post := func() {
		res, err := http.Post("http://"+l.Addr().String(), "", io.MultiReader(strings.NewReader("x")))
		if err == nil {
			_, err = io.ReadAll(res.Body)
			res.Body.Close()
		}
		results <- err
	}
	go post()
	receive(t, "request", g.entered)
	f.Publish(View{Generation: 1, Upstream: up, Pending: 1})
	go post()
	eventually(t, "held", func() bool { return f.Status().Held == 1 })
	stop()
	if err := receive(t, "Serve", ended); err != nil {
		t.Errorf("Serve = %v", err)
	}
	for range 2 {
		if err := receive(t, "answer", results); err == nil {
			t.Error("a request was answered although it was cut")
		}
	}
	if s := f.Status(); s.Held != 0 || s.InFlight != 0 {
		t.Errorf("after Serve: %+v", s)
	}
	if c, err := net.DialTimeout("tcp", l.Addr().String(), time.Second); err == nil {
		c.Close()
		t.Error("the listener is still open")
	}
}

var errBroken = errors.New("broken")

type brokenListener struct{ net.Listener }

func (brokenListener) Accept() (net.Conn, error) { return nil, errBroken }

func TestServe_ReturnsTheErrorOfAListener(t *testing.T) {
	good, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	bad, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := New(Config{}).Serve(t.Context(), good, brokenListener{bad}); !errors.Is(err, errBroken) {
		t.Errorf("Serve = %v, want the listener's error", err)
	}
}
