package loop

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
)

// world is a developer, a compiler, a machine and a front, all of whom may do what
// the parts' contracts allow, in any order. After each event it checks the invariants.
type world struct {
	t     testing.TB
	pick  func(n int) int // 0 ≤ result < n
	now   time.Time
	state state
	trace []string

	content int   // version of the sources: how many relevant saves there were
	works   []int // versions that do not compile
	numbers map[uint64]int
	config  int            // how many saves asked for a restart
	configs map[uint64]int // number → config that it asks for
	open    uint64         // raised and not closed; 0 for none
	passing bool           // while it is open, a source stands there that will be gone again
	raised  uint64

	compiling *compile
	compiled  map[string]int    // binary → version that it is of
	meant     map[string]int    // binary → version that it was to be of
	passed    map[string]uint64 // binary → number whose passing content it has
	binaries  int
	live      map[int]*fakeProcess
	started   map[int]string // generation → binary
	answers   int            // newest version that serves or whose build or start was told to have failed
	timers    []timer
	drains    []int
	reads     int // of the settings

	generating *generation
	syncs      []int
	source     int            // version of what the rule's command reads
	sources    map[uint64]int // number → source version that it asks for
	generated  int            // source version whose command has ended
	unnoticed  bool           // it wrote, and no number was raised for that
	written    bool           // what it wrote belongs to the open number
	calm       bool           // nobody saves a source of it any more

	stopped bool
	over    bool
}

// timer is an event that comes at some time, or earlier: nothing may hang on clocks.
type timer struct {
	at    time.Time
	event event
}

// passingVersion is what a build has read that was never meant to be built.
const passingVersion = -1

type compile struct {
	version int
	meant   int
	passed  uint64
	killed  bool
	running string
	keep    []string
	beacon  bool
}

// generation is a run of the rule's command.
type generation struct {
	id, source int
	killed     bool
}

type fakeProcess struct {
	binary    string
	config    int // that it has read at its start
	beacon    bool
	reported  bool // ready or failed
	wasReady  bool
	signalled bool
	waits     bool // for what it needs
	waited    bool
	ports     int // that it has been heard to open: an app opens some, not one after another for ever
}

const maxPorts = 8

func newWorld(t testing.TB, pick func(int) int) *world {
	return &world{
		t: t, pick: pick, now: time.Unix(1_800_000_000, 0),
		state:   state{policy: policy{swap: SwapAuto, restart: RestartOnFailure}, beacon: pick(2) == 0},
		numbers: map[uint64]int{}, configs: map[uint64]int{}, sources: map[uint64]int{}, compiled: map[string]int{}, meant: map[string]int{}, passed: map[string]uint64{}, live: map[int]*fakeProcess{}, started: map[int]string{},
	}
}

// fail ends the walk.
func (w *world) fail(invariant, format string, args ...any) {
	w.t.Helper()
	for _, line := range w.trace {
		w.t.Log(line)
	}
	w.t.Fatalf(invariant+": "+format, args...)
}

// send steps once, plays the parts, and checks what must hold after every event.
func (w *world) send(ev event) {
	w.t.Helper()
	w.now = w.now.Add(time.Duration(w.pick(400)) * time.Millisecond)
	before := w.state
	next, effects := step(w.state, w.now, ev)
	w.state = next
	w.trace = append(w.trace, fmt.Sprintf("%T%+v", ev, ev))
	for _, e := range effects {
		if s, ok := e.(say); ok {
			w.hear(s.Event)
			continue
		}
		w.trace = append(w.trace, "    → "+word(e))
		w.play(e)
	}
	w.trace = append(w.trace, "      "+standing(next))
	w.check(before, ev)
}

// hear notes failures that the user was told of: they settle as serving does.
func (w *world) hear(e terminal.Event) {
	if e.Kind != terminal.KindFailed {
		return
	}
	w.answers = max(w.answers, w.meant[w.started[e.Generation]])
}

