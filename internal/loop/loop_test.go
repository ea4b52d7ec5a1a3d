package loop

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/relay"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
)

// bench is a loop among fakes, in fake time.
type bench struct {
	noCommands
	loop  *Loop
	saves chan watcher.Event
	n     uint64

	buildTakes, startTakes time.Duration
	drainTakes             time.Duration
	ends                   []time.Duration // after which the first starts end; one below startTakes fails

	mu      sync.Mutex
	source  string // what is built; "broken" does not compile
	builds  int    // begun
	running int    // at this moment
	starts  []time.Time
	live    map[int]string
	report  map[int]func(runner.Event)
	views   []proxy.View
	served  []string // contents in the order in which they became target
	raised  map[uint64]time.Time
	longest time.Duration // from a number's raising to its settling
	lines   []terminal.Event
	graph   toldGraph
	ended   chan struct{}
}

// noGraph is never asked.
type noGraph struct{}

func (noGraph) Run(context.Context) {}
func (noGraph) Changed([]string)    {}

// toldGraph notes what it is told.
type toldGraph struct {
	mu    sync.Mutex
	told  []string
	ended bool
}

func (g *toldGraph) Run(ctx context.Context) {
	<-ctx.Done()
	time.Sleep(time.Second) // go list is killed
	g.ended = true
}

func (g *toldGraph) Changed(files []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.told = append(g.told, files...)
}

func newBench(source string, plan Plan) *bench {
	b := &bench{
		saves: make(chan watcher.Event), source: source,
		buildTakes: 2 * time.Second, startTakes: 50 * time.Millisecond,
		live: map[int]string{}, report: map[int]func(runner.Event){},
		raised: map[uint64]time.Time{}, ended: make(chan struct{}),
	}
	plan.Swap, plan.Restart = SwapAuto, RestartOnFailure
	plan.StopTimeout, plan.DrainTimeout = 10*time.Second, time.Minute
	b.loop = New(Config{
		Plan: plan, Watcher: b, Graph: &b.graph, Builder: b, Runner: b, Front: b, Relay: relays{},
		Reload: func() Reloaded { return Reloaded{Plan: plan} },
		Print: func(e terminal.Event) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.lines = append(b.lines, e)
		},
		Signal: func(string) syscall.Signal { return syscall.SIGHUP }, Base: "/src",
	})
	go func() {
		defer close(b.ended)
		b.loop.Run()
	}()
	return b
}

// set changes what is played, while the loop runs.
func (b *bench) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

func (b *bench) stop() {
	b.loop.Stop()
	<-b.ended
}

func (b *bench) Run(ctx context.Context, emit func(watcher.Event)) {
	for {
		select {
		case ev := <-b.saves:
			emit(ev)
		case <-ctx.Done():
			return
		}
	}
}

// save changes the source and closes its number after the watcher's settle time.
func (b *bench) save(source string) {
	b.mu.Lock()
	b.source = source
	b.n++
	n := b.n
	b.raised[n] = time.Now()
	b.mu.Unlock()
	b.saves <- watcher.Pending{N: n}
	time.Sleep(10 * time.Millisecond)
	b.saves <- watcher.Batch{N: n, Changes: []watcher.Change{{Path: "/src/main.go", Action: watcher.Rebuild}}}
}

func (b *bench) Sync(int) {}

// noCommands is never asked.
type noCommands struct{}

func (noCommands) Generate(context.Context, builder.Command, []string) builder.Result {
	return builder.Result{}
}

type relays struct{}

func (relays) Publish(relay.View) <-chan struct{} { return nil }

func (b *bench) Build(ctx context.Context, r builder.Request) builder.Result {
	b.mu.Lock()
	source := b.source
	b.builds++
	b.running++
	if b.running > 1 {
		panic("two builds at a time")
	}
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.running--
	}()
	select {
	case <-time.After(b.buildTakes):
	case <-ctx.Done():
		return builder.Result{Err: context.Cause(ctx)}
	}
	if source == "broken" {
		return builder.Result{Took: b.buildTakes, Err: &builder.Failure{Text: "main.go:1:1: no"}, Output: "main.go:1:1: no"}
	}
	return builder.Result{Binary: source, Took: b.buildTakes}
}

