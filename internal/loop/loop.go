package loop

import (
	"cmp"
	"context"
	"errors"
	"net"
	"path/filepath"
	"reflect"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/relay"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
)

// The parts, as the loop knows them.
type (
	// Watcher emits what is saved until ctx is done.
	Watcher interface {
		Run(ctx context.Context, emit func(watcher.Event))
		Sync(id int) // Synced with the same id follows
	}
	// Graph keeps what the build depends on up to date, beside builds, until ctx is done.
	// It is told of the files of each batch that asks for a rebuild; Changed does not block.
	Graph interface {
		Run(ctx context.Context)
		Changed(files []string)
	}
	// Builder builds, one call at a time, and runs commands of rules, several at a time.
	Builder interface {
		Build(ctx context.Context, r builder.Request) builder.Result
		Generate(ctx context.Context, c builder.Command, changed []string) builder.Result
	}
	// Runner starts and stops processes. No call blocks for long.
	Runner interface {
		Start(s runner.Spec, report func(runner.Event))
		Stop(generation int, limit time.Duration)
		Kill(generation int)
		Signal(generation int, sig syscall.Signal)
	}
	// Relay keeps further ports of the app open. It does not block: opened is closed when those of
	// the view are open.
	Relay interface {
		Publish(v relay.View) (opened <-chan struct{})
	}
	// Debugger leads its clients to a generation; 0 lets them wait, and after last no
	// other follows. It does not block.
	Debugger interface {
		Lead(generation int, last bool)
	}
	// Front leads requests as the newest view says.
	Front interface {
		Publish(v proxy.View) proxy.Released
		Drain(generation int, limit time.Duration, done func(proxy.Drained))
	}
)

// Swap is the way from an old process to a new one.
type Swap string

// Restart says when a process that ended by itself is started again.
type Restart string

const (
	SwapAuto      Swap = "auto" // overlap, unless the app is seen to bind ports of its own
	SwapOverlap   Swap = "overlap"
	SwapStopFirst Swap = "stop-first"

	RestartOnFailure Restart = "on-failure"
	RestartAlways    Restart = "always"
	RestartNever     Restart = "never"
)

// Plan is what the settings ask for, in the words of the parts. The loop adds what
// differs from one build or start to the next.
type Plan struct {
	Build        builder.Spec
	Commands     map[string]builder.Command // of the rules, by the names that the watcher has for them
	Run          runner.Spec
	Swap         Swap
	OwnPort      bool // the app is known to bind ports of its own
	Beacon       bool // builds have the beacon, if Go allows it
	TLS          int  // the own port on which the app is known to speak TLS; 0 if none is
	Restart      Restart
	StopTimeout  time.Duration
	DrainTimeout time.Duration
}

// Reloaded is what came of reading the settings again. With Err set nothing else counts.
type Reloaded struct {
	Plan    Plan
	Actions []watcher.Action // what the edit asks for, of Restart and Rebuild
	Keys    []string         // that differ, for the user
	Notes   []string         // lines for the user
	Err     error
	Where   builder.Diagnostic // of Err, relative to Base as builder's are; no Line if that is not known
}

// Config wires a loop. All fields must be set, but for Debugger.
type Config struct {
	Plan     Plan
	Watcher  Watcher
	Graph    Graph
	Builder  Builder
	Runner   Runner
	Front    Front
	Relay    Relay
	Debugger Debugger                         // nil if the app runs under none
	Reload   func() Reloaded                  // reads the settings and tells the parts that need no start
	Print    func(terminal.Event)             // Files are relative to Base when it is called; it must not block
	Signal   func(name string) syscall.Signal // number of a signal that the settings have checked
	Base     string                           // absolute folder in which watcher was started
}

// Loop is one project's loop. Make it with [New], run it once.
type Loop struct {
	cfg    Config
	plan   Plan
	events chan event
	done   chan struct{} // closed when Run returns: nobody takes events any more

	cancelBuild context.CancelFunc         // of the running build; owned by Run's goroutine
	commands    map[int]context.CancelFunc // of those that run, by id; likewise
	opened      <-chan struct{}            // closed when the app's further ports are open; likewise
	others      sync.WaitGroup             // watcher, graph, build, command and reload goroutines
}

