package loop

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
)

// generator is a project in which page.go is made out of page.templ, with the real
// watcher on real files. What is built is what page.go says at that moment.
type generator struct {
	*bench
	dir     string
	watcher *watcher.Watcher
	changed chan proxy.View
	asked   map[string]uint64 // source → number that was raised for it; under mu
}

// Run is the watcher's, and notes the numbers of the saves.
func (g *generator) Run(ctx context.Context, emit func(watcher.Event)) {
	g.watcher.Run(ctx, func(ev watcher.Event) {
		if b, ok := ev.(watcher.Batch); ok && slices.ContainsFunc(b.Changes, func(c watcher.Change) bool { return c.Run != "" }) {
			g.mu.Lock()
			g.asked[g.read("page.templ")] = b.N
			g.mu.Unlock()
		}
		emit(ev)
	})
}

func (g *generator) Sync(id int) { g.watcher.Sync(id) }

func (g *generator) path(name string) string { return filepath.Join(g.dir, name) }

func (g *generator) read(name string) string {
	text, err := os.ReadFile(g.path(name))
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (g *generator) put(name, text string) {
	if err := os.WriteFile(g.path(name), []byte(text), 0o644); err != nil {
		panic(err)
	}
}

func (g *generator) Generate(context.Context, builder.Command, []string) builder.Result {
	source := g.read("page.templ")
	g.put("page.go", "package main // half")
	<-time.After(20 * time.Millisecond) // a slow command: the half of it settles
	g.put("page.go", "package main // "+source)
	return builder.Result{}
}

func (g *generator) Build(context.Context, builder.Request) builder.Result {
	return builder.Result{Binary: g.read("page.go"), Took: time.Millisecond}
}

func (g *generator) Start(s runner.Spec, report func(runner.Event)) {
	g.mu.Lock()
	g.live[s.Generation], g.report[s.Generation] = s.Binary, report
	g.mu.Unlock()
	go report(runner.Ready{Generation: s.Generation, PID: 1, Upstream: "127.0.0.1:1"})
}

func (g *generator) Publish(v proxy.View) proxy.Released {
	g.changed <- v
	return proxy.Released{}
}

// answer is what a request gets that came after the save of source: what serves, and
// whether it is let go.
func (g *generator) answer(source string, v proxy.View) (serves string, free bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.asked[source]
	return g.live[v.Generation], n != 0 && v.Settled >= n
}

// TestW11_NoStaleAnswerFromTheSourceToTheOutputs saves a source 50 times. No view lets go of
// the number of a save while older code serves.
func TestW11_NoStaleAnswerFromTheSourceToTheOutputs(t *testing.T) {
	g := &generator{
		bench:   &bench{live: map[int]string{}, report: map[int]func(runner.Event){}},
		dir:     t.TempDir(),
		changed: make(chan proxy.View, 100_000), asked: map[string]uint64{},
	}
	g.put("go.mod", "module example.com/shop\n")
	g.put("page.templ", "0")
	g.put("page.go", "package main // 0")
	var err error
	g.watcher, err = watcher.New(watcher.Config{
		Root: g.dir, Rules: []watcher.Rule{{Paths: []string{"*.templ"}, Run: "gen"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	plan := Plan{Commands: map[string]builder.Command{"gen": {}}, Swap: SwapOverlap, Restart: RestartOnFailure}
	l := New(Config{
		Plan: plan, Watcher: g, Graph: noGraph{}, Builder: g, Runner: g, Front: g, Relay: relays{},
		Reload: func() Reloaded { return Reloaded{Plan: plan} }, Print: func(terminal.Event) {},
		Signal: func(string) syscall.Signal { return 0 }, Base: g.dir,
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.Run()
	}()
	defer func() {
		l.Stop()
		<-ended
	}()

	g.await(t, func(v proxy.View) bool { return v.Generation != 0 && v.Settled == v.Pending })
	for n := 1; n <= 50; n++ {
		source := fmt.Sprint(n)
		g.put("page.templ", source)
		g.await(t, func(v proxy.View) bool {
			serves, free := g.answer(source, v)
			if free && serves != "package main // "+source {
				t.Errorf("save %d: number %d of %d is let go, %q serves", n, v.Settled, v.Pending, serves)
			}
			return free && v.Settled == v.Pending
		})
	}
}

func (g *generator) await(t *testing.T, is func(proxy.View) bool) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case v := <-g.changed:
			if is(v) {
				return
			}
		case <-limit:
			t.Fatal("that view does not come")
		}
	}
}
