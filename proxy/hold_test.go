package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestS4_HeldRequestsGoInOrderOfArrival(t *testing.T) {
	const n = 200
	type key struct{}
	var accepted atomic.Int64
	var all sync.WaitGroup
	all.Add(n)
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		all.Done()
		all.Wait() // nobody is answered before all have come: each needs a connection of its own
		fmt.Fprint(w, r.Context().Value(key{}))
	}))
	up.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, key{}, accepted.Add(1)) // called in the order of accepting
	}
	up.Start()
	defer up.Close()

	// Whose a request is becomes known while it is held, of the first one last: it keeps its place.
	known, first := make(chan struct{}), make(chan struct{})
	var asked atomic.Int64
	f := serve(t, Config{Hold: true, Own: func(netip.AddrPort) bool {
		if asked.Add(1) == 1 {
			<-first
		} else {
			<-known
		}
		return false
	}})
	f.Publish(View{Generation: 1, Upstream: says(t, "old")})
	f.Publish(View{Generation: 1, Pending: 1})
	var answers []<-chan answer
	for i := range n {
		answers = append(answers, f.begin(f.request("GET", "/", nil)))
		f.awaitHeld(i + 1)
		if i == n-2 {
			close(first)
		}
	}
	close(known)
	released := f.Publish(View{Generation: 2, Upstream: strings.TrimPrefix(up.URL, "http://"), Pending: 1, Settled: 1})
	if released.Count != n || released.Longest <= 0 {
		t.Errorf("released = %+v, want %d requests", released, n)
	}
	for i, c := range answers {
		receive(t, "answer", c).want(t, 200, fmt.Sprint(i+1))
	}
	f.awaitHeld(0)
}

func TestS1_HeldUntilItsOwnNumberIsSettled(t *testing.T) {
	f := serve(t, Config{Hold: true})
	one, two := says(t, "one"), says(t, "two")
	f.Publish(View{Generation: 1, Upstream: one, Pending: 1})
	first := f.begin(f.request("GET", "/", nil))
	f.awaitHeld(1)
	f.Publish(View{Generation: 1, Upstream: one, Pending: 2})
	second := f.begin(f.request("GET", "/", nil))
	f.awaitHeld(2)

	// The failure of the older number lets only the first one go (rule 1).
	if r := f.Publish(View{Generation: 1, Upstream: one, Pending: 2, Settled: 1, Failed: true}); r.Count != 1 {
		t.Errorf("released = %+v, want one", r)
	}
	a := receive(t, "first", first)
	a.want(t, 200, "one")
	a.wantBuild(t, "failed")
	f.awaitHeld(1)
	f.Publish(View{Generation: 2, Upstream: two, Pending: 2, Settled: 2})
	a = receive(t, "second", second)
	a.want(t, 200, "two")
	a.wantBuild(t, "")
}

func TestS2_FailedBuildLetsGoAndMarks(t *testing.T) {
	f := serve(t, Config{Hold: true})
	v := View{Generation: 1, Upstream: says(t, "old"), Pending: 1}
	f.Publish(v)
	held := f.begin(f.request("GET", "/", nil))
	f.awaitHeld(1)
	v.Settled, v.Failed = 1, true
	f.Publish(v)
	a := receive(t, "answer", held)
	a.want(t, 200, "old")
	a.wantBuild(t, "failed")
}

func TestS5_NotFreshIsNeverHeld(t *testing.T) {
	f := serve(t, Config{Hold: false})
	f.Publish(View{Generation: 1, Upstream: says(t, "old"), Pending: 7})
	a := f.get("/")
	a.want(t, 200, "old")
	a.wantBuild(t, "")
	f.Configure(Config{Hold: true})
	held := f.begin(f.request("GET", "/", nil))
	f.awaitHeld(1)
	f.Publish(View{Generation: 2, Upstream: says(t, "new"), Pending: 7, Settled: 7})
	receive(t, "answer", held).want(t, 200, "new")
}

