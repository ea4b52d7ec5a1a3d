// Package runner turns a binary into a live process with a known address, and
// stops it with all that it started.
//
// It knows when a process is ready and how it ended. The packages below know the rest:
// groups, sockets, output, what is needed before a start. Nothing here knows which
// process is current or why one is started.
//
// What holds, with the test that shows it:
//   - a start is ready or failed once, and each process exits once (TestRule3_EachStartReportsOnce)
//   - when Exited is reported nothing of the group is left (TestR2_StopLeavesNothing)
//   - if this process is killed outright, nothing that it started outlives it (TestR3_KilledOutrightLeavesNothing)
//   - a process that serves costs nothing: its goroutines are blocked in the system
package runner

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/watcher-dev/watcher/runner/group"
	"github.com/watcher-dev/watcher/runner/kin"
	"github.com/watcher-dev/watcher/runner/sockets"
)

// Runner starts and stops processes, each known by the number of its generation.
// All methods but Run and Close may be called from any goroutine, and none of them
// waits for a process, whatever that or its start is at (TestT11_OrdersWaitForNoStart); a
// generation that is not known (any more) is passed over. They may be called from a
// goroutine for which report waits.
type Runner struct {
	starter *group.Starter
	owners  owners

	mu        sync.Mutex
	processes map[int]*process // by generation, until Exited is reported
	closed    bool

	active sync.WaitGroup // processes and commands that have not ended
}

// Spec says what to start.
type Spec struct {
	Generation   int    // differs from that of every other start
	Binary       string // absolute path
	Args         []string
	Dir          string         // absolute working folder
	Env          []string       // whole environment; PORT and our own variables are set over it
	EnvFiles     []string       // absolute paths of files with variables for it, under Env; read at each start
	URL          string         // of the front, for WATCHER_URL
	PortEnv      string         // name of the variable that carries the port; "" means PORT
	Port         int            // the app's own fixed port, where the user has told it; 0 means not told
	Socket       bool           // hand it a listening socket, as file 3 (LISTEN_FDS); Port, Likely and Unix do not count then
	Likely       int            // own port that its code names or an earlier start took; 0 means none; others count too
	Unix         string         // path of the Unix socket at which an earlier start answered; "" means none. It counts at once, and its file is removed at the end
	WaitFor      []string       // what must be there before it is started, as "tcp://db:5432"; see runner/needs
	Notify       bool           // it is ready when it says so by sd_notify, and not before
	ReadyPath    string         // must answer below 500; "" means that listening is enough
	ReadyTimeout time.Duration  // 0 means 30 s
	Live         Liveness       // asked while it serves
	StopSignal   syscall.Signal // 0 means SIGTERM
	Debugger     Debugger       // that the app runs under; nil means none
	Further      []int          // own ports that one with the beacon is given a moment to ask for before it is ready
	Beacon       bool           // the binary was built with the beacon: have it tell where it listens, and move that
	Stdout       io.Writer      // written to by one goroutine at a time for each stream; errors are passed over
	Stderr       io.Writer      // nil, for both, means that only the tail is kept
	StdoutScreen *os.File       // the terminal that Stdout ends in: then the app is given one too; else nil
	StderrScreen *os.File
}

// Event is one of [Waiting], [Listening], [Ready], [Failed], [Fixed], [Unresponsive] and [Exited].
type Event interface{ isEvent() }

// Waiting is reported, before all others, when a process is not started yet because
// something that it needs has not been there for a while; with an empty For when all is.
type Waiting struct {
	Generation int
	For        string // as in Spec.WaitFor
}

// Listening tells of a listener that was moved. It is reported for each, in the order
// in which the app opens them, before or after Ready; several may have been asked for
// with the same port, and then the newest counts.
type Listening struct {
	Generation int
	Asked      int        // the port that the app asked for
	Host       netip.Addr // with it; the zero Addr is every address of the machine
	Upstream   string     // host:port where it listens, on loopback
}

// Ready is reported at most once, and not after Failed.
type Ready struct {
	Generation int
	PID        int
	Upstream   string // host:port that answers, on loopback, or "unix:" and the path of a Unix socket
	OwnPort    bool   // the app listens at an address of its own and not on our port, and was not moved
	Asked      int    // the port that it asked for, where Upstream was moved; else 0
	TLS        bool   // Upstream speaks TLS; told of moved listeners that nobody expected
	Took       time.Duration
}

