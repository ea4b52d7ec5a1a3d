package proxy

import (
	"sync/atomic"
	"testing"
	"time"
)

// attachment is a debugger's client that a test lets come and go. It counts how often
// somebody at whose limit it counts has asked.
type attachment struct {
	gone  atomic.Bool
	asked atomic.Int32
}

func (a *attachment) attached() bool {
	a.asked.Add(1)
	return !a.gone.Load()
}

// passLimits waits until limits have passed over and over.
func (a *attachment) passLimits(t *testing.T) {
	t.Helper()
	from := a.asked.Load()
	eventually(t, "limits pass", func() bool { return a.asked.Load() > from+5 })
}

func TestRule45_NoHoldLimitWhileDebugged(t *testing.T) {
	var a attachment
	f := serve(t, Config{Hold: true, HoldTimeout: time.Millisecond, Debugged: a.attached})
	f.Publish(View{Generation: 1, Upstream: says(t, "old"), Pending: 1})
	held := f.begin(f.request("GET", "/", nil))
	a.passLimits(t)
	f.Publish(View{Generation: 2, Upstream: says(t, "new"), Pending: 1, Settled: 1})
	got := receive(t, "answer", held)
	got.want(t, 200, "new")
	got.wantBuild(t, "")
}

func TestRule45_NoDrainLimitWhileDebugged(t *testing.T) {
	var a attachment
	f := serve(t, Config{Debugged: a.attached})
	old, g := gated(t, "whole")
	f.Publish(View{Generation: 1, Upstream: old})
	answers := make(chan answer, 2)
	for range 2 {
		go func() { answers <- f.get("/") }()
	}
	receive(t, "request", g.entered)
	receive(t, "request", g.entered)
	f.Publish(View{Generation: 2, Upstream: says(t, "new")})
	drained := f.startDrain(1, time.Millisecond)
	a.passLimits(t)
	g.open <- struct{}{}
	receive(t, "answer", answers).want(t, 200, "whole")
	a.gone.Store(true) // from now on it counts again
	if d := receive(t, "drained", drained); d != (Drained{Generation: 1, Finished: 1, Cut: 1}) {
		t.Errorf("drained = %+v", d)
	}
	receive(t, "answer", answers).want(t, 502, "the app was replaced and did not answer within the drain limit\n")
}