func TestF6_BeforeTheFirstPublishAllAreHeld(t *testing.T) {
	f := serve(t, Config{})
	held := f.begin(f.request("POST", "/", strings.NewReader("body")))
	f.awaitHeld(1)
	f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })})
	receive(t, "answer", held).want(t, 200, "body")
}

func TestF6_HealthyTargetAnswersAtTheHoldLimit(t *testing.T) {
	f := serve(t, Config{Hold: true, HoldTimeout: time.Millisecond})
	f.Publish(View{Generation: 1, Upstream: says(t, "old"), Pending: 1, Failed: true})
	a := f.get("/")
	a.want(t, 200, "old")
	a.wantBuild(t, "pending")
}

func TestF6_WithoutTargetTheLongestLimitEndsIn503(t *testing.T) {
	f := serve(t, Config{Hold: true, HoldTimeout: time.Millisecond}, func(f *Front) { f.limits.longest = 5 * time.Millisecond })
	f.Publish(View{Waiting: true, Phase: Building})
	a := f.get("/")
	a.want(t, 503, "the app is being built\n")
	if a.header.Get("Retry-After") != "1" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("header = %v", a.header)
	}
}

func TestF6_NoRoomToHold(t *testing.T) {
	f := serve(t, Config{Hold: true}, func(f *Front) { f.limits.held = 1 })
	f.Publish(View{Waiting: true, Phase: Starting})
	held := f.begin(f.request("GET", "/", nil))
	f.awaitHeld(1)
	f.get("/").want(t, 503, "the app is starting\n")

	// With a healthy target the one without room is answered at once, the other still waits.
	v := View{Generation: 1, Upstream: says(t, "old"), Pending: 1}
	f.Publish(v)
	receive(t, "answer", held).want(t, 200, "old")
	held = f.begin(f.request("GET", "/", nil))
	f.awaitHeld(1)
	a := f.get("/")
	a.want(t, 200, "old")
	a.wantBuild(t, "pending")
	v.Settled = 1
	f.Publish(v)
	receive(t, "answer", held).wantBuild(t, "")
}

func TestF7_ClientThatLeavesFreesItsPlace(t *testing.T) {
	var seen atomic.Int64
	f := serve(t, Config{Hold: true}, func(f *Front) { f.limits.held = 1 })
	ctx, leave := context.WithCancel(context.Background())
	gone := f.begin(f.request("GET", "/", nil).WithContext(ctx))
	f.awaitHeld(1)
	leave()
	if a := receive(t, "answer", gone); a.err == nil {
		t.Errorf("answer = %+v, want an error", a)
	}
	f.awaitHeld(0)
	stays := f.begin(f.request("GET", "/", nil))
	f.awaitHeld(1)
	r := f.Publish(View{Generation: 1, Upstream: app(t, func(http.ResponseWriter, *http.Request) { seen.Add(1) })})
	receive(t, "answer", stays).want(t, 200, "")
	if r.Count != 1 || seen.Load() != 1 {
		t.Errorf("released %d, the app saw %d; want the one that stayed", r.Count, seen.Load())
	}
}

// The one that leaves the chain passes its turn on.
func TestF7_ClientsThatLeaveAtTheRelease(t *testing.T) {
	f := serve(t, Config{Hold: true})
	up := says(t, "ok")
	for n := range uint64(20) {
		f.Publish(View{Generation: 1, Upstream: up, Pending: n + 1, Settled: n})
		var stay []<-chan answer
		ctx, leave := context.WithCancel(context.Background())
		for i := range 20 {
			r := f.request("GET", "/", nil)
			if i%2 == 0 {
				f.begin(r.WithContext(ctx))
			} else {
				stay = append(stay, f.begin(r))
			}
		}
		f.awaitHeld(20)
		go leave()
		f.Publish(View{Generation: 1, Upstream: up, Pending: n + 1, Settled: n + 1})
		for _, c := range stay {
			receive(t, "answer", c).want(t, 200, "ok")
		}
	}
}

