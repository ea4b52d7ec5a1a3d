package runner

import (
	"context"
	"os/exec"
	"syscall"
	"time"

	"github.com/watcher-dev/watcher/runner/sockets"
)

// Debugger starts an app as a child, which it puts into a group of its own (rule 45).
// Its methods are called from goroutines of the runner.
type Debugger interface {
	// Command is what runs binary with args, and serves clients at addr.
	Command(addr, binary string, args []string) []string
	// Begin waits until the app is there, calls started, and lets the app run.
	Begin(ctx context.Context, generation int, addr string, started func(pid int)) error
	// End is called when the app has ended and the debugger lives: it returns the
	// exit code, or the number of the signal that ended it as a negative one.
	End(generation int) (code int, known bool)
	// Attached reports whether a client is connected: then no limit of time counts.
	Attached() bool
}

// debugged is what is known of the app under a debugger; the zero value means none.
type debugged struct {
	addr  string // where the debugger serves
	pid   int    // of the app; 0 until it is there
	code  int    // see [Debugger]; set before the group's Wait returns
	known bool
}

// underDebugger makes cmd start the debugger instead of the app.
func (p *process) underDebugger(cmd *exec.Cmd) error {
	p.runner.mu.Lock()
	port, err := p.runner.choosePort()
	p.runner.mu.Unlock()
	if err != nil {
		return err
	}
	p.debugged = debugged{addr: sockets.Loopback(port)[0].String()}
	command := p.spec.Debugger.Command(p.debugged.addr, p.spec.Binary, p.spec.Args)
	cmd.Path, cmd.Args = command[0], command
	return nil
}

// awaitApp waits until the debugger has started the app, and takes it in.
func (p *process) awaitApp(ctx context.Context) *refusal {
	if p.spec.Debugger == nil {
		return nil
	}
	generation := p.spec.Generation
	err := p.spec.Debugger.Begin(ctx, generation, p.debugged.addr, func(pid int) {
		p.debugged.pid = pid
		p.group.Adopt(pid, func() { p.debugged.code, p.debugged.known = p.spec.Debugger.End(generation) })
	})
	if err != nil {
		return &refusal{reason: "was not started by the debugger: " + err.Error()}
	}
	return nil
}

// pid is that of the app, or of what was started for it.
func (p *process) pid() int {
	if p.debugged.pid != 0 {
		return p.debugged.pid
	}
	return p.group.ID
}

// ending is how the app ended.
func (d debugged) ending() ending {
	if d.code < 0 {
		return ending{code: -1, signal: syscall.Signal(-d.code).String()}
	}
	return ending{code: d.code}
}

// attached reports whether a client of the debugger is connected.
func (p *process) attached() bool { return p.spec.Debugger != nil && p.spec.Debugger.Attached() }

// unattended calls f after limit. As long as a client of the debugger is connected it
// is put off by another limit: whether the app stands at a breakpoint cannot be known.
func (p *process) unattended(limit time.Duration, f func()) *time.Timer {
	if p.spec.Debugger == nil {
		return time.AfterFunc(limit, f)
	}
	var t *time.Timer
	t = time.AfterFunc(time.Hour, func() { // t is set before it is used
		if p.attached() {
			t.Reset(limit)
		} else {
			f()
		}
	})
	t.Reset(limit)
	return t
}
