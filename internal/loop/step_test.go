package loop

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
)

// script drives step by hand: each verb is one event, and what step asked for is kept
// as words ("build", "start #2", "drain #1").
type script struct {
	t      *testing.T
	state  state
	now    time.Time
	n      uint64
	did    []string
	said   []string
	states []string // that processes came to
}

func newScript(t *testing.T) *script {
	return &script{
		t: t, now: time.Unix(1_800_000_000, 0),
		state: state{policy: policy{swap: SwapAuto, restart: RestartOnFailure, stopTimeout: 10 * time.Second, drainTimeout: time.Minute}},
	}
}

func (s *script) event(ev event) *script {
	s.t.Helper()
	before := s.state.clone()
	next, effects := step(s.state, s.now, ev)
	if fmt.Sprintf("%+v", before.view()) != fmt.Sprintf("%+v", s.state.view()) {
		s.t.Fatal("step has changed the state that it was given")
	}
	s.state = next
	for _, e := range effects {
		if e, ok := e.(say); ok {
			if e.Kind == terminal.KindState {
				s.states = append(s.states, fmt.Sprintf("#%d %s", e.Generation, e.State))
				continue
			}
			s.said = append(s.said, strings.TrimSuffix(fmt.Sprintf("%s #%d %s %s", e.Kind, e.Generation, e.Text, strings.Join(e.Output, " ")), " "))
			continue
		}
		s.did = append(s.did, word(e))
	}
	return s
}

func word(e effect) string {
	switch e := e.(type) {
	case startBuild:
		if e.beacon {
			return "build with beacon"
		}
		return "build"
	case killBuild:
		return "kill build"
	case startCommand:
		return fmt.Sprintf("command %d %s %v", e.id, e.name, e.files)
	case killCommand:
		return fmt.Sprintf("kill command %d", e.id)
	case syncWatcher:
		return fmt.Sprintf("sync %d", e.id)
	case startProcess:
		if e.beacon {
			return fmt.Sprintf("start #%d %s with beacon", e.gen, e.binary)
		}
		return fmt.Sprintf("start #%d %s", e.gen, e.binary)
	case stopProcess:
		return fmt.Sprintf("stop #%d", e.gen)
	case killProcess:
		return fmt.Sprintf("kill #%d", e.gen)
	case signalProcess:
		return fmt.Sprintf("signal #%d %s", e.gen, e.name)
	case drain:
		return fmt.Sprintf("drain #%d", e.gen)
	case after:
		return fmt.Sprintf("after %s", e.delay)
	case loadSettings:
		return "load settings"
	case quit:
		return "quit"
	case answer:
		return "answer"
	}
	return fmt.Sprintf("%T", e)
}

// The verbs. A save is Pending and Batch with the next number.
func (s *script) save(actions ...watcher.Action) *script {
	s.n++
	b := watcher.Batch{N: s.n}
	for i, a := range actions {
		b.Changes = append(b.Changes, watcher.Change{Path: fmt.Sprintf("/src/%d-%d", s.n, i), Action: a, Signal: "SIGHUP"})
	}
	return s.event(watched{watcher.Pending{N: s.n}}).event(watched{b})
}

func (s *script) touch(a watcher.Action) *script {
	s.n++
	return s.event(watched{watcher.Pending{N: s.n}}).
		event(watched{watcher.Unchanged{N: s.n, Touched: []watcher.Change{{Path: "/src/x", Action: a}}}})
}

func (s *script) built(binary string) *script {
	return s.event(built{builder.Result{Binary: binary, Took: 2 * time.Second}})
}

func (s *script) same(binary string) *script {
	return s.event(built{builder.Result{Binary: binary, Equal: true, Took: 2 * time.Second}})
}

func (s *script) broken() *script {
	return s.event(built{builder.Result{Err: &builder.Failure{Text: "exit status 1"}, Output: "x.go:1:1: no", Took: 2 * time.Second,
		Diagnostics: []builder.Diagnostic{{File: "x.go", Line: 1, Column: 1, Message: "no"}}}})
}

func (s *script) killed() *script {
	return s.event(built{builder.Result{Err: errors.New("superseded")}})
}

func (s *script) ready(gen int) *script {
	return s.event(ran{runner.Ready{Generation: gen, PID: 100 + gen, Upstream: fmt.Sprintf("127.0.0.1:%d", 40000+gen)}})
}

func (s *script) readyOnOwn(gen int) *script {
	return s.event(ran{runner.Ready{Generation: gen, PID: 100 + gen, Upstream: "127.0.0.1:8080", OwnPort: true}})
}

func (s *script) readyOnUnix(gen int) *script {
	return s.event(ran{runner.Ready{Generation: gen, PID: 100 + gen, Upstream: "unix:/app.sock", OwnPort: true}})
}