func (b *bench) Start(s runner.Spec, report func(runner.Event)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.live[s.Generation], b.report[s.Generation] = s.Binary, report
	b.starts = append(b.starts, time.Now())
	if n := len(b.starts); n <= len(b.ends) {
		alive := b.ends[n-1]
		time.AfterFunc(alive, func() { b.fall(s.Generation, alive) })
	}
	time.AfterFunc(b.startTakes, func() {
		if b.lives(s.Generation) {
			report(runner.Ready{Generation: s.Generation, PID: 1000 + s.Generation, Upstream: "127.0.0.1:1"})
		}
	})
}

func (b *bench) lives(gen int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.live[gen]
	return ok
}

func (b *bench) Stop(gen int, _ time.Duration) { go b.exit(gen, 0) }
func (b *bench) Kill(gen int)                  { go b.exit(gen, -1) }
func (b *bench) Signal(int, syscall.Signal)    {}

// fall ends a process that nobody has told to.
func (b *bench) fall(gen int, alive time.Duration) {
	b.mu.Lock()
	report := b.report[gen]
	delete(b.report, gen)
	delete(b.live, gen)
	b.mu.Unlock()
	if report == nil {
		return // it was stopped before
	}
	if alive < b.startTakes {
		report(runner.Failed{Generation: gen, PID: 1000 + gen, Reason: "exited with code 1 before it was ready"})
	}
	report(runner.Exited{Generation: gen, PID: 1000 + gen, Code: 1, Alive: alive})
}

func (b *bench) exit(gen, code int) {
	b.mu.Lock()
	report := b.report[gen]
	delete(b.report, gen)
	delete(b.live, gen)
	b.mu.Unlock()
	if report != nil {
		report(runner.Exited{Generation: gen, PID: 1000 + gen, Code: code, Alive: time.Minute})
	}
}

func (b *bench) Publish(v proxy.View) proxy.Released {
	b.mu.Lock()
	defer b.mu.Unlock()
	if content := b.live[v.Generation]; content != "" && (len(b.served) == 0 || b.served[len(b.served)-1] != content) {
		b.served = append(b.served, content)
	}
	for n, at := range b.raised {
		if n <= v.Settled {
			b.longest = max(b.longest, time.Since(at))
			delete(b.raised, n)
		}
	}
	b.views = append(b.views, v)
	return proxy.Released{}
}

func (b *bench) Drain(gen int, _ time.Duration, done func(proxy.Drained)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	time.AfterFunc(b.drainTakes, func() { done(proxy.Drained{Generation: gen}) })
}

func (b *bench) view() proxy.View {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.views[len(b.views)-1]
}

// TestS7_SavesFasterThanTheBuild is the burst in full, in fake time: 60 saves in 90 s
// on a build of 2 s, eight of them broken.
func TestS7_SavesFasterThanTheBuild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench("v0", Plan{})
		defer b.stop()
		for n := range 60 {
			time.Sleep(1490 * time.Millisecond)
			source := fmt.Sprintf("v%d", n+1)
			if n%7 == 6 {
				source = "broken"
			}
			b.save(source)
		}
		last := time.Now()
		for b.view().Settled < b.n {
			time.Sleep(time.Millisecond)
		}
		if took := time.Since(last); took > 2*b.buildTakes+200*time.Millisecond {
			t.Errorf("the last save was served after %v", took)
		}
		if len(b.served) < 10 || b.served[len(b.served)-1] != "v60" {
			t.Errorf("served were %v", b.served)
		}
		if b.longest > 10*time.Second {
			t.Errorf("a request would have waited %v", b.longest)
		}
	})
}

// TestW2_SavesInARowMakeOneProcess: 20 saves 50 ms apart end in one process with the
// last content.
func TestW2_SavesInARowMakeOneProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench("v0", Plan{})
		defer b.stop()
		time.Sleep(time.Minute)
		for n := range 20 {
			time.Sleep(40 * time.Millisecond)
			b.save(fmt.Sprintf("v%d", n+1))
		}
		time.Sleep(time.Minute)
		b.view()
		if len(b.live) != 1 || b.served[len(b.served)-1] != "v20" {
			t.Errorf("live %v, served %v", b.live, b.served)
		}
	})
}