// errSuperseded is why a build ends that a newer save has overtaken.
var errSuperseded = errors.New("superseded by a newer save")

// New makes a loop that has not begun.
func New(cfg Config) *Loop {
	return &Loop{cfg: cfg, plan: cfg.Plan, events: make(chan event, 64), done: make(chan struct{}), commands: map[int]context.CancelFunc{}}
}

// Restart asks for a new process of the newest binary. Any goroutine may call it.
func (l *Loop) Restart() { l.send(restartOrder{}) }

// Stop asks for an orderly stop; a second call ends everything at once. Any goroutine
// may call it.
func (l *Loop) Stop() { l.send(stopOrder{}) }

// Pause keeps back what saves ask for, from now on until [Loop.Resume], for at most limit.
// When it returns that holds, and what was being built is not built any more; or it returns
// false, as the loop stops. Any goroutine may call it; a second call begins the limit anew.
func (l *Loop) Pause(limit time.Duration) bool {
	return l.order(func(holds chan<- bool) event { return pauseOrder{limit, holds} })
}

// Resume ends a pause. When it returns, what was noticed in the pause is asked for; or it
// returns false, as the loop stops. Any goroutine may call it.
func (l *Loop) Resume() bool {
	return l.order(func(holds chan<- bool) event { return resumeOrder{holds} })
}

// order returns when an order is carried out, or Run has returned.
func (l *Loop) order(give func(chan<- bool) event) bool {
	holds := make(chan bool, 1)
	l.send(give(holds))
	select {
	case is := <-holds:
		return is
	case <-l.done:
		return false
	}
}

// Attend tells that somebody outside waits for what was saved, and so has saved it. Any
// goroutine may call it.
func (l *Loop) Attend() { l.send(attended{}) }

// Run watches, builds, starts and swaps until it is told to stop, and returns when
// every process is reaped and every goroutine of the loop has ended.
func (l *Loop) Run() {
	ctx, cancel := context.WithCancel(context.Background())
	defer l.others.Wait()
	defer cancel()
	defer close(l.done)

	s := l.initial()
	view, relayed, debugged := s.view(), s.relayed(), s.debugged()
	l.cfg.Front.Publish(view)
	l.events <- begun{} // before anybody else sends: there is room
	l.others.Go(func() { l.cfg.Watcher.Run(ctx, func(ev watcher.Event) { l.send(watched{ev}) }) })
	l.others.Go(func() { l.cfg.Graph.Run(ctx) })
	for ev := range l.events {
		l.adopt(ev)
		var effects []effect
		s, effects = step(s, time.Now(), ev)
		var released proxy.Released
		if v := s.view(); v != view {
			view = v
			released = l.cfg.Front.Publish(v)
		}
		if v := s.relayed(); !reflect.DeepEqual(v, relayed) {
			relayed = v
			l.opened = l.cfg.Relay.Publish(v)
		}
		if gen := s.debugged(); gen != debugged || s.stopping {
			debugged = gen
			l.leadDebugger(gen, s.stopping)
		}
		for _, e := range effects {
			if _, over := e.(quit); over {
				return
			}
			l.do(ctx, e, released)
		}
	}
}

func (l *Loop) leadDebugger(gen int, last bool) {
	if l.cfg.Debugger != nil {
		l.cfg.Debugger.Lead(gen, last)
	}
}

// initial is the state before the first event.
func (l *Loop) initial() state {
	s := state{policy: policyOf(l.plan), fixed: l.plan.OwnPort, tls: l.plan.TLS, beacon: l.plan.Beacon}
	s.chooseMode("")
	return s
}

func policyOf(p Plan) policy {
	return policy{swap: p.Swap, restart: p.Restart, stopTimeout: p.StopTimeout, drainTimeout: p.DrainTimeout}
}

