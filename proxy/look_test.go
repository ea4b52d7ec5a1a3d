package proxy

import (
	"context"
	"sync/atomic"
	"testing"
)

// A save of which no event has told: the request itself finds it, before the view knows
// of it, and waits for its number.
func TestS1_SaveFoundByTheRequestIsWaitedFor(t *testing.T) {
	var saved atomic.Uint64
	f := serve(t, Config{Hold: true, Look: func(context.Context) uint64 { return saved.Load() }})
	f.Publish(View{Generation: 1, Upstream: says(t, "old")})
	f.get("/").want(t, 200, "old")
	saved.Store(1)
	held := f.begin(f.request("GET", "/", nil))
	f.awaitHeld(1)
	f.Publish(View{Generation: 1, Upstream: says(t, "old"), Pending: 1})
	f.Publish(View{Generation: 2, Upstream: says(t, "new"), Pending: 1, Settled: 1})
	receive(t, "answer", held).want(t, 200, "new")
	f.Configure(Config{Look: func(context.Context) uint64 { t.Error("looked, though nobody is held"); return 0 }})
	f.get("/").want(t, 200, "new")
}
