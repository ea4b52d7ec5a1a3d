// Package runner turns a binary into a live process with a known address, and
// stops it with all that it started.
//
// It knows processes, groups, signals and listening sockets. It does not know
// which process is current or why one is started.
package runner

import (
	"io"
	"syscall"
	"time"
)

// Runner starts and stops processes, each known by the number of its generation.
// All methods may be called from any goroutine and none blocks for long; a
// generation that is not known (any more) is passed over.
type Runner struct{}

// Spec says what to start.
type Spec struct {
	Generation   int
	Binary       string // absolute path
	Args         []string
	Dir          string   // absolute working folder
	Env          []string // whole environment; PORT and our own variables are set over it
	URL          string   // of the front, for WATCHER_URL
	PortEnv      string   // name of the variable that carries the port; "" means PORT
	Port         int      // the app's own fixed port, where the user has told it; 0 means not told
	ReadyPath    string   // must answer below 500; "" means that listening is enough
	ReadyTimeout time.Duration
	StopSignal   syscall.Signal // 0 means SIGTERM
	Stdout       io.Writer      // written to by one goroutine at a time for each stream
	Stderr       io.Writer
}

// Event is one of [Ready], [Failed], [Fixed] and [Exited].
type Event interface{ isEvent() }

// Ready is reported at most once, and not after Failed.
type Ready struct {
	Generation int
	PID        int
	Upstream   string // host:port that answers, on loopback
	OwnPort    bool   // the app listens on a port of its own and not on ours
	Took       time.Duration
}

// Failed is reported at most once, and not after Ready: the process ended before
// it was ready, or was not ready in time (then it still lives until it is stopped),
// or could not be started (then no Exited follows: PID is 0).
type Failed struct {
	Generation int
	PID        int
	Reason     string   // one line: "exited with code 1 before it listened"
	Hint       string   // what to do, where that is known; else ""
	Tail       []string // last lines of its output
}

// Fixed tells, some time after Ready, that a process which took our port listens on
// others too, which no second process could bind.
type Fixed struct {
	Generation int
	Addrs      []string
}

// Exited is reported exactly once for each process that was started, when it was
// reaped and its group is gone.
type Exited struct {
	Generation int
	PID        int
	Code       int    // -1 if it was ended by a signal
	Signal     string // "killed"; "" if it exited
	Alive      time.Duration
	Tail       []string // last lines of its output
}

func (Ready) isEvent()  {}
func (Failed) isEvent() {}
func (Fixed) isEvent()  {}
func (Exited) isEvent() {}

// New makes a runner. Close ends it.
func New() (*Runner, error) { return &Runner{}, nil }

// Start starts a process and returns at once. report is called from goroutines of
// the runner, one event of a generation after the other; it must not block for long.
func (r *Runner) Start(s Spec, report func(Event)) {}

// Stop sends the stop signal to the group and, when limit has passed, SIGKILL. A
// second call shortens the limit. Exited tells the end.
func (r *Runner) Stop(generation int, limit time.Duration) {}

// Kill sends SIGKILL to the group.
func (r *Runner) Kill(generation int) {}

// Signal sends sig to the group.
func (r *Runner) Signal(generation int, sig syscall.Signal) {}

// Close kills what still lives and frees all that the runner holds, after the last
// process is reaped.
func (r *Runner) Close() error { return nil }