func (w *world) play(e effect) {
	w.t.Helper()
	if w.stopped {
		switch e.(type) {
		case startBuild, startProcess, startCommand:
			w.fail("StopWinsInEveryState", "%s after a stop order", word(e))
		}
	}
	switch e := e.(type) {
	case startBuild:
		if w.compiling != nil {
			w.fail("OneBuildAtATime", "a second build")
		}
		if w.state.pause.on && w.state.newest != "" {
			w.fail("PausedBuildsNothing", "a build begins")
		}
		if len(e.keep) >= maxBinaries {
			w.fail("Bounds", "%d binaries are kept: no slot is left", len(e.keep))
		}
		w.compiling = &compile{version: w.content, meant: w.content, running: e.running, keep: e.keep, beacon: e.beacon}
		if w.passing {
			w.compiling.version, w.compiling.passed = passingVersion, w.open
		}
	case killBuild:
		w.compiling.killed = true
	case startCommand:
		if w.generating != nil {
			w.fail("Bounds", "a second run of the command")
		}
		w.generating = &generation{id: e.id, source: w.source}
	case killCommand:
		w.generating.killed = true
	case syncWatcher:
		w.syncs = append(w.syncs, e.id)
	case startProcess:
		for gen, p := range w.live {
			if !p.wasReady {
				w.fail("OneNotReadyProcess", "#%d is started beside #%d", e.gen, gen)
			}
		}
		if w.live[e.gen] != nil {
			w.fail("Bounds", "generation %d is given out twice", e.gen)
		}
		w.started[e.gen] = e.binary
		if w.live[e.gen] = (&fakeProcess{binary: e.binary, config: w.config, beacon: e.beacon}); len(w.live) > maxProcesses {
			w.fail("Bounds", "%d processes", len(w.live))
		}
	case stopProcess:
		w.live[e.gen].signalled = true
	case killProcess:
		w.live[e.gen].signalled = true
	case drain:
		w.drains = append(w.drains, e.gen)
	case after:
		w.timers = append(w.timers, timer{w.now.Add(e.delay), e.event})
	case loadSettings:
		w.reads++
	case quit:
		if w.compiling != nil || w.generating != nil || len(w.live) > 0 {
			w.fail("NothingLeftAfterRun", "quit with %d processes", len(w.live))
		}
		w.over = true
	}
}

func (w *world) check(before state, ev event) {
	w.t.Helper()
	v := w.state.view()
	if v.Generation != 0 {
		p := w.live[v.Generation]
		if p == nil || !p.wasReady || p.signalled {
			w.fail("TargetHasBeenReady", "target #%d: %+v", v.Generation, p)
		}
	}
	if !(v.Settled <= w.state.closed && w.state.closed <= v.Pending) {
		w.fail("SettledIsServedOrFailed", "settled %d, closed %d, pending %d", v.Settled, w.state.closed, v.Pending)
	}
	if w.state.settled < before.settled {
		w.fail("SettledIsServedOrFailed", "settled goes back from %d to %d", before.settled, w.state.settled)
	}
	for _, r := range w.state.relayed().Routes {
		if p := w.live[r.Generation]; r.Generation != 0 && (p == nil || !p.wasReady || p.signalled) {
			w.fail("TargetHasBeenReady", "port %d leads to #%d: %+v", r.Port, r.Generation, p)
		}
	}
	w.checkTargetLeftAlone(before, ev)
	w.checkSettled(v)
	w.checkHanging(before, ev)
}

// checkHanging: where something newer waits for a start to end, a timer will end it; and an
// order ends it at once.
func (w *world) checkHanging(before state, ev event) {
	w.t.Helper()
	if _, order := ev.(restartOrder); order && !w.stopped {
		if old, p := before.in(starting), w.state.in(starting); old != nil && p != nil && p.gen == old.gen {
			w.fail("HangingStartBlocksNothing", "#%d goes on after an order", p.gen)
		}
	}
	p := blocking(w.state)
	if p == nil || w.stopped {
		return
	}
	if p.waitsFor != "" {
		w.fail("HangingStartBlocksNothing", "#%d waits for %s, and something newer for it", p.gen, p.waitsFor)
	}
	if !slices.ContainsFunc(w.timers, func(t timer) bool { return t.event == (overdue{p.gen}) }) {
		w.fail("HangingStartBlocksNothing", "#%d is bounded by nothing: %s", p.gen, standing(w.state))
	}
}

