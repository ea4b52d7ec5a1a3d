// Package debug keeps one address open at which debuggers find the app, whatever
// generation of it is current. Each generation runs under a headless Delve of its own;
// a client's connection is led to that of the generation that leads, and is ended when
// another one does.
//
// It knows Delve's command line and its two protocols, JSON-RPC and DAP. It does not
// know builds, processes or what makes a generation the one that leads.
//
// What holds, with the test that shows it:
//   - a client of DAP is told to attach again, and finds the new code
//     (TestB6_ClientsComeBackByThemselves)
//   - an app that nobody debugs any more runs: it stands at no breakpoint, whatever its
//     last client left behind (TestB6_WhoLeavesLeavesTheAppRunning)
//   - after Close no goroutine and no connection is left (TestMain)
package debug

import (
	"context"
	"net"
	"os"
	"sync"
)

// Debugger leads clients to Delve. Make it with [New]; its methods may be called from
// any goroutine, Lead from one.
type Debugger struct {
	dlv       string // path
	listeners []net.Listener

	mu       sync.Mutex // guards what follows
	targets  map[int]*target
	lead     int // generation; 0 while connections wait
	last     bool
	changed  chan struct{} // closed, and made anew, with each of them
	sessions map[*session]struct{}
	attached int // sessions that Delve has, too
	closed   bool

	active sync.WaitGroup // goroutines
}

// target is the Delve of one generation.
type target struct {
	generation int
	addr       string

	mu      sync.Mutex // held while the app is let go: who comes then waits
	clients int
	own     *rpc // by which the app was told to run
}

// New serves clients that come to the listeners, which Close closes. dlv is the path of
// Delve, as [Find] returns it.
func New(dlv string, listeners []net.Listener) *Debugger {
	d := &Debugger{
		dlv: dlv, listeners: listeners,
		targets: map[int]*target{}, changed: make(chan struct{}), sessions: map[*session]struct{}{},
	}
	for _, l := range listeners {
		d.active.Go(func() { d.accept(l) })
	}
	return d
}

// Command is what runs binary with args under a Delve that serves at addr, a loopback
// address. The app does not run before Begin.
func (d *Debugger) Command(addr, binary string, args []string) []string {
	// What Delve says of its address would stand in the app's output.
	command := []string{d.dlv, "exec", "--headless", "--accept-multiclient", "--api-version=2",
		"--listen=" + addr, "--log-dest=" + os.DevNull, binary}
	if len(args) > 0 {
		command = append(append(command, "--"), args...)
	}
	return command
}

// Begin waits until the Delve of a generation serves at addr, calls started with the
// pid of the app, lets the app run, and makes it known to Lead. It gives up when ctx ends.
func (d *Debugger) Begin(ctx context.Context, generation int, addr string, started func(pid int)) error {
	own, err := begin(ctx, addr, started)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.targets[generation] = &target{generation: generation, addr: addr, own: own}
	d.announce()
	return nil
}

// End forgets a generation whose app has ended, and returns how: its exit code, or the
// number of a signal as a negative one; known is false if Delve does not tell.
func (d *Debugger) End(generation int) (code int, known bool) {
	d.mu.Lock()
	t := d.targets[generation]
	delete(d.targets, generation)
	d.mu.Unlock()
	if t == nil {
		return 0, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.own.Close()
	return exitCode(t.addr)
}

// Lead makes a generation the one to which clients are led; 0 lets them wait. Sessions
// with others are ended, and unless last is set, with the request to come again. After
// last no other follows. It does not block.
func (d *Debugger) Lead(generation int, last bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lead, d.last = generation, last
	d.announce()
	for s := range d.sessions {
		if s.target != nil && s.target.generation != generation {
			d.active.Go(s.end)
		}
	}
}

// Attached reports whether a client is connected to a Delve.
func (d *Debugger) Attached() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.attached > 0
}

// Close closes the address and every connection, and returns when nothing is left.
func (d *Debugger) Close() {
	d.mu.Lock()
	d.closed = true
	d.announce()
	for _, l := range d.listeners {
		l.Close()
	}
	for s := range d.sessions {
		s.cut()
	}
	d.mu.Unlock()
	d.active.Wait()
}

// announce wakes those who wait for another target. d.mu is held.
func (d *Debugger) announce() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// accept takes clients until the listener is closed.
func (d *Debugger) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		d.active.Go(func() { d.serve(conn) })
	}
}

// enter waits until there is a target, and makes it the session's; false if there will
// be none.
func (d *Debugger) enter(s *session) bool {
	for {
		d.mu.Lock()
		t, changed, over := d.targets[d.lead], d.changed, d.closed || d.last
		s.target = t
		d.mu.Unlock()
		if over || t != nil {
			return !over
		}
		<-changed
	}
}

// know notes a client that has come; false if it is too late.
func (d *Debugger) know(s *session) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.sessions[s] = struct{}{}
	}
	return !d.closed
}

func (d *Debugger) forget(s *session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.sessions, s)
}

// attach counts a session's connection to Delve; the first to come waits until the app
// that the last one left runs.
func (d *Debugger) attach(t *target) {
	t.mu.Lock()
	t.clients++
	t.mu.Unlock()
	d.count(1)
}

// detach counts it out. The last one to leave lets the app go, and until that is done no
// limit counts.
func (d *Debugger) detach(t *target) {
	defer d.count(-1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clients--; t.clients == 0 {
		t.letGo()
	}
}

func (d *Debugger) count(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attached += n
}

// ending reports whether clients need not come again.
func (d *Debugger) ending() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last || d.closed
}
