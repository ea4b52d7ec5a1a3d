package watcher

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/watcher/doorbell"
)

// rang makes the doorbell say what it would have said; names that came begin with "+".
func rang(names ...string) func(doorbell.Func) bool {
	return func(counts doorbell.Func) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			path, came := strings.CutPrefix(name, "+")
			return counts(doorbell.Ring{Path: path, Came: came})
		})
	}
}

// Each cell of the table of [arrivals].
func TestArrivals(t *testing.T) {
	for _, c := range []struct {
		name       string
		now, after bool
		rings      []string
		want       string
	}{
		{"silence", false, false, nil, "pass"},
		{"a quiet name", false, false, []string{"quiet", "quiet"}, "pass"},
		{"a quiet name that came", false, false, []string{"+quiet"}, "begin"},
		{"a quiet name that came in a wait", true, false, []string{"+quiet"}, "another"},
		{"a name that counts", false, false, []string{"quiet", "main.go"}, "begin"},
		{"silence in a wait", true, false, nil, "join"},
		{"a quiet name in a wait", true, false, []string{"quiet"}, "another"},
		{"a name that counts in a wait", true, false, []string{"main.go"}, "another"},
		{"silence, and another wait to come", true, true, nil, "another"},
		{"a quiet name, and another wait to come", true, true, []string{"quiet"}, "another"},
		{"a name that counts, and another wait to come", true, true, []string{"main.go"}, "another"},
	} {
		var a arrivals
		a.hush("quiet")
		var first, second *intake
		if c.now {
			first, _ = a.arrive(rang("main.go"))
		}
		if c.after {
			second, _ = a.arrive(rang("main.go"))
		}
		wait, begin := a.arrive(rang(c.rings...))
		got := "another"
		switch {
		case wait == nil:
			got = "pass"
		case begin:
			got = "begin"
		case wait == first:
			got = "join"
		case c.after && wait != second:
			got = "a third one"
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// What may be quiet, and what never is.
func TestArrivals_Quiet(t *testing.T) {
	var a arrivals
	a.hush("/app.log")
	for _, c := range []struct {
		ring   doorbell.Ring
		counts bool
	}{
		{doorbell.Ring{Path: "/app.log"}, false},
		{doorbell.Ring{Path: "/app.log", Came: true}, false},
		{doorbell.Ring{Path: "/other.log"}, true},
		{doorbell.Ring{Path: "/app.log", Folder: true}, true},
		{doorbell.Ring{}, true},
	} {
		if got := a.counts(c.ring); got != c.counts {
			t.Errorf("%+v counts: %v", c.ring, got)
		}
	}
	if len(a.came) != 1 || a.came[0] != "/app.log" { // a link by now, it may lead to a folder that matters
		t.Errorf("%q came", a.came)
	}
	a.forget()
	if !a.counts(doorbell.Ring{Path: "/app.log"}) {
		t.Error("quiet by rules of before")
	}
	for n := range 10 * mostQuiet {
		a.hush(fmt.Sprint("/", n))
	}
	if len(a.quiet) > mostQuiet {
		t.Errorf("%d names are kept", len(a.quiet))
	}
}

// world is a disk, the two queues that it fills, and a watcher that takes in one event at
// a time, as late as it may be. What counts of the app's log is told by a file of rules.
type world struct {
	arrivals
	newest  int      // save that counts, by the rules on disk
	noisy   bool     // the log counts, by the rules on disk
	bell    []string // not answered yet
	events  []event  // not taken in yet
	marked  bool     // the mark of the wait that is under way is written
	taken   int      // the newest save that is taken in
	obeyed  bool     // noisy, by the rules that are taken in
	waiting []waiting
}

type event struct {
	name string // "" for the mark
	save int
}

// waiting is a request and the newest save that counted when it came.
type waiting struct {
	newest int
	wait   *intake
}

func (w *world) save(name string) {
	if name == "rules" {
		w.noisy = !w.noisy
	}
	if name != "log" || w.noisy {
		w.newest++
	}
	w.bell = append(w.bell, name)
	w.events = append(w.events, event{name, w.newest})
}

func (w *world) request(t *testing.T) {
	wait, begin := w.arrive(func(counts doorbell.Func) bool {
		rings := w.bell
		w.bell = nil
		return rang(rings...)(counts)
	})
	if wait == nil && w.taken < w.newest {
		t.Fatalf("a request passes after save %d, and %d is taken in", w.newest, w.taken)
	}
	if wait != nil {
		w.waiting = append(w.waiting, waiting{w.newest, wait})
		w.marked = w.marked && !begin
	}
}

func (w *world) mark() {
	if w.now != nil && !w.marked {
		w.marked = true
		w.events = append(w.events, event{})
	}
}

// takeIn takes in one event, if there is one.
func (w *world) takeIn(t *testing.T) {
	if len(w.events) == 0 {
		return
	}
	e := w.events[0]
	w.events = w.events[1:]
	switch {
	case e.name == "":
		w.endWait(t)
	case e.name == "log" && !w.obeyed:
		w.hush("log")
	default:
		w.taken = e.save
	}
	if e.name == "rules" {
		w.obeyed = !w.obeyed
		w.forget()
	}
}

func (w *world) endWait(t *testing.T) {
	ended := w.now
	w.end()
	w.marked = false
	w.waiting = slices.DeleteFunc(w.waiting, func(r waiting) bool {
		if r.wait == ended && w.taken < r.newest {
			t.Fatalf("a wait ends for a request after save %d, and %d is taken in", r.newest, w.taken)
		}
		return r.wait == ended
	})
}

// TestArrivals_RandomOrders: whatever comes when, no request goes before each save that was made
// before it is taken in; and when nothing more happens, all go.
func TestArrivals_RandomOrders(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := &world{}
		for range 300 {
			switch r.IntN(8) {
			case 0:
				w.save([]string{"main.go", "rules", "log", "log"}[r.IntN(4)])
			case 1, 2:
				w.request(t)
			case 3:
				w.mark()
			default:
				w.takeIn(t)
			}
		}
		for w.mark(); len(w.events) > 0; w.mark() {
			w.takeIn(t)
		}
		if len(w.waiting) > 0 || w.now != nil || w.after != nil {
			t.Fatalf("seed %d: somebody waits for ever", seed)
		}
	}
}

// stopped is a watcher whose taking in stands still until go on is called: events lie in their
// queues, as on a machine that is too busy to read them.
func stopped(t *testing.T, cfg Config) (p *probe, goOn func()) {
	t.Helper()
	cfg.Marks = t.TempDir()
	p = watch(t, plant(t, small), cfg)
	p.w.inbox.mu.Lock()
	return p, p.w.inbox.mu.Unlock
}

// arrive is what a request asks at its arrival, and what it is told.
func (p *probe) arrive(ctx context.Context) uint64 {
	n, later := p.w.Look(ctx)
	if later != nil {
		n = <-later
	}
	return n
}

// look is what a request does at its arrival. It returns when that has an answer, or waits.
func (p *probe) look() (answer chan uint64) {
	p.t.Helper()
	answer = make(chan uint64, 1)
	returned := make(chan struct{})
	go func() { answer <- p.arrive(p.t.Context()); close(returned) }()
	for waits := false; !waits; {
		select {
		case <-returned:
			return answer
		default:
		}
		p.w.arrivals.mu.Lock()
		waits = p.w.arrivals.now != nil
		p.w.arrivals.mu.Unlock()
	}
	return answer
}

// A request is ordered after every save that was made before it, however late events are taken
// in, by each way to save.
func TestS1_NoRequestOvertakesASave(t *testing.T) {
	for name, save := range ways {
		t.Run(name, func(t *testing.T) {
			p, goOn := stopped(t, Config{})
			save(t, p.path("main.go"), "package main // 2")
			first, second := p.look(), p.look() // which finds silence
			goOn()
			for _, answer := range []chan uint64{first, second} {
				if n := <-answer; n != 1 {
					t.Errorf("a request that came after the save needs number %d", n)
				}
			}
			if n := p.arrive(t.Context()); n != 1 {
				t.Errorf("number %d when it is taken in", n)
			}
		})
	}
}

// What the app writes beside the code holds nobody up once it is known to ask for nothing, and
// counts again as soon as it does.
func TestS1_QuietNames(t *testing.T) {
	p := watch(t, plant(t, small), Config{Marks: t.TempDir()})
	write := func() { put(t, p.path("app.log"), "a line") }
	write()
	p.arrive(t.Context())
	p.w.inbox.mu.Lock() // whoever waits now waits for ever
	for range 100 {
		write()
		must(t, os.Rename(p.path("app.log"), p.path("app.log.1")))
		must(t, os.Rename(p.path("app.log.1"), p.path("app.log")))
		p.w.fs.Rung(func(r doorbell.Ring) bool { // the second name is not known yet
			p.w.arrivals.hush(r.Path)
			return false
		})
		write()
		if n := p.arrive(t.Context()); n != 0 {
			t.Fatalf("number %d", n)
		}
	}
	p.w.inbox.mu.Unlock()
	p.w.Configure(Config{Rules: []Rule{{Paths: []string{"app.log"}, Action: Restart}}}, time.Time{})
	p.settles()
	put(t, p.path("app.log"), "another line")
	if n := p.arrive(t.Context()); n != p.closed+1 {
		t.Errorf("number %d after %d, though the file counts by now", n, p.closed)
	}
}

// TestT11_QuietNameThatCame: whether it is a link is asked by the wait, as the disk may hang, and
// not by who asks. Nothing is taken in for one that is none.
func TestT11_QuietNameThatCame(t *testing.T) {
	p, goOn := stopped(t, Config{})
	link, plain := p.path("link"), p.path("plain")
	must(t, os.Symlink(t.TempDir(), link))
	put(t, plain, "no link")
	for name, takesIn := range map[string]bool{plain: false, link: true} {
		p.w.arrivals.hush(name)
		wait, begin := p.w.arrivals.arrive(rang("+" + name))
		if !begin {
			t.Fatalf("a request passes, though %s may be a link", name)
		}
		go p.w.takeIn(wait)
		if !takesIn {
			<-wait.done // and Run takes nothing in
			continue
		}
		goOn()
		<-wait.done
		goOn = p.w.inbox.mu.Unlock
		p.w.inbox.mu.Lock()
	}
	goOn()
}

// A folder that came a moment ago is watched by the time that a request goes on.
func TestS1_NewFolders(t *testing.T) {
	p := watch(t, plant(t, small), Config{Marks: t.TempDir()})
	for n := range uint64(100) {
		put(t, p.path(fmt.Sprintf("p%d/below/x.go", n)), "package below")
		if got := p.arrive(t.Context()); got < 2*n+1 {
			t.Fatalf("number %d after folder %d came", got, n)
		}
		p.settles()
		before := p.closed
		put(t, p.path(fmt.Sprintf("p%d/below/x.go", n)), "package below // 2")
		if got := p.arrive(t.Context()); got <= before {
			t.Fatalf("number %d after a save in folder %d, and it was %d before", got, n, before)
		}
		p.settles()
	}
}

// Without marks the request looks at everything; and who takes their folder away makes that last
// for one request only.
func TestS1_MarksAreTakenAway(t *testing.T) {
	marks := t.TempDir() + "/marks"
	p := watch(t, plant(t, small), Config{Marks: marks})
	for n := range uint64(3) {
		must(t, os.RemoveAll(marks))
		for i := range uint64(2) {
			want := 2*n + i + 1
			put(t, p.path("main.go"), fmt.Sprint("package main // ", want))
			if got := p.arrive(t.Context()); got != want {
				t.Fatalf("number %d, want %d", got, want)
			}
			p.end()
		}
		if !p.w.fs.Flush(t.Context()) {
			t.Fatal("there are no marks any more")
		}
	}
}

// Who leaves does not keep the others from their answer.
func TestS1_WhoLeavesEarly(t *testing.T) {
	p, goOn := stopped(t, Config{})
	put(t, p.path("main.go"), "package main // 2")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if n := p.arrive(over); n != 0 {
		t.Errorf("number %d without a look", n)
	}
	second := p.look()
	goOn()
	if n := <-second; n != 1 {
		t.Errorf("number %d after the first one left", n)
	}
}
