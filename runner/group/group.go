// Package group knows groups of processes: it starts a command as the leader of one,
// signals it as a whole, reaps it, and sees to it that none outlives this process,
// however that ends.
package group

import (
	"errors"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	// PipeDelay is how long the output of an ended process is still read when
	// something that left the group holds it open.
	PipeDelay = 500 * time.Millisecond
	// GoneLimit bounds the wait for killed processes to disappear. Only one that
	// hangs in the kernel takes longer, and for that nothing can be done.
	GoneLimit = time.Second
)

// Starter starts commands, each as the leader of a group of its own. Make it with
// [NewStarter]; any goroutine may call it.
type Starter struct {
	thread thread
	guard  guard

	mu     sync.Mutex
	groups map[*Group]struct{} // that live
	closed bool
}

// Group is a started command with the process group that it leads.
type Group struct {
	ID     int       // of the group, and pid of its leader
	Leave  func()    // called when the leader has ended and the others have not; nil, or set before Wait
	Exited time.Time // when the leader was seen to have ended; set by Wait

	cmd     *exec.Cmd
	starter *Starter

	mu      sync.Mutex
	killed  bool     // by us, while the leader lived
	ended   bool     // the leader
	reaped  bool     // the number may belong to another process
	adopted *adopted // nil if there is none
}

// NewStarter makes a starter. Close ends it.
func NewStarter() *Starter {
	return &Starter{thread: newThread(), groups: map[*Group]struct{}{}}
}

// Start starts cmd. Who calls it calls Wait if the error is nil. cmd.WaitDelay, if 0,
// becomes PipeDelay.
func (s *Starter) Start(cmd *exec.Cmd) (*Group, error) {
	isolate(cmd)
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = PipeDelay
	}
	g := &Group{cmd: cmd, starter: s}
	s.mu.Lock() // whoever hears of the new process asks for its group after this
	defer s.mu.Unlock()
	var err error
	s.thread.do(func() {
		s.guard.start()
		if err = cmd.Start(); err == nil {
			g.ID = cmd.Process.Pid
			s.guard.add(g.ID)
		}
	})
	if err != nil {
		return nil, err
	}
	s.groups[g] = struct{}{}
	if s.closed {
		g.Signal(syscall.SIGKILL)
	}
	return g, nil
}

// Kill sends SIGKILL to all groups, and to each that is started from now on.
func (s *Starter) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for g := range s.groups {
		g.Signal(syscall.SIGKILL)
	}
}

// IDs lists the groups that live.
func (s *Starter) IDs() (ids []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for g := range s.groups {
		ids = append(ids, g.ID)
	}
	return ids
}

// Close frees what the starter holds. All groups have been waited for, and no Start follows.
func (s *Starter) Close() {
	s.thread.end()
	s.guard.end()
}

// Signal sends sig to every process of the group, unless it is gone.
func (g *Group) Signal(sig syscall.Signal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reaped {
		return
	}
	g.killed = g.killed || sig == syscall.SIGKILL && !g.ended
	if g.adopted.signal(sig) && sig != syscall.SIGKILL {
		return
	}
	signalGroup(g.ID, sig)
}

// Killed says whether it was us who sent SIGKILL while the leader lived.
func (g *Group) Killed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.killed
}

// State is how the leader ended; nil before Wait returns.
func (g *Group) State() *os.ProcessState { return g.cmd.ProcessState }

// Wait blocks until the leader has ended, kills the rest of the group, and returns
// the command's error when nothing of it is left.
//
// The order matters: as long as the leader is not reaped, its pid, and with it the
// number of the group, belongs to nobody else and can be signalled safely.
func (g *Group) Wait() error {
	awaitExit(g.ID)
	g.mu.Lock()
	g.Exited, g.ended = time.Now(), true
	g.mu.Unlock()
	if g.Leave != nil {
		g.Leave()
	}
	g.Signal(syscall.SIGKILL)
	g.awaitAdopted()
	g.starter.guard.remove(g.ID)
	g.mu.Lock()
	g.reaped = true
	g.mu.Unlock()
	err := g.cmd.Wait()
	awaitGone(g.ID)

	g.starter.mu.Lock()
	delete(g.starter.groups, g)
	g.starter.mu.Unlock()
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil // the command did well; its output is held by something that left the group
	}
	return err
}

// awaitGone returns when no process of the killed group runs any more.
func awaitGone(id int) {
	deadline := time.Now().Add(GoneLimit)
	for !groupGone(id) && time.Now().Before(deadline) {
		<-time.After(time.Millisecond)
	}
}