// blocking is the candidate for whose end something newer waits, or nil.
func blocking(s state) *process {
	if s.build != nil || s.due.rebuild || s.due.start() {
		return s.in(starting)
	}
	return nil
}

// fire lets one timer's time be over, or nearly. One that was set for what blocks something
// newer ends it.
func (w *world) fire(i int) {
	t, blocked := w.timers[i], blocking(w.state)
	w.timers = slices.Delete(w.timers, i, i+1)
	w.send(t.event)
	if w.now.Before(t.at) || blocked == nil || w.stopped || w.live[blocked.gen].waited {
		return
	}
	if p := w.state.in(starting); t.event == (overdue{blocked.gen}) && p != nil && p.gen == blocked.gen {
		w.fail("HangingStartBlocksNothing", "#%d goes on after its time: %s", p.gen, standing(w.state))
	}
}

// checkTargetLeftAlone: a failed build or start, or the end of any process but the
// target, neither replaces nor signals the target.
func (w *world) checkTargetLeftAlone(before state, ev event) {
	w.t.Helper()
	old := before.in(current)
	if old == nil {
		return
	}
	switch ev := ev.(type) {
	case built:
		if ev.Err == nil || w.state.mode == stopFirst {
			return
		}
	case ran:
		switch ev := ev.Event.(type) {
		case runner.Failed:
		case runner.Exited:
			if ev.Generation == old.gen {
				return
			}
		default:
			return
		}
		if w.state.mode == stopFirst {
			return
		}
	default:
		return
	}
	if now := w.state.in(current); now == nil || now.gen != old.gen {
		w.fail("FailureLeavesTargetAlone", "%+v took #%d away", ev, old.gen)
	}
}

// checkSettled is rule 1: a settled number is served, or has failed, or no change.
func (w *world) checkSettled(v proxy.View) {
	w.t.Helper()
	serves := 0
	if p := w.live[v.Generation]; p != nil {
		if want := w.configs[v.Settled]; want > p.config && !v.Failed {
			w.fail("SettledIsServedOrFailed", "number %d is settled; it asks for config %d, and #%d has read %d", v.Settled, want, v.Generation, p.config)
		}
		if serves = w.compiled[p.binary]; serves == passingVersion && v.Settled < w.passed[p.binary] {
			serves = w.meant[p.binary] // whoever came after what it has read by chance still waits
		}
	}
	w.answers = max(w.answers, serves)
	if v.Stopping || v.Generation == 0 && v.Waiting {
		return // nobody is answered by anything
	}
	if want := w.sources[v.Settled]; want > w.generated {
		w.fail("SettledIsServedOrFailed", "number %d is settled; the command has ended for source %d, not %d", v.Settled, w.generated, want)
	}
	if want := w.numbers[v.Settled]; v.Settled > 0 && want > w.answers {
		w.fail("SettledIsServedOrFailed", "number %d is settled; it asks for version %d, and %d has been served or has failed", v.Settled, want, w.answers)
	}
}

