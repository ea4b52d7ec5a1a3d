package loop

import (
	"cmp"
	"slices"
	"time"

	"github.com/watcher-dev/watcher/proxy"
)

// state is all that the loop knows. Only step and what it calls change it, on a copy.
type state struct {
	policy policy

	// Numbers of the watcher (rule 1): settled ≤ closed ≤ raised.
	raised  uint64
	closed  uint64
	settled uint64
	saves   []save // closed, asked for a start or a build, and not yet settled

	// Whether a build, or a start, has read files while the open number's were written.
	readByBuild, readByStart bool

	due     due    // actions asked for and not yet begun (rule 2)
	loading bool   // the settings file is being read
	stale   bool   // it was saved again meanwhile
	build   *build // nil while none runs
	procs   []process

	commands []command // of rules, from the save to the end of what they have written
	broken   []broken  // commands that failed, and not since run well
	started  int       // ids given out to starts of commands

	pause pause

	feedback   feedback
	openAuthor writer // who may have written what the open number is about
	authorLate bool   // and had come to its end already

	last  int // newest generation number given out
	spare int // number of a killed build, for the one that replaces it; 0 for none

	kills     int           // builds and candidates superseded since the last one that finished
	hung      int           // candidates ended because they hung, since the last that came to its end
	lastBuild time.Duration // how long the last finished build took
	lastStart time.Duration // how long the last process took to become ready

	newest      string // newest binary that was built; "" for none
	proven      string // newest binary that lived for a second as target
	buildFailed bool   // the newest build failed
	undone      bool   // a restart that was asked for failed, and nothing was ready since
	problem     *proxy.Problem
	unread      *proxy.Problem // the settings could not be read again, and the old ones hold

	mode      mode
	told      mode       // the way that the user believes in
	fixed     bool       // the app binds ports that no second process can, as far as is known
	beacon    bool       // builds have it
	beacons   []string   // binaries that have it
	unmovable bool       // moving does not help: it listens on a Unix socket, or a child of it does
	locked    bool       // the app holds a file lock for as long as it runs (rule 15)
	main      int        // the port that the app asked for where the front leads; 0 if it was not moved
	tls       int        // the port that it asked for and speaks TLS on, where none speaks HTTP
	ports     []listener // of the newest proven target

	down     down
	crashes  []time.Time // of the last ten seconds
	failures int         // crashes in a row, for the back-off
	retry    int         // id of the running back-off; 0 for none
	retryAt  time.Time   // when it ends
	again    string      // binary that it is about
	retries  int         // ids given out

	refreshes uint64           // how often pages had to be loaded for files that are not code
	styles    uint64           // how often stylesheets alone had changed
	table     *[]proxy.Process // what the user was told of processes; replaced as a whole
	fallen    *proxy.Process   // the last that ended by itself, until another is started; replaced as a whole

	served   bool // something has been target
	stopping bool
}

// save is a batch that waits to be settled.
type save struct {
	n  uint64
	at time.Time
}

// due is the set of actions that are asked for and not yet begun. They add up;
// each is discharged by being done (rule 2).
type due struct {
	rebuild bool
	restart bool   // a file or an order asks for a new process of the newest binary
	fresh   *fresh // what was built and waits for its start
	recover string // an older binary that takes over after a failure; "" for none
	refresh []string
	signals []signal
}

// fresh is a binary that was built and not yet started.
type fresh struct {
	binary string
	gen    int    // the build's number is the start's too (rule 3)
	covers uint64 // numbers up to here are in it
	urgent bool   // its start goes ahead of a running build (rule 6)
}

// start reports whether a process is to be started, for whatever reason.
func (d due) start() bool { return d.restart || d.fresh != nil || d.recover != "" }

// urgent reports whether the start goes ahead of a running build.
func (d due) urgent() bool { return d.fresh != nil && d.fresh.urgent }

type signal struct {
	name  string
	files []string
}

// build is the one that runs.
type build struct {
	gen     int
	covers  uint64 // numbers up to here are in it
	running string // binary that the new one is compared with
	killed  bool   // told to end; what it still reports is dropped
	urgent  bool   // left to finish (rule 6)
	beacon  bool   // with it
}

// process is one generation from its start to its reaping.
type process struct {
	gen      int
	role     role
	reason   string // of its role, in words
	binary   string
	covers   uint64
	pid      int
	upstream string
	waitsFor string    // what it needs before it is started; "" for nothing, or not for long
	began    time.Time // of its start or the end of its wait, then of its swap, then of its stop
	target   bool      // has been target
	urgent   bool      // not superseded by what comes later (rule 6)
	bounded  bool      // a timer runs for it, as something newer waits
	restart  bool      // a file or an order asked for it, not only a build
	listens  []listener
	proven   bool // lived for a second as target
	fixed    bool // seen to bind ports that no second process can
	drained  bool // has no request any more
	finished int  // requests that ended while it drained
	cut      int
}

// role is where a process stands.
//
//	starting → current → standby → draining → stopping → (reaped)
//
// Each may fall to stopping or be reaped at any time; standby may become current
// again while the one after it has not proven itself (rule 5).
type role uint8