// TestInvariant_NothingLeftAfterRun: Run returns after the last process, and no
// goroutine of the loop outlives it, whatever was under way.
func TestInvariant_NothingLeftAfterRun(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, at := range []time.Duration{0, time.Second, 2 * time.Second, 2010 * time.Millisecond, 2500 * time.Millisecond, 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench("v0", Plan{})
			time.Sleep(at)
			if at > 2*time.Second {
				b.save("v1")
			}
			b.stop()
			if len(b.live) > 0 || b.running > 0 {
				t.Errorf("stopped after %v: %d processes, %d builds", at, len(b.live), b.running)
			}
		}) // which fails if a goroutine of the bubble is left
	}
}

// TestR9_RestartsKeepNoGoroutine: those of the loop after 500 restarts are those before.
func TestR9_RestartsKeepNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench("v0", Plan{})
		defer b.stop()
		time.Sleep(time.Minute)
		synctest.Wait()
		before := runtime.NumGoroutine()
		for range 500 {
			b.loop.Restart()
			time.Sleep(10 * time.Second)
		}
		synctest.Wait()
		if now := runtime.NumGoroutine(); now > before+3 { // some are of the tests before
			t.Errorf("%d goroutines, were %d", now, before)
		}
		if len(b.starts) != 501 || len(b.live) != 1 {
			t.Errorf("%d starts, %d live", len(b.starts), len(b.live))
		}
	})
}

// TestS2_HeldAreLetGoWhenTheCompilerEnds, marked as failed.
func TestS2_HeldAreLetGoWhenTheCompilerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench("v0", Plan{})
		defer b.stop()
		time.Sleep(time.Minute)
		b.save("broken")
		if v := b.view(); v.Settled != 0 || v.Pending != 1 {
			t.Errorf("while it builds: %+v", v)
		}
		time.Sleep(b.buildTakes)
		if v := b.view(); v.Settled != 1 || !v.Failed || v.Generation != 1 {
			t.Errorf("when it has failed: %+v", v)
		}
	})
}

// TestW5_GraphIsToldOfWhatIsBuilt, and of nothing else; its goroutine ends with the loop.
func TestW5_GraphIsToldOfWhatIsBuilt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench("v0", Plan{})
		time.Sleep(time.Minute)
		b.saves <- watcher.Pending{N: 1}
		b.saves <- watcher.Batch{N: 1, Changes: []watcher.Change{
			{Path: "/src/a.go", Action: watcher.Rebuild}, {Path: "/src/b.yaml", Action: watcher.Restart}, {Path: "/src/go.mod", Action: watcher.Rebuild},
		}}
		b.saves <- watcher.Pending{N: 2}
		b.saves <- watcher.Unchanged{N: 2, Touched: []watcher.Change{{Path: "/src/c.go", Action: watcher.Rebuild}}}
		synctest.Wait()
		if want := []string{"/src/a.go", "/src/go.mod"}; !slices.Equal(b.graph.told, want) {
			t.Errorf("told of %q, want %q", b.graph.told, want)
		}
		if b.stop(); !b.graph.ended {
			t.Error("the loop has ended before its graph")
		}
	})
}

// TestRule40_PathsAsSeenFromTheStart: a module beside the one that was started in is near.
func TestRule40_PathsAsSeenFromTheStart(t *testing.T) {
	l := New(Config{Base: "/home/me/work/shop"})
	for path, want := range map[string]string{
		"/home/me/work/shop/main.go":     "main.go",
		"/home/me/work/lib/lib.go":       "../lib/lib.go",
		"/etc/shop/conf.yaml":            "/etc/shop/conf.yaml",
		"/home/me/work/shop/..odd/a.css": "..odd/a.css",
	} {
		if got := l.relative(filepath.FromSlash(path)); got != filepath.FromSlash(want) {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