// moves lists what may happen next.
func (w *world) moves() []func() {
	var m []func()
	if !w.stopped {
		m = append(m, w.save, w.save, w.save, func() { w.send(restartOrder{}) })
		if w.pick(4) == 0 {
			m = append(m, func() { w.send(pauseOrder{limit: time.Minute}) })
		}
		if w.pick(8) == 0 {
			m = append(m, func() { w.send(attended{}) })
		}
		if w.state.pause.on || w.state.feedback.paused != nil {
			m = append(m, func() { w.send(resumeOrder{}) })
		}
	}
	if w.compiling != nil {
		m = append(m, w.endBuild, w.endBuild)
	}
	if w.generating != nil {
		m = append(m, w.endCommand, w.endCommand)
	}
	if w.unnoticed && !w.stopped {
		m = append(m, w.notice)
	}
	for i := range w.syncs {
		m = append(m, func() { w.sync(i) })
	}
	for gen, p := range w.sorted() {
		if !p.reported {
			m = append(m, func() { w.becomeReady(gen) }, func() { w.failStart(gen) })
			if !p.waited || p.waits {
				m = append(m, func() { w.wait(gen) })
			}
		}
		if p.beacon && p.ports < maxPorts {
			m = append(m, func() { w.listen(gen) })
		}
		if p.reported {
			m = append(m, func() { w.exit(gen) })
		}
		if p.wasReady && p.ports < maxPorts && w.pick(8) == 0 {
			m = append(m, func() {
				p.ports++
				w.send(ran{runner.Fixed{Generation: gen, Addrs: []string{":6060"}}})
			})
		}
	}
	for i := range w.timers {
		m = append(m, func() { w.fire(i) })
	}
	for i := range w.drains {
		m = append(m, func() {
			gen := w.drains[i]
			w.drains = slices.Delete(w.drains, i, i+1)
			w.send(drained{proxy.Drained{Generation: gen}})
		})
	}
	if w.reads > 0 {
		m = append(m, func() {
			w.reads--
			actions := [][]watcher.Action{nil, {watcher.Restart}, {watcher.Rebuild}, {watcher.Restart, watcher.Rebuild}}
			swaps := []Swap{SwapAuto, SwapOverlap, SwapStopFirst}
			restarts := []Restart{RestartOnFailure, RestartAlways, RestartNever}
			w.send(loaded{Reloaded{Plan: Plan{Swap: swaps[w.pick(3)], Restart: restarts[w.pick(3)]}, Actions: actions[w.pick(4)]}})
		})
	}
	return m
}

// sorted ranges over the live processes in the order of their numbers.
func (w *world) sorted() func(yield func(int, *fakeProcess) bool) {
	return func(yield func(int, *fakeProcess) bool) {
		var gens []int
		for gen := range w.live {
			gens = append(gens, gen)
		}
		slices.Sort(gens)
		for _, gen := range gens {
			if !yield(gen, w.live[gen]) {
				return
			}
		}
	}
}

// endCommand lets the command end, mostly well: then it has written a source.
func (w *world) endCommand() {
	g := w.generating
	w.generating = nil
	switch {
	case g.killed:
		w.send(generated{g.id, builder.Result{Err: errors.New("superseded")}})
		return
	case w.pick(4) == 0:
		w.generated = max(w.generated, g.source)
		w.send(generated{g.id, builder.Result{Err: &builder.Failure{Text: "no"}}})
		return
	}
	w.content++
	w.unnoticed = true
	for n, source := range w.sources {
		if source > w.generated && source <= g.source {
			w.numbers[n] = w.content
		}
	}
	w.generated = max(w.generated, g.source)
	w.send(generated{id: g.id})
}

// notice has the watcher see what the command wrote.
func (w *world) notice() {
	w.unnoticed, w.written = false, true
	w.raise()
	w.numbers[w.open] = w.content
}

func (w *world) sync(i int) {
	id := w.syncs[i]
	w.syncs = slices.Delete(w.syncs, i, i+1)
	if w.unnoticed {
		w.notice()
	}
	w.send(watched{watcher.Synced{ID: id, N: w.raised}})
}

// inherit has the open number ask for what the one before it does.
func (w *world) inherit() {
	last := w.open - 1
	w.numbers[w.open], w.configs[w.open], w.sources[w.open] = w.numbers[last], w.configs[last], w.sources[last]
}

// raise opens a number, if none is open.
func (w *world) raise() {
	if w.open == 0 {
		w.raised++
		w.open = w.raised
		w.inherit()
		w.send(watched{watcher.Pending{N: w.open}})
	}
}

