package proxy

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

// A save of which no event has told: the request itself finds it, before the view knows
// of it, and waits for its number.
func TestS1_SaveFoundByTheRequestIsWaitedFor(t *testing.T) {
	var saved atomic.Uint64
	f := serve(t, Config{Hold: true, Look: func(context.Context) (uint64, <-chan uint64) { return saved.Load(), nil }})
	f.Publish(View{Generation: 1, Upstream: says(t, "old")})
	f.get("/").want(t, 200, "old")
	saved.Store(1)
	held := f.begin(f.request("GET", "/", nil))
	f.awaitHeld(1)
	f.Publish(View{Generation: 1, Upstream: says(t, "old"), Pending: 1})
	f.Publish(View{Generation: 2, Upstream: says(t, "new"), Pending: 1, Settled: 1})
	receive(t, "answer", held).want(t, 200, "new")
	f.Configure(Config{Look: func(context.Context) (uint64, <-chan uint64) {
		t.Error("looked, though nobody is held")
		return 0, nil
	}})
	f.get("/").want(t, 200, "new")
}

// TestT11_LookThatHangs: a request of which nobody can tell what it waits for is held as any, and
// let go by what lets go any.
func TestT11_LookThatHangs(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(f *testFront, target string, later chan<- uint64)
		status  int
		mark    string
	}{
		"no word in time":   {func(_ *testFront, _ string, _ chan<- uint64) {}, 200, "pending"},
		"nothing was saved": {func(_ *testFront, _ string, later chan<- uint64) { later <- 0 }, 200, ""},
		"paused": {func(f *testFront, target string, _ chan<- uint64) {
			f.Publish(View{Generation: 1, Upstream: target, Paused: true})
		}, 200, "pending"},
		"stopping": {func(f *testFront, target string, _ chan<- uint64) {
			f.Publish(View{Generation: 1, Upstream: target, Stopping: true})
		}, 503, ""},
		"a save": {func(f *testFront, target string, later chan<- uint64) {
			later <- 1
			f.Publish(View{Generation: 1, Upstream: target, Pending: 1})
			f.Publish(View{Generation: 2, Upstream: target, Pending: 1, Settled: 1})
		}, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			later := make(chan uint64, 1)
			cfg := Config{Hold: true, HoldTimeout: time.Hour, Look: func(context.Context) (uint64, <-chan uint64) { return 0, later }}
			if name == "no word in time" {
				cfg.HoldTimeout = time.Second
			}
			f, target := serve(t, cfg), says(t, "the app")
			f.Publish(View{Generation: 1, Upstream: target})
			held := f.begin(f.request("GET", "/", nil))
			f.awaitHeld(1)
			c.happens(f, target, later)
			a := receive(t, "answer", held)
			if a.status != c.status || a.header.Get("Watcher-Build") != c.mark {
				t.Errorf("%d, marked %q", a.status, a.header.Get("Watcher-Build"))
			}
		})
	}
}