// readyMoved is ready on 8080, which the app asked for and was moved from; it has a
// second port.
func (s *script) readyMoved(gen int) *script {
	for i, asked := range []int{8080, 6060} {
		s.event(ran{runner.Listening{Generation: gen, Asked: asked, Upstream: fmt.Sprintf("127.0.0.1:%d", 40000+10*gen+i)}})
	}
	return s.event(ran{runner.Ready{Generation: gen, PID: 100 + gen, Upstream: fmt.Sprintf("127.0.0.1:%d", 40000+10*gen), Asked: 8080}})
}

func (s *script) locked(gen int) *script {
	return s.event(ran{runner.Failed{Generation: gen, PID: 100 + gen, Reason: "waits for a lock", Lock: "the app waits for a file lock"}})
}

func (s *script) failed(gen int) *script {
	return s.event(ran{runner.Failed{Generation: gen, PID: 100 + gen, Reason: "exited with code 1 before it was ready", Tail: []string{"boom"}}})
}

func (s *script) exited(gen, code int) *script {
	return s.event(ran{runner.Exited{Generation: gen, PID: 100 + gen, Code: code, Alive: 3 * time.Second, Tail: []string{"boom"}}})
}

func (s *script) waiting(gen int, need string) *script {
	return s.event(ran{runner.Waiting{Generation: gen, For: need}})
}

func (s *script) unresponsive(gen int) *script {
	return s.event(ran{runner.Unresponsive{Generation: gen, PID: 100 + gen, Reason: "lives, but GET /live was not answered", Alive: 3 * time.Second}})
}

func (s *script) drained(gen int) *script {
	return s.event(drained{proxy.Drained{Generation: gen}})
}

func (s *script) proof(gen int) *script { return s.event(proofOver{gen}) }
func (s *script) begin() *script        { return s.event(begun{}) }
func (s *script) stop() *script         { return s.event(stopOrder{}) }
func (s *script) order() *script        { return s.event(restartOrder{}) }
func (s *script) pause() *script        { return s.event(pauseOrder{limit: time.Minute}) }
func (s *script) resume() *script       { return s.event(resumeOrder{}) }
func (s *script) retry() *script        { return s.event(retryDue{s.state.retry}) }
func (s *script) wait(d time.Duration) *script {
	s.now = s.now.Add(d)
	return s
}

// row brings a script to a row of the table: what is under way. #1 runs binary a.
func row(s *script, name string) *script {
	switch name {
	case "first build":
		return s.begin()
	case "idle":
		return s.begin().built("a").ready(1).proof(1)
	case "building":
		return row(s, "idle").save(watcher.Rebuild)
	case "starting":
		return row(s, "building").built("b")
	case "both": // an urgent candidate, and a build of what came later
		return row(s, "building").wait(time.Minute).save(watcher.Rebuild).built("b")
	case "left to finish": // by a save that came late; its bound runs
		return row(s, "building").wait(4 * time.Second).built("b").save(watcher.Rebuild)
	case "first start":
		return row(s, "first build").built("a")
	case "first hangs": // and is left to finish
		return row(s, "first start").save(watcher.Rebuild).exited(1, 1).wait(4 * time.Second).built("b").save(watcher.Rebuild)
	case "in proof":
		return row(s, "starting").ready(2)
	case "stop-first":
		return s.begin().built("a").readyOnOwn(1).proof(1)
	case "moved":
		s.state.beacon = true
		return s.begin().built("a").readyMoved(1).proof(1)
	case "moved starting":
		return row(s, "moved").save(watcher.Rebuild).built("b")
	case "draining":
		return row(s, "stop-first").save(watcher.Rebuild).built("b")
	case "back-off":
		return row(s, "idle").exited(1, 2)
	case "exited":
		return row(s, "idle").exited(1, 0)
	case "given up":
		s = row(s, "back-off")
		for gen := 2; gen <= 5; gen++ {
			s = s.retry().failed(gen).exited(gen, 1)
		}
		return s
	case "broken first":
		return s.begin().broken()
	case "generating": // a rule's command runs
		return row(s, "idle").saveOf(watcher.Run, "/src/x.templ")
	case "stopping":
		return row(s, "idle").stop()
	}
	panic("no row " + name)
}

var update = flag.Bool("update", false, "write the state table anew; read the difference before it is kept")

var rowNames = []string{
	"first build", "idle", "building", "starting", "both", "left to finish", "first start", "first hangs", "in proof", "stop-first", "moved", "moved starting",
	"draining", "back-off", "exited", "given up", "broken first", "generating", "stopping",
}

