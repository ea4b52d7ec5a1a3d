// Package proxy is the front: the one address that people open. It leads each
// request to the target, holds those that came after a save until that save is
// settled, and says what is wrong when nothing healthy is there.
//
// It knows requests, the newest [View] and which requests each generation still
// has. It does not know files, builds or processes.
//
// What holds at any time, with the tests that show it:
//
//   - a request is sent on only while the view that let it pass is the newest one,
//     so none that came after a save reaches older code unmarked (TestS1_OrderUnderSwapsAndDrains);
//   - a drain misses no request: each is counted before it is sent (TestS1_NotCountedInAfterTheDrain);
//   - held requests are woken by a view, a limit or their client leaving, never by
//     polling, and are sent in the order of their arrival (TestS4_HeldRequestsGoInOrderOfArrival).
package proxy

import (
	"container/list"
	"context"
	"crypto/rand"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/watcher-dev/watcher/proxy/access"
	"github.com/watcher-dev/watcher/proxy/hangup"
	"github.com/watcher-dev/watcher/proxy/pages"
	"github.com/watcher-dev/watcher/proxy/upstream"
)

// View is all that the front needs to know of the loop: a value, replaced as a whole.
// A request that arrives when Pending is n is let go when Settled ≥ n.
type View struct {
	Pending    uint64 // newest number raised by the watcher
	Settled    uint64 // all up to here are served, failed, or were no change
	Generation int    // of the target; 0 means that nothing healthy is there
	PID        int    // of the target
	Upstream   string // host:port of the target, or "unix:" and the path of its Unix socket
	Waiting    bool   // there is no target, but one may come without a further save: hold
	Failed     bool   // the target is older than the newest save, whose build or start failed
	Paused     bool   // what is not settled waits for an order: the target answers meanwhile, marked
	Stopping   bool   // nobody is let in any more
	Phase      Phase
	WaitsFor   string     // what the next process needs before it is started; "" if it does not wait
	Problem    *Problem   // what went wrong last; nil if nothing is wrong now. Not changed once published
	Refreshes  uint64     // how often files have changed that only pages need to be loaded for
	Styles     uint64     // how often stylesheets alone have
	Processes  *[]Process // all that live, and the one that fell last; never changed once published
}

// Process is one generation as people and programs are shown it. Names are stable.
type Process struct {
	Generation int       `json:"generation"`
	PID        int       `json:"pid,omitempty"` // 0 until it is ready or has failed
	State      string    `json:"state"`         // starting, serving, ready (kept to take over again), draining, stopping, exited, backing off or given up
	Since      time.Time `json:"since"`
	Reason     string    `json:"reason,omitempty"`  // why it is in this state, in words
	Code       *int      `json:"code,omitempty"`    // its exit code; -1 if a signal ended it, nil while it lives
	Signal     string    `json:"signal,omitempty"`  // that ended it
	Attempt    int       `json:"attempt,omitempty"` // to start again since it last lived well; from 1
	NextTry    time.Time `json:"next_try,omitzero"` // while it is backing off
}

// Phase is what the loop is at, in one word for people and programs.
type Phase string

const (
	Building Phase = "building" // a build runs
	Starting Phase = "starting" // a process runs that is not ready
	Serving  Phase = "ready"    // the target has the newest code
	Draining Phase = "draining" // stop-first: the old one finishes, the new one is not started yet
	BackOff  Phase = "back-off" // it crashed and is started again in a moment
	Broken   Phase = "broken"   // the newest build or start failed
	GivenUp  Phase = "given up" // it crashed too often
	Exited   Phase = "exited"   // it ended by itself, or was never started
	Paused   Phase = "paused"   // what was saved waits for an order to go on
	Stopping Phase = "stopping" // watcher ends
)

// Problem is a failed build or start, or a crash, as people and programs are shown it.
type Problem = pages.Problem

// KindSettings is the kind of a problem that leaves the answers as they are: nothing of the
// app is older than what was saved.
const KindSettings = pages.KindSettings

// Diagnostic is one place in the user's code.
type Diagnostic = pages.Diagnostic

// Project says what of the user's files may be shown; Position is a place in one of them.
type (
	Project  = pages.Project
	Position = pages.Position
)

// Config is what the settings say of the front.
type Config struct {
	Hold             bool          // hold requests until what was saved before them is served; false is `fresh = false`
	HoldTimeout      time.Duration // then a healthy target answers, marked pending; 0 means 10 s
	GenerationHeader bool          // add Watcher-Generation to every answer
	Hosts            []string      // names of the front, beside those that only this machine and its network can have
	// Trusts reports whether a client that is not this machine is told of the user's code, and
	// may use the reserved paths. It is asked for requests to them, for documents and for
	// answers of our own, from their goroutines. nil means that none is.
	Trusts func(client netip.Addr) bool
	// Own reports whether a connection from a loopback address comes from a process of
	// one of our generations: such a request is held no longer, as it would wait for itself
	// (rule 22). It is asked when a request is held, from a goroutine of its own, and may
	// take a moment. nil means that none does.
	Own func(client netip.AddrPort) bool

	Browser Browser // the zero value leaves the app's answers as they are
	Project Project // what of the user's files is shown; the zero value shows none
	// Open opens a place in the user's editor. It is called from the goroutine of the
	// browser's request, which gets the error. nil means that there is no editor.
	Open func(Position) error
	// Warn tells the user a line, with a hint what to do, and Panicked of a panic in a
	// handler; from any goroutine. nil tells nobody.
	Warn     func(text, hint string)
	Panicked func(Panic)

	// Debugged, if it is set, reports whether a client of a debugger is connected: then no
	// limit of holding or draining counts (rule 45). It is asked from any goroutine.
	Debugged func() bool
	// Look, if it is set, is asked by each request that arrives, from its goroutine, for
	// the newest number that was raised by a save made before, whether the view has heard of
	// it or not; 0 for none. So no request overtakes a save (rule 32). It must return soon, and
	// may return a channel instead, by which the number comes: at the latest when the context is
	// done, but as late as it likes. Meanwhile the request is held.
	Look func(context.Context) (newest uint64, later <-chan uint64)
	// Saved, if it is set, returns a number that no save made before the call is newer
	// than, for [Front.Wait]; or false if that cannot be told before the context is done. It
	// may read files.
	Saved func(context.Context) (uint64, bool)
	// Pause keeps what is saved from now on from being built, for at most so long, and
	// Resume ends that. Both return when it holds, or false if it does not. From any
	// goroutine; nil if there is nothing to be paused.
	Pause  func(limit time.Duration) bool
	Resume func() bool
}