const (
	starting role = iota // not ready
	current              // the target
	standby              // was the target; kept until the new one is proven
	draining             // finishes its requests
	stopping             // signalled
)

type mode uint8

const (
	overlap mode = iota
	stopFirst
)

// down says why no process is wanted though none runs.
type down uint8

const (
	up down = iota
	exited
	givenUp
)

// policy is what step needs of the settings.
type policy struct {
	swap         Swap
	restart      Restart
	stopTimeout  time.Duration
	drainTimeout time.Duration
}

// clone makes a copy that shares nothing that step changes.
func (s state) clone() state {
	s.saves = slices.Clone(s.saves)
	s.commands = slices.Clone(s.commands)
	s.broken = slices.Clone(s.broken)
	s.feedback.laps = slices.Clone(s.feedback.laps)
	s.pause.parked = slices.Clone(s.pause.parked)
	s.procs = slices.Clone(s.procs)
	s.crashes = slices.Clone(s.crashes)
	s.beacons = slices.Clone(s.beacons)
	s.due.refresh = slices.Clone(s.due.refresh)
	s.due.signals = slices.Clone(s.due.signals)
	if s.due.fresh != nil {
		f := *s.due.fresh
		s.due.fresh = &f
	}
	if s.build != nil {
		b := *s.build
		s.build = &b
	}
	return s
}

// in returns the oldest process with a role, or nil.
func (s *state) in(r role) *process {
	for i := range s.procs {
		if s.procs[i].role == r {
			return &s.procs[i]
		}
	}
	return nil
}

// find returns the process of a generation, or nil if it is not in the table.
func (s *state) find(gen int) *process {
	for i := range s.procs {
		if s.procs[i].gen == gen {
			return &s.procs[i]
		}
	}
	return nil
}

func (s *state) remove(gen int) {
	s.procs = slices.DeleteFunc(s.procs, func(p process) bool { return p.gen == gen })
}

// unreaped reports whether a process that was never target is still being ended.
func (s *state) unreaped() bool {
	return slices.ContainsFunc(s.procs, func(p process) bool { return p.role == stopping && !p.target })
}

// underway reports whether something runs, or is about to, that settles numbers.
func (s *state) underway() bool { return s.busy() || len(s.commands) > 0 }

// busy is underway, but for commands that wait for others to be done.
func (s *state) busy() bool {
	return s.loading || !s.commandsAt(yielding, yielded) || s.build != nil || s.due.rebuild || s.due.start() || s.in(starting) != nil ||
		s.pause.rebuild
}

// binaries lists those that must stay on disk (rule 7).
func (s *state) binaries() []string {
	var keep []string
	add := func(b string) {
		if b != "" && !slices.Contains(keep, b) {
			keep = append(keep, b)
		}
	}
	for _, p := range s.procs {
		add(p.binary)
	}
	add(s.newest)
	add(s.proven)
	return keep
}

// failed reports whether a command, or the newest build or start, failed, so that what serves, if
// anything does, is older than what was saved.
func (s *state) failed() bool {
	return len(s.broken) > 0 || s.buildOrStartFailed()
}

func (s *state) buildOrStartFailed() bool {
	return s.problem != nil && (s.problem.Kind == problemBuild || s.problem.Kind == problemStart)
}

// shown is the problem that people are told of: what failed first of all is mended first.
func (s *state) shown() *proxy.Problem {
	if len(s.broken) > 0 {
		return s.broken[0].problem
	}
	return cmp.Or(s.problem, s.feedback.paused, s.unread)
}

// view is the front's picture of the state.
func (s *state) view() proxy.View {
	v := proxy.View{
		Pending: s.raised, Settled: s.settled,
		Failed: s.failed(), Stopping: s.stopping, Paused: s.paused(),
		Phase: s.phase(), Problem: s.shown(), Processes: s.table,
		Refreshes: s.refreshes, Styles: s.styles,
	}
	if p := s.in(starting); p != nil {
		v.WaitsFor = p.waitsFor
	}
	if p := s.in(current); p != nil {
		v.Generation, v.PID, v.Upstream = p.gen, p.pid, p.upstream
	} else {
		v.Waiting = s.underway() && !v.Paused || s.retry != 0
	}
	return v
}

// debugged is the generation to which clients of a debugger are led: the target, or
// without one the candidate, which may need it most; 0 for none.
func (s *state) debugged() int {
	for _, r := range []role{current, starting} {
		if p := s.in(r); p != nil && !s.stopping {
			return p.gen
		}
	}
	return 0
}

func (s *state) phase() proxy.Phase {
	switch {
	case s.stopping:
		return proxy.Stopping
	case s.paused() && s.pause.something():
		return proxy.Paused
	case s.build != nil || s.due.rebuild || len(s.commands) > 0:
		return proxy.Building
	case s.in(starting) != nil:
		return proxy.Starting
	case s.due.start() && s.in(draining) != nil && s.in(current) == nil:
		return proxy.Draining
	case s.due.start():
		return proxy.Starting
	case s.retry != 0:
		return proxy.BackOff
	case s.down == givenUp:
		return proxy.GivenUp
	case s.down == exited:
		return proxy.Exited
	case s.failed():
		return proxy.Broken
	}
	return proxy.Serving
}
