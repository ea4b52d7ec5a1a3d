package proxy

import (
	"context"
	"encoding/json"
	"testing"
	"time"
)

func TestT5_Verdict(t *testing.T) {
	for _, c := range []struct {
		name string
		view View
		want Result
	}{
		{"served", View{Generation: 1, Pending: 5, Settled: 5, Phase: Serving}, ResultServed},
		{"served, and a newer save is built", View{Generation: 1, Pending: 6, Settled: 5, Phase: Building}, ResultServed},
		{"built", View{Generation: 1, Pending: 5, Settled: 4, Phase: Building}, ""},
		{"built, after an older failure", View{Generation: 1, Pending: 5, Settled: 4, Failed: true, Phase: Building}, ""},
		{"failed", View{Generation: 1, Pending: 5, Settled: 5, Failed: true, Phase: Broken}, ResultFailed},
		{"failed, nothing runs", View{Pending: 5, Settled: 5, Failed: true, Phase: Broken}, ResultFailed},
		{"failed, an older one comes", View{Pending: 5, Settled: 5, Failed: true, Waiting: true, Phase: Starting}, ResultFailed},
		{"first build", View{Settled: 5, Waiting: true, Phase: Building}, ""},
		{"between old and new", View{Pending: 5, Settled: 4, Waiting: true, Phase: Draining}, ""},
		{"crashed", View{Pending: 5, Settled: 5, Waiting: true, Phase: BackOff}, ResultFailed},
		{"started again", View{Pending: 5, Settled: 5, Waiting: true, Phase: Starting}, ""},
		{"given up", View{Pending: 5, Settled: 5, Phase: GivenUp}, ResultFailed},
		{"exited", View{Pending: 5, Settled: 5, Phase: Exited}, ResultFailed},
		{"settings that cannot be taken", View{Generation: 1, Pending: 5, Settled: 5, Phase: Serving, Problem: &Problem{Kind: KindSettings}}, ResultFailed},
		{"paused, with a save", View{Generation: 1, Pending: 5, Settled: 4, Paused: true, Phase: Paused}, ResultPaused},
		{"paused, without one", View{Generation: 1, Pending: 5, Settled: 5, Paused: true, Phase: Serving}, ResultServed},
		{"paused before the first build", View{Settled: 5, Paused: true, Phase: Paused}, ResultPaused},
		{"stopping", View{Generation: 1, Pending: 5, Settled: 5, Stopping: true, Phase: Stopping}, ResultStopping},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := verdict(c.view, 5); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestT5_WaitIsLetGoByItsOwnNumber: not by an older one, and by none at all if nothing
// comes.
func TestT5_WaitIsLetGoByItsOwnNumber(t *testing.T) {
	f := serve(t, Config{Hold: true, Saved: func(context.Context) (uint64, bool) { return 2, true }})
	f.Publish(View{Generation: 1, Upstream: says(t, "1"), Pending: 2, Phase: Building})
	got := make(chan Waited, 1)
	go func() { got <- f.Wait(t.Context()) }()
	f.awaitWait()
	f.Publish(View{Generation: 1, Upstream: says(t, "1"), Pending: 2, Settled: 1, Failed: true, Phase: Building, Problem: compileError})
	f.awaitWait()
	f.Publish(View{Generation: 2, Upstream: says(t, "2"), Pending: 2, Settled: 2, Phase: Serving})
	if w := receive(t, "answer", got); w.Result != ResultServed || w.Generation != 2 || w.LastError != nil || w.Reason != "" {
		t.Errorf("%+v", w)
	}
}

// awaitWait waits until somebody waits for the next view.
func (f *testFront) awaitWait() {
	f.t.Helper()
	eventually(f.t, "a wait", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.published != nil
	})
}

func TestT5_WaitOverHTTP(t *testing.T) {
	f := serve(t, Config{Saved: func(ctx context.Context) (uint64, bool) { return 1, ctx.Err() == nil }})
	f.Publish(View{Generation: 1, PID: 7, Upstream: says(t, "1"), Pending: 1, Settled: 1, Failed: true, Phase: Broken, Problem: compileError})
	for _, c := range []struct {
		path   string
		status int
		result Result
		reason string
	}{
		{"wait", 503, ResultFailed, "build: " + compileError.Title},
		{"wait?timeout=5s", 503, ResultFailed, "build: " + compileError.Title},
		{"wait?timeout=soon", 400, "", ""},
		{"wait?timeout=-1s", 400, "", ""},
		{"wait?timeout=1s;x=1", 400, "", ""},
	} {
		a := f.get(reserved + "api/" + c.path)
		var w Waited
		_ = json.Unmarshal([]byte(a.body), &w)
		if a.status != c.status || w.Result != c.result || w.Reason != c.reason {
			t.Errorf("%s: %d %s", c.path, a.status, a.body)
		}
	}
	f.Publish(View{Generation: 1, Upstream: says(t, "1"), Pending: 2, Settled: 2, Phase: Serving})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if w := f.Wait(over); w.Result != ResultTimeout {
		t.Errorf("without knowing what was saved: %+v", w)
	}
	f.Publish(View{Generation: 1, Upstream: says(t, "1"), Pending: 2, Settled: 0, Phase: Building})
	var w Waited
	if a := f.get(reserved + "api/wait?timeout=1ms"); a.status != 504 || json.Unmarshal([]byte(a.body), &w) != nil || w.Result != ResultTimeout || w.Reason != Building.words() {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestT5_PauseIsAnOrder: it needs the token, and says how long it lasts.
func TestT5_PauseIsAnOrder(t *testing.T) {
	var paused []time.Duration
	resumed := 0
	f := serve(t, Config{Pause: func(d time.Duration) bool { paused = append(paused, d); return d != time.Hour }, Resume: func() bool { resumed++; return true }})
	order := func(path, token string) int {
		r := f.request("POST", reserved+"api/"+path, nil)
		r.Header.Set(TokenHeader, token)
		return f.do(r).status
	}
	for _, c := range []struct {
		path, token string
		status      int
	}{
		{"pause", "", 403}, {"resume", "", 403}, {"pause", "guessed", 403},
		{"pause", string(f.token), 200}, {"pause?limit=90s", string(f.token), 200}, {"pause?limit=x", string(f.token), 400},
		{"pause?limit=%zz", string(f.token), 400}, {"pause?limit=1h", string(f.token), 503},
		{"resume", string(f.token), 200},
	} {
		if got := order(c.path, c.token); got != c.status {
			t.Errorf("%s: %d, want %d", c.path, got, c.status)
		}
	}
	if len(paused) != 3 || paused[0] != pausedFor || paused[1] != 90*time.Second || resumed != 1 {
		t.Errorf("paused %v, resumed %d times", paused, resumed)
	}
}