// adopt takes over, before step hears of them, what the next start is started with: new
// settings, and the port that the app was seen to take. It tells the graph of changes
// before the build of them begins.
func (l *Loop) adopt(ev event) {
	switch ev := ev.(type) {
	case generated:
		delete(l.commands, ev.id)
	case watched:
		if b, ok := ev.Event.(watcher.Batch); ok {
			l.tellGraph(b)
		}
	case loaded:
		if ev.Err == nil {
			likely, unix := l.plan.Run.Likely, l.plan.Run.Unix
			l.plan = ev.Plan
			l.plan.Run.Likely, l.plan.Run.Unix = cmp.Or(likely, ev.Plan.Run.Likely), unix
		}
	case ran:
		r, ok := ev.Event.(runner.Ready)
		switch {
		case ok && r.OwnPort:
			_, port, _ := net.SplitHostPort(r.Upstream)
			l.plan.Run.Likely, _ = strconv.Atoi(port)
			l.plan.Run.Unix = r.Unix()
		case ok && r.Asked != 0:
			l.plan.Run.Likely = r.Asked
		}
	}
}

func (l *Loop) tellGraph(b watcher.Batch) {
	var files []string
	for _, c := range b.Changes {
		if c.Action == watcher.Rebuild {
			files = append(files, c.Path)
		}
	}
	if len(files) > 0 {
		l.cfg.Graph.Changed(files)
	}
}

// send hands an event to Run's goroutine; after Run has returned it is dropped.
func (l *Loop) send(ev event) {
	select {
	case l.events <- ev:
	case <-l.done:
	}
}

// do carries out one effect; none blocks.
func (l *Loop) do(ctx context.Context, e effect, released proxy.Released) {
	switch e := e.(type) {
	case startBuild:
		l.startBuild(ctx, e)
	case killBuild:
		l.cancelBuild()
	case startCommand:
		l.startCommand(ctx, e)
	case killCommand:
		l.commands[e.id]()
	case syncWatcher:
		l.cfg.Watcher.Sync(e.id)
	case startProcess:
		spec := l.plan.Run
		spec.Generation, spec.Binary, spec.Beacon, spec.Further = e.gen, e.binary, e.beacon, e.further
		l.cfg.Runner.Start(spec, func(ev runner.Event) { l.send(ran{ev}) })
	case stopProcess:
		l.cfg.Runner.Stop(e.gen, e.limit)
	case killProcess:
		l.cfg.Runner.Kill(e.gen)
	case signalProcess:
		l.cfg.Runner.Signal(e.gen, l.cfg.Signal(e.name))
	case drain:
		l.cfg.Front.Drain(e.gen, e.limit, func(d proxy.Drained) { l.send(drained{d}) })
	case after:
		time.AfterFunc(e.delay, func() { l.send(e.event) })
	case loadSettings:
		l.others.Go(func() { l.send(loaded{l.cfg.Reload()}) })
	case answer:
		e.to <- e.holds
	case say:
		l.print(e.Event, released)
	}
}

func (l *Loop) startBuild(ctx context.Context, e startBuild) {
	request := builder.Request{Spec: l.plan.Build, Keep: e.keep, Running: e.running}
	request.Beacon = e.beacon
	ctx, cancel := context.WithCancelCause(ctx)
	l.cancelBuild = func() { cancel(errSuperseded) }
	l.others.Go(func() {
		defer cancel(nil)
		l.send(built{l.cfg.Builder.Build(ctx, request)})
	})
}

// startCommand runs the command of a rule. One that the settings hold no more has
// nothing to do.
func (l *Loop) startCommand(ctx context.Context, e startCommand) {
	command, known := l.plan.Commands[e.name]
	ctx, cancel := context.WithCancelCause(ctx)
	l.commands[e.id] = func() { cancel(errSuperseded) }
	l.others.Go(func() {
		defer cancel(nil)
		var r builder.Result
		if known {
			r = l.cfg.Builder.Generate(ctx, command, e.files)
		}
		l.send(generated{e.id, r})
	})
}

// print completes an event with what only the thin part knows.
func (l *Loop) print(e terminal.Event, released proxy.Released) {
	if e.Kind == terminal.KindSwap || e.Kind == terminal.KindReady {
		e.Held, e.HeldFor = released.Count, released.Longest
		e.After = l.opened // people try the app's own addresses then
	}
	for i, file := range e.Files {
		e.Files[i] = l.relative(file)
	}
	l.cfg.Print(e)
}

// relative shortens a path for people, as builder does those of diagnostics (rule 40).
func (l *Loop) relative(path string) string {
	if rel, err := filepath.Rel(l.cfg.Base, path); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
}
