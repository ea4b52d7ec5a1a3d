package runner

import (
	"errors"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	// pipeDelay is how long the output of an ended process is still read when
	// something that left the group holds it open.
	pipeDelay = 500 * time.Millisecond
	// goneLimit bounds the wait for killed processes to disappear. Only one that
	// hangs in the kernel takes longer, and for that nothing can be done.
	goneLimit = time.Second
)

// group is a started command with the process group that it leads.
type group struct {
	cmd    *exec.Cmd
	id     int // of the group, and pid of its leader
	runner *Runner
	leave  func()    // called when the leader has ended and the others have not; may be nil
	exited time.Time // when the leader was seen to have ended; set by wait

	mu     sync.Mutex
	killed bool // by us, while the leader lived
	reaped bool // id may belong to another process
}

// launch starts cmd as the leader of a group of its own. Whoever calls it is
// counted in active, and calls wait if the error is nil.
func (r *Runner) launch(cmd *exec.Cmd) (*group, error) {
	isolate(cmd)
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = pipeDelay
	}
	g := &group{cmd: cmd, runner: r}
	var err error
	r.thread.do(func() {
		r.guard.start()
		if err = cmd.Start(); err == nil {
			g.id = cmd.Process.Pid
			r.guard.add(g.id)
		}
	})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.groups[g] = struct{}{}
	if r.closed {
		g.signal(syscall.SIGKILL)
	}
	return g, nil
}

// signal sends sig to every process of the group, unless it is gone.
func (g *group) signal(sig syscall.Signal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reaped {
		return
	}
	g.killed = g.killed || sig == syscall.SIGKILL && g.exited.IsZero()
	signalGroup(g.id, sig)
}

// wait blocks until the leader has ended, kills the rest of the group, and returns
// the command's error when nothing of it is left.
//
// The order matters: as long as the leader is not reaped, its pid, and with it the
// number of the group, belongs to nobody else and can be signalled safely.
func (g *group) wait() error {
	awaitExit(g.id)
	g.mu.Lock()
	g.exited = time.Now()
	g.mu.Unlock()
	if g.leave != nil {
		g.leave()
	}
	g.signal(syscall.SIGKILL)
	g.runner.guard.remove(g.id)
	g.mu.Lock()
	g.reaped = true
	g.mu.Unlock()
	err := g.cmd.Wait()
	awaitGone(g.id)

	g.runner.mu.Lock()
	delete(g.runner.groups, g)
	g.runner.mu.Unlock()
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil // the command did well; its output is held by something that left the group
	}
	return err
}

// awaitGone returns when no process of the killed group runs any more.
func awaitGone(id int) {
	deadline := time.Now().Add(goneLimit)
	for !groupGone(id) && time.Now().Before(deadline) {
		<-time.After(time.Millisecond)
	}
}