// TestStep_EveryCell is the state table: each row × each event, what is done and where
// everything stands afterwards. testdata/cells.txt holds it for a reader.
func TestStep_EveryCell(t *testing.T) {
	const file = "testdata/cells.txt"
	var table strings.Builder
	for _, name := range rowNames {
		fmt.Fprintf(&table, "%s: %s\n", name, standing(row(newScript(t), name).state))
		for _, event := range slices.Sorted(maps.Keys(cellEvents)) {
			s := row(newScript(t), name)
			s.did = nil
			if cellEvents[event](s); len(s.did) == 0 {
				s.did = []string{"nothing"}
			}
			fmt.Fprintf(&table, "    %-14s %-42s → %s\n", event, strings.Join(s.did, ", "), standing(s.state))
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	wantLines, gotLines := strings.Split(string(want), "\n"), strings.Split(table.String(), "\n")
	if len(wantLines) != len(gotLines) {
		t.Errorf("the table has %d lines, want %d", len(gotLines), len(wantLines))
	}
	for i := range min(len(wantLines), len(gotLines)) {
		if wantLines[i] != gotLines[i] {
			t.Errorf("line %d\n got %s\nwant %s", i+1, gotLines[i], wantLines[i])
		}
	}
}

// cellEvents are the columns. Generations are those that the row has.
var cellEvents = map[string]func(*script){
	"rebuild save":  func(s *script) { s.save(watcher.Rebuild) },
	"restart save":  func(s *script) { s.save(watcher.Restart) },
	"refresh save":  func(s *script) { s.save(watcher.Refresh) },
	"signal save":   func(s *script) { s.save(watcher.Signal) },
	"source save":   func(s *script) { s.saveOf(watcher.Run, "/src/x.templ") },
	"generated":     func(s *script) { s.generated().synced() },
	"gen. failed":   func(s *script) { s.genFailed().synced() },
	"settings save": func(s *script) { s.save(watcher.Reload) },
	"touch":         func(s *script) { s.touch(watcher.Rebuild) },
	"built":         func(s *script) { whileBuilding(s, func() { s.built("z") }) },
	"same":          func(s *script) { whileBuilding(s, func() { s.same("z") }) },
	"build failed":  func(s *script) { whileBuilding(s, func() { s.broken() }) },
	"ready":         func(s *script) { s.ready(candidate(s)) },
	"start failed":  func(s *script) { g := candidate(s); s.failed(g).exited(g, 1) },
	"start hangs":   func(s *script) { s.wait(time.Minute).event(overdue{candidate(s)}) },
	"target exits":  func(s *script) { s.exited(target(s), 2) },
	"target hangs":  func(s *script) { s.unresponsive(target(s)) },
	"target exit 0": func(s *script) { s.exited(target(s), 0) },
	"locked":        func(s *script) { g := candidate(s); s.locked(g).exited(g, 1) },
	"refused": func(s *script) {
		whileBuilding(s, func() { s.event(built{builder.Result{Err: &builder.Refusal{Text: "no"}}}) })
	},
	"drained":       func(s *script) { s.drained(leaver(s)) },
	"old reaped":    func(s *script) { s.exited(leaver(s), 0) },
	"proof over":    func(s *script) { s.proof(target(s)) },
	"retry":         func(s *script) { s.retry() },
	"restart order": func(s *script) { s.order() },
	"pause, save":   func(s *script) { s.pause().save(watcher.Rebuild) },
	"paused, over":  func(s *script) { s.pause().save(watcher.Rebuild).resume() },
	"stop":          func(s *script) { s.stop() },
	"stop, stop":    func(s *script) { s.stop().stop() },
	"stranger":      func(s *script) { s.exited(99, 1).ready(99).failed(99).drained(99).proof(99) },
}

// whileBuilding keeps the builder's promise: a result comes only from a build that runs.
func whileBuilding(s *script, then func()) {
	if s.state.build != nil {
		then()
	}
}

func gen(s *script, want ...role) int {
	for _, r := range want {
		if p := s.state.in(r); p != nil {
			return p.gen
		}
	}
	return 99
}

func candidate(s *script) int { return gen(s, starting) }
func target(s *script) int    { return gen(s, current) }
func leaver(s *script) int    { return gen(s, standby, draining, stopping) }

// standing puts a state into words: processes, then what runs or waits.
func standing(s state) string {
	roles := []string{"starting", "current", "standby", "draining", "stopping"}
	var words []string
	for _, p := range s.procs {
		words = append(words, fmt.Sprintf("#%d %s %s", p.gen, p.binary, roles[p.role]))
	}
	add := func(is bool, word string) {
		if is {
			words = append(words, word)
		}
	}
	add(s.build != nil, "building")
	add(s.due.rebuild, "rebuild due")
	add(s.due.start(), "start due")
	add(s.loading, "loading")
	add(len(s.commands) > 0, "generating")
	add(s.retry != 0, "back-off")
	add(s.failed(), "failed")
	add(s.settled < s.raised, "held")
	add(s.pause.on, "paused")
	return strings.Join(append(words, string(s.phase())), "; ")
}