// Unix returns the path of the Unix socket that Upstream is; "" if it is none.
func (r Ready) Unix() string {
	path, unix := strings.CutPrefix(r.Upstream, sockets.UnixScheme)
	if !unix {
		return ""
	}
	return path
}

// Failed is reported at most once, and not after Ready: the process ended before
// it was ready, or was not ready in time (then it still lives until it is stopped),
// or could not be started (then no Exited follows: PID is 0).
type Failed struct {
	Generation int
	PID        int
	Reason     string   // one line: "exited with code 1 before it was ready"
	Hint       string   // what to do, where that is known; else ""
	Lock       string   // why a file lock of the process before may be the reason; "" if none is
	Tail       []string // last lines of its output
}

// Fixed tells, at most once and within about a second after Ready, that a process
// which took our port, or was moved, listens on others too, which no second process
// could bind and which were not moved.
// It is reported on Linux only.
type Fixed struct {
	Generation int
	Addrs      []string
}

// Unresponsive is reported at most once, after Ready: the process lives and answers no
// more. It goes on to live until it is stopped.
type Unresponsive struct {
	Generation int
	PID        int
	Reason     string // one line
	Alive      time.Duration
	Tail       []string // last lines of its output
}

// Exited is reported exactly once for each process that was started, when it was
// reaped and its group is gone.
type Exited struct {
	Generation int
	PID        int
	Code       int    // -1 if it was ended by a signal
	Signal     string // "killed"; "" if it exited
	Reason     string // one line, where more is known than code and signal say; else ""
	Alive      time.Duration
	Tail       []string // last lines of its output
}

func (Waiting) isEvent()      {}
func (Listening) isEvent()    {}
func (Ready) isEvent()        {}
func (Failed) isEvent()       {}
func (Fixed) isEvent()        {}
func (Unresponsive) isEvent() {}
func (Exited) isEvent()       {}

var errClosed = errors.New("the runner is closed")

// New makes a runner. Close ends it.
func New() *Runner {
	starter := group.NewStarter()
	return &Runner{
		starter: starter, owners: owners{groups: starter.IDs},
		processes: map[int]*process{},
	}
}

// Start starts a process and returns at once. report is called for one event after the
// other; it must not block for long. A start after Close is passed over.
func (r *Runner) Start(s Spec, report func(Event)) {
	p := &process{runner: r, spec: s, report: report, mark: kin.New(), launched: make(chan struct{})}
	p.wanted, p.unwant = context.WithCancel(context.Background())
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.processes[s.Generation] = p
	r.active.Go(p.run)
}

// Stop sends the stop signal to the group and, when limit has passed, SIGKILL. A
// second call only shortens the limit. Exited tells the end.
func (r *Runner) Stop(generation int, limit time.Duration) {
	if p := r.process(generation); p != nil {
		p.stop(limit)
	}
}

// Kill sends SIGKILL to the group.
func (r *Runner) Kill(generation int) { r.Signal(generation, syscall.SIGKILL) }

// Signal sends sig to the group. One that still waits for what it needs hears of none but SIGKILL.
func (r *Runner) Signal(generation int, sig syscall.Signal) {
	if p := r.process(generation); p != nil {
		p.signal(sig)
	}
}

// process returns the process of a generation; nil if that is not known.
func (r *Runner) process(generation int) *process {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.processes[generation]
}

// Run runs a command in a process group of its own and returns when the whole
// group is gone: what a command leaves behind in its group is killed too. The
// error is the command's own, or ctx's cause if ctx ended and the group was killed
// for it. cmd.WaitDelay, if 0, becomes half a second.
func (r *Runner) Run(ctx context.Context, cmd *exec.Cmd) error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return errClosed
	}
	r.active.Add(1)
	r.mu.Unlock()
	defer r.active.Done()

	if !within(ctx, func() func() { touch(cmd.Dir, cmd.Path); return func() {} }) || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	g, err := r.starter.Start(cmd)
	if err != nil {
		return err
	}
	release := context.AfterFunc(ctx, func() { g.Signal(syscall.SIGKILL) })
	err = g.Wait()
	if !release() {
		return context.Cause(ctx)
	}
	return err
}

// Close kills what still lives, waits until it is reaped and reported, and frees
// all that the runner holds. A second call does nothing.
func (r *Runner) Close() {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.closed = true
	r.starter.Kill()
	for _, p := range r.processes {
		p.unwant()
	}
	r.mu.Unlock()
	r.active.Wait()
	r.starter.Close()
}