func (w *world) save() {
	if w.open == 0 {
		w.raised++
		w.open = w.raised
		w.inherit()
		if w.passing = w.pick(3) == 0; w.passing && w.compiling != nil {
			w.compiling.version, w.compiling.passed = passingVersion, w.open
		}
		w.send(watched{watcher.Pending{N: w.open}})
		return
	}
	n := w.open
	w.open = 0
	var touched []watcher.Change
	if w.passing {
		w.passing = false
		touched = []watcher.Change{{Path: "/src/gen.go", Action: watcher.Rebuild}}
	}
	changes := []watcher.Change{{Path: fmt.Sprint("/src/", n)}}
	if w.written {
		w.written = false
		written := watcher.Change{Path: "/src/written.go", Action: watcher.Rebuild}
		if !w.calm && w.pick(3) == 0 { // it is one of the files that the command reads
			written.Run = "gen"
			w.newSource(n)
		}
		changes = append(changes, written)
	}
	kind := w.pick(7)
	if kind == 0 && len(changes) > 1 || kind == 6 && w.calm {
		kind = 1
	}
	switch kind {
	case 0:
		w.send(watched{watcher.Unchanged{N: n, Touched: []watcher.Change{{Path: "/src/x", Action: watcher.Rebuild}}}})
		return
	case 1:
		changes[0].Action = watcher.Restart
		w.newConfig(n)
		if len(changes) == 1 && w.pick(2) == 0 { // perhaps by the app itself
			changes[0].Path = "/src/loop.yaml"
		}
	case 6:
		changes[0].Action, changes[0].Run = watcher.Run, "gen"
		w.newSource(n)
		if w.pick(2) == 0 { // what the command reads is compiled too
			changes[0].Action = watcher.Rebuild
			w.content++
			w.numbers[n] = w.content
		}
	case 2:
		changes[0].Action = watcher.Refresh
	case 3:
		changes[0].Action = watcher.Reload
	default:
		changes[0].Action = watcher.Rebuild
		w.content++
		w.numbers[n] = w.content
		if w.pick(3) == 0 {
			w.works = append(w.works, w.content)
		}
		if w.pick(3) == 0 {
			changes = append(changes, watcher.Change{Path: "/src/config.yaml", Action: watcher.Restart})
			w.newConfig(n)
		}
	}
	w.send(watched{watcher.Batch{N: n, Changes: changes, Touched: touched}})
}

// newConfig takes that number n asks for a restart.
func (w *world) newConfig(n uint64) {
	w.config++
	w.configs[n] = w.config
}

// newSource takes that number n asks for a run of the command.
func (w *world) newSource(n uint64) {
	w.source++
	w.sources[n] = w.source
}

func (w *world) endBuild() {
	c := w.compiling
	w.compiling = nil
	switch {
	case c.killed:
		w.send(built{builder.Result{Err: errors.New("superseded")}})
	case c.beacon && w.pick(8) == 0:
		w.send(built{builder.Result{Err: &builder.Refusal{Text: "no"}}})
	case slices.Contains(w.works, c.version):
		w.answers = max(w.answers, c.version)
		w.send(built{builder.Result{Err: &builder.Failure{Text: "no"}, Took: time.Second}})
	case c.running != "" && w.pick(4) == 0: // only comments have changed
		w.compiled[c.running], w.meant[c.running], w.passed[c.running] = c.version, c.meant, c.passed
		w.send(built{builder.Result{Binary: w.newBinary(c), Equal: true, Took: time.Second}})
	default:
		w.send(built{builder.Result{Binary: w.newBinary(c), Took: time.Second}})
	}
}

func (w *world) newBinary(c *compile) string {
	w.binaries++
	name := fmt.Sprintf("bin%d", w.binaries)
	w.compiled[name], w.meant[name], w.passed[name] = c.version, c.meant, c.passed
	return name
}

func (w *world) becomeReady(gen int) {
	p := w.live[gen]
	if p.waits {
		w.wait(gen)
	}
	p.reported, p.wasReady = true, true
	ready := runner.Ready{Generation: gen, PID: 1, Upstream: "127.0.0.1:1", OwnPort: w.pick(8) == 0}
	if p.beacon && !ready.OwnPort && w.pick(4) > 0 {
		w.listen(gen)
		ready.Asked, ready.TLS = 8080, w.pick(4) == 0
	}
	w.send(ran{ready})
}

