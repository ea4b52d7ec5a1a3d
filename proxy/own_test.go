package proxy

import (
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// The app calls its own front while its code is older than a save, and while nothing
// healthy is there: each is answered at once, with nobody let go.
func TestF14_OwnRequestsAreNeverHeld(t *testing.T) {
	asked := make(chan netip.AddrPort, 10)
	f := serve(t, Config{Hold: true, HoldTimeout: time.Hour, Own: func(client netip.AddrPort) bool {
		asked <- client
		return true
	}})
	f.Publish(View{Waiting: true, Phase: Starting})
	f.get("/").want(t, 503, "the app is starting\n")
	if c := receive(t, "client", asked); !c.Addr().IsLoopback() || c.Port() == 0 {
		t.Errorf("asked about %v", c)
	}
	f.Publish(View{Generation: 1, Upstream: says(t, "old"), Pending: 1})
	a := f.do(f.request("POST", "/", strings.NewReader("body")))
	a.want(t, 200, "old")
	a.wantBuild(t, "pending")
	receive(t, "client", asked)
	f.Publish(View{Generation: 1, Upstream: says(t, "new"), Pending: 1, Settled: 1})
	f.get("/")
	if len(asked) > 0 {
		t.Error("asked about a request that is not held")
	}
}

// Stop-first: the old one drains, and waits for its own front.
func TestF14_HandlerThatCallsTheFrontDuringADrain(t *testing.T) {
	f := serve(t, Config{Hold: true, Own: func(netip.AddrPort) bool { return true }})
	entered, open := make(chan struct{}), make(chan struct{})
	f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-open
		a := f.get("/inner")
		io.WriteString(w, a.body)
	})})
	outer := f.begin(f.request("GET", "/", nil))
	receive(t, "request", entered)
	f.Publish(View{Waiting: true, Phase: Draining})
	drained := f.startDrain(1, time.Hour)
	close(open)
	receive(t, "answer", outer).want(t, 200, Draining.words()+"\n")
	receive(t, "drained", drained)
}

func TestF14_OthersAreHeld(t *testing.T) {
	f := serve(t, Config{Hold: true, Own: func(netip.AddrPort) bool { return false }})
	f.Publish(View{Waiting: true})
	held := f.begin(f.request("GET", "/", nil))
	f.awaitHeld(1)
	f.Publish(View{Generation: 1, Upstream: says(t, "ok")})
	receive(t, "answer", held).want(t, 200, "ok")
}