func TestRule10_StoppingLetsAllGo(t *testing.T) {
	f := serve(t, Config{Hold: true})
	held := f.begin(f.request("GET", "/", nil))
	f.awaitHeld(1)
	f.Publish(View{Stopping: true, Phase: Building, Waiting: true})
	receive(t, "answer", held).want(t, 503, "watcher is stopping\n")
	f.get("/").want(t, 503, "watcher is stopping\n")
}

// Requests enter in the very moment of the swap, again and again: each gets in, none
// with a generation whose drain has ended, none with one older than its save.
func TestS1_EnteringAtTheSwap(t *testing.T) {
	const rounds, clients = 5000, 4
	f := New(Config{Hold: true, HoldTimeout: time.Hour})
	var drained atomic.Int64 // newest generation whose drain has ended
	old := View{Generation: 1}
	for n := 1; n <= rounds; n++ {
		old.Pending = uint64(n)
		f.Publish(old)
		var entered sync.WaitGroup
		for i := range clients {
			entered.Go(func() {
				x := &exchange{cfg: f.cfg.Load(), arrival: arrival{pending: uint64(n - i%2)}}
				s, _ := f.enter(x, nil)
				runtime.Gosched()
				if g := s.target.number; g < n+1-i%2 || int64(g) <= drained.Load() {
					t.Errorf("save %d got in with generation %d, drained are those up to %d", n-i%2, g, drained.Load())
				}
				f.release(s.target)
				x.wakeNext()
			})
		}
		next := View{Generation: n + 1, Pending: uint64(n), Settled: uint64(n)}
		f.Publish(next)
		over := make(chan struct{})
		f.Drain(n, time.Hour, func(Drained) { drained.Store(int64(n)); close(over) })
		receive(t, "drained", over)
		all := make(chan struct{})
		go func() { entered.Wait(); close(all) }()
		receive(t, "all that enter", all)
		old = next
	}
}

// A request that was let pass under a view that is gone is not sent to its target.
func TestS1_NotCountedInAfterTheDrain(t *testing.T) {
	f := New(Config{Hold: true})
	f.Publish(View{Generation: 1})
	s := f.now.Load()
	f.Publish(View{Generation: 2})
	over := make(chan struct{})
	f.Drain(1, time.Hour, func(Drained) { close(over) })
	receive(t, "drained", over)
	if f.countIn(s) || s.target.inFlight.Load() != 0 {
		t.Errorf("counted in with a drained generation, %d in flight", s.target.inFlight.Load())
	}
}

// 1,500 requests while an app takes 5 s to start: 1,000 wait for it, and 500 are told
// before it is there.
func TestF6_ThousandWaitForTheStart(t *testing.T) {
	const all, room = 1500, 1000
	f := serve(t, Config{Hold: true})
	f.Publish(View{Waiting: true, Phase: Starting})
	answers := make(chan answer, all)
	for range all {
		go func() { answers <- f.get("/") }()
	}
	for range all - room { // before anybody can answer
		receive(t, "refusal", answers).want(t, 503, "the app is starting\n")
	}
	f.awaitHeld(room)
	time.Sleep(startTime()) // simulates the start
	if len(answers) > 0 {
		t.Error("a held request was answered before the start")
	}
	if r := f.Publish(View{Generation: 1, Upstream: says(t, "ok")}); r.Count != room {
		t.Errorf("released %d, want %d", r.Count, room)
	}
	for range room {
		receive(t, "answer", answers).want(t, 200, "ok")
	}
}

// startTime is how long a slow app takes to start: as the promise says, or less where
// the tests are not run in full.
func startTime() time.Duration {
	if os.Getenv("FULL_TESTS") != "" {
		return 5 * time.Second
	}
	return 200 * time.Millisecond
}