// wait has a candidate wait once for what it needs, or find it.
func (w *world) wait(gen int) {
	p := w.live[gen]
	p.waits, p.waited = !p.waits, true
	need := ""
	if p.waits {
		need = "tcp://db:5432"
	}
	w.send(ran{runner.Waiting{Generation: gen, For: need}})
}

func (w *world) listen(gen int) {
	w.live[gen].ports++
	w.send(ran{runner.Listening{Generation: gen, Asked: 8080 + w.pick(3), Upstream: "127.0.0.1:1"}})
}

func (w *world) failStart(gen int) {
	w.live[gen].reported = true
	if w.pick(5) == 0 { // could not be started at all
		delete(w.live, gen)
		w.send(ran{runner.Failed{Generation: gen}})
		return
	}
	failed := runner.Failed{Generation: gen, PID: 1}
	if w.pick(8) == 0 {
		failed.Lock = "a lock"
	}
	w.send(ran{failed})
}

func (w *world) exit(gen int) {
	delete(w.live, gen)
	w.send(ran{runner.Exited{Generation: gen, PID: 1, Code: w.pick(2), Alive: time.Duration(w.pick(20)) * time.Second}})
}

// walk takes n random steps, then a stop in half of the walks; else all that is under
// way is let come to its end, and what was saved last must be served or have failed.
func (w *world) walk(n int) {
	w.send(begun{})
	for range n {
		m := w.moves()
		m[w.pick(len(m))]()
	}
	if w.pick(2) == 0 {
		w.stopped = true
		w.send(stopOrder{})
		if w.pick(3) == 0 {
			w.send(stopOrder{})
		}
		for i := 0; !w.over; i++ {
			m := w.moves()
			if i > 1000 || len(m) == 0 {
				w.fail("StopWinsInEveryState", "the stop does not end: %s", standing(w.state))
				return
			}
			m[w.pick(len(m))]()
		}
		return
	}
	w.settleDown()
}

// settleDown lets everything under way end well, without a further save.
func (w *world) settleDown() {
	w.calm = true
	if w.open != 0 {
		w.save()
	}
	for i := 0; ; i++ {
		if i > 1000 {
			w.fail("ComesToRest", "it never comes to rest: %s", standing(w.state))
			return
		}
		switch {
		case w.generating != nil:
			w.endCommand()
		case w.open != 0:
			w.save()
		case len(w.syncs) > 0:
			w.sync(0)
		case w.compiling != nil:
			w.endBuild()
		case w.firstWhere(func(p *fakeProcess) bool { return p.signalled }) != 0:
			w.exit(w.firstWhere(func(p *fakeProcess) bool { return p.signalled }))
		case w.firstWhere(func(p *fakeProcess) bool { return !p.reported }) != 0:
			w.becomeReady(w.firstWhere(func(p *fakeProcess) bool { return !p.reported }))
		case w.firstWhere(func(p *fakeProcess) bool { return !p.wasReady }) != 0:
			w.exit(w.firstWhere(func(p *fakeProcess) bool { return !p.wasReady }))
		case len(w.drains)+len(w.timers)+w.reads > 0:
			m := w.moves()
			m[len(m)-1]()
		case w.state.pause.on, w.state.feedback.paused != nil:
			w.send(resumeOrder{})
		default:
			w.checkRest()
			return
		}
	}
}

func (w *world) firstWhere(is func(*fakeProcess) bool) int {
	for gen, p := range w.sorted() {
		if is(p) {
			return gen
		}
	}
	return 0
}

