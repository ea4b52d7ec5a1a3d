package proxy

import (
	"context"
	"testing"
)

// A save of which no event has told: the request itself finds it, before the view knows
// of it, and waits for its number.
func TestS1_SaveFoundByTheRequestIsWaitedFor(t *testing.T) {
	looked := make(chan uint64, 1)
	f := serve(t, Config{Hold: true, Look: func(context.Context) uint64 { return <-looked }})
	f.Publish(View{Generation: 1, Upstream: says(t, "old")})
	looked <- 0
	f.get("/").want(t, 200, "old")
	looked <- 1
	held := f.begin(f.request("GET", "/", nil))
	f.awaitHeld(1)
	f.Publish(View{Generation: 1, Upstream: says(t, "old"), Pending: 1})
	f.Publish(View{Generation: 2, Upstream: says(t, "new"), Pending: 1, Settled: 1})
	receive(t, "answer", held).want(t, 200, "new")
	f.Configure(Config{Look: func(context.Context) uint64 { t.Error("looked, though nobody is held"); return 0 }})
	f.get("/").want(t, 200, "new")
}