// Released counts the held requests that a View let go.
type Released struct {
	Count   int
	Longest time.Duration
}

// Drained is the end of a generation's requests.
type Drained struct {
	Generation int
	Finished   int // requests that ended by themselves while it drained
	Cut        int // requests that were cut at the limit
}

// Front is the proxy. Make it with [New]; its methods may be called from any
// goroutine, Publish and Drain from one of them.
type Front struct {
	cfg     atomic.Pointer[Config]
	now     atomic.Pointer[state]
	control http.Handler
	token   access.Token // of this run, for orders; no answer has it
	// pageToken is for what a page may do. It is told to whoever is told of the user's code.
	pageToken access.Token
	buffers   upstream.Buffers
	leavers   atomic.Pointer[hangup.Watch] // nil unless it serves
	limits    limits                       // not changed while requests are served

	run    string // another one for each front, so that a page notices a new one
	hub    pages.Hub
	panics panics
	said   sync.Map // keys of what is told once

	mu          sync.Mutex // guards what follows; now is replaced under it
	generations map[int]*generation
	held        list.List     // of *waiter, in the order of arrival
	published   chan struct{} // closed by the next Publish; nil if nobody waits for it
}

// state is a view together with the generation that it names.
type state struct {
	View
	target    *generation // nil if Generation is 0
	explained *explained  // Problem; nil if that is nil
}

// New makes a front that holds every request until the first Publish.
func New(cfg Config) *Front {
	f := &Front{
		limits: defaultLimits, token: access.NewToken(), pageToken: access.NewToken(),
		generations: map[int]*generation{}, run: rand.Text(),
	}
	f.hub.May = func(r *http.Request) bool { return f.cfg.Load().stranger(r) == nil }
	f.control = newControl(f)
	f.now.Store(&state{View: View{Waiting: true, Phase: Building}})
	f.Configure(cfg)
	return f
}

// Token is what orders need. It is for the user's own programs: no answer of the front has it.
func (f *Front) Token() string { return string(f.token) }

// Configure replaces the settings; requests under way keep the old ones.
func (f *Front) Configure(cfg Config) {
	if cfg.HoldTimeout <= 0 {
		cfg.HoldTimeout = defaultHoldTimeout
	}
	f.cfg.Store(&cfg)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tellPages()
}

// Publish replaces the view. Requests that it settles are let go in the order of
// their arrival, to the target or, where there is none, to an error page; they are
// counted in the answer. It does not block: the source around the places of a new problem is
// read beside it, and whoever shows that waits for it, for a second at most. One goroutine calls it.
func (f *Front) Publish(v View) Released {
	problem := f.explain(v.Problem)
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &state{View: v, target: f.generation(v), explained: problem}
	f.now.Store(s)
	f.sweep(s.target)
	released := f.letGo(s)
	if f.published != nil {
		close(f.published)
		f.published = nil
	}
	f.tellPages()
	return released
}

// explained is a problem whose report is made, or about to be.
type explained struct {
	made   chan struct{} // closed when report is set
	report atomic.Pointer[pages.Report]
}

// explain begins to make the report of a problem; the same one serves as long as the problem does.
func (f *Front) explain(p *Problem) *explained {
	switch now := f.now.Load(); {
	case p == nil:
		return nil
	case p == now.Problem:
		return now.explained
	}
	e := &explained{made: make(chan struct{})}
	project := f.cfg.Load().Project
	made := sync.OnceFunc(func() { close(e.made) })
	late := time.AfterFunc(f.limits.source, func() {
		e.report.CompareAndSwap(nil, pages.Project{Base: project.Base}.Explain(*p)) // which reads no file
		made()
		f.retell()
	})
	go func() { // ends when the files of the problem are read
		e.report.Store(project.Explain(*p))
		late.Stop()
		made()
		f.retell()
	}()
	return e
}

func (f *Front) retell() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tellPages()
}

// ready reports whether the report can be had without waiting.
func (e *explained) ready() bool {
	if e == nil {
		return true
	}
	select {
	case <-e.made:
		return true
	default:
		return false
	}
}

// report is that of the problem; nil if nothing is wrong. It waits until it is made, if need be
// without source: f.mu must not be held.
func (s *state) report() *pages.Report {
	if s.explained == nil {
		return nil
	}
	<-s.explained.made
	return s.explained.report.Load()
}

// Drain ends the event streams and sockets of a generation and calls done, once and
// from a goroutine of its own, when its last request has ended or limit has passed,
// whichever comes first; what is left at the limit is cut. A generation without
// requests, also one that is not known, is drained at once. A second call for the
// same generation replaces limit and done of the first. Publishing the generation as
// target again calls the drain off: done is then not called, unless its call has
// already begun. Its idle connections are closed with the drain. It does not block.
func (f *Front) Drain(generation int, limit time.Duration, done func(Drained)) {
	go f.drain(generation, limit, done)() // to end a stream may take a word with an app that does not listen
}