func (w *world) checkRest() {
	v := w.state.view()
	if v.Settled != v.Pending || w.state.underway() {
		w.fail("ComesToRest", "at rest, with %d of %d settled: %s", v.Settled, v.Pending, standing(w.state))
	}
	if w.state.buildFailed || w.state.down != up {
		return
	}
	p := w.live[v.Generation]
	if p == nil {
		w.fail("ComesToRest", "at rest, and nothing serves: %s", standing(w.state))
		return
	}
	if !v.Failed && p.config < w.config {
		w.fail("ComesToRest", "at rest, #%d has read config %d, %d was saved last", v.Generation, p.config, w.config)
	}
	if !v.Failed && w.compiled[p.binary] < w.content {
		w.fail("ComesToRest", "at rest, version %d serves unmarked, %d was saved last", w.compiled[p.binary], w.content)
	}
}

// The invariants, each under its name: the walks are random, and each test looks at one
// thing only.
func TestInvariant_OneBuildAtATime(t *testing.T)          { walks(t, "OneBuildAtATime") }
func TestInvariant_OneNotReadyProcess(t *testing.T)       { walks(t, "OneNotReadyProcess") }
func TestInvariant_TargetHasBeenReady(t *testing.T)       { walks(t, "TargetHasBeenReady") }
func TestInvariant_FailureLeavesTargetAlone(t *testing.T) { walks(t, "FailureLeavesTargetAlone") }
func TestInvariant_StopWinsInEveryState(t *testing.T)     { walks(t, "StopWinsInEveryState") }

// Of the sources that somebody edits meanwhile.
func TestInvariant_PausedBuildsNothing(t *testing.T) { walks(t, "PausedBuildsNothing") }

// Rule 1, rule 7, and that what was saved last serves in the end.
func TestInvariant_SettledIsServedOrFailed(t *testing.T) { walks(t, "SettledIsServedOrFailed") }

// Rule 6, and that orders always overtake.
func TestInvariant_HangingStartBlocksNothing(t *testing.T) { walks(t, "HangingStartBlocksNothing") }

func TestInvariant_Bounds(t *testing.T)      { walks(t, "Bounds") }
func TestInvariant_ComesToRest(t *testing.T) { walks(t, "ComesToRest") }

// walks fails if a walk has broken the invariant. All tests look at the same walks.
func walks(t *testing.T, invariant string) {
	if how := walked()[invariant]; how != "" {
		t.Fatal(how)
	}
}

// walked returns how each broken invariant was broken first.
var walked = sync.OnceValue(func() map[string]string {
	broken := map[string]string{}
	for seed := range uint64(3000) {
		walk(seed, broken)
	}
	return broken
})

// walk plays one world until its end, or until an invariant is broken.
func walk(seed uint64, broken map[string]string) {
	random := rand.New(rand.NewPCG(seed, 1))
	r := &record{seed: seed}
	defer func() {
		if e := recover(); e != nil && e != r {
			panic(e)
		}
		if r.invariant != "" && broken[r.invariant] == "" {
			broken[r.invariant] = r.text
		}
	}()
	w := newWorld(r, random.IntN)
	if seed%8 == 0 { // chance turns stubborn: a stop ends whatever happens first each time
		w.pick = func(n int) int {
			if w.stopped {
				return n - 1
			}
			return random.IntN(n)
		}
	}
	w.walk(random.IntN(120))
}

// record stands for the test of a walk in which several tests have a share.
type record struct {
	testing.TB
	seed            uint64
	invariant, text string
}

func (r *record) Helper()         {}
func (r *record) Log(args ...any) { r.text += fmt.Sprintln(args...) }
func (r *record) Fatalf(format string, args ...any) {
	how := fmt.Sprintf(format, args...)
	r.invariant, _, _ = strings.Cut(how, ": ")
	r.text += fmt.Sprintf("seed %d: %s", r.seed, how)
	panic(r)
}

// FuzzStep lets the fuzzer choose what happens.
func FuzzStep(f *testing.F) {
	f.Add([]byte("a save, a build, a start"))
	f.Fuzz(func(t *testing.T, choices []byte) {
		at := 0
		pick := func(n int) int {
			if at == len(choices) {
				return n - 1
			}
			at++
			return int(choices[at-1]) % n
		}
		newWorld(t, pick).walk(min(len(choices)/2, 200))
	})
}
