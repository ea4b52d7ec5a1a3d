//go:build unix

package runner

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/runner/kin"
	"github.com/watcher-dev/watcher/runner/sockets"
)

// debugger runs the behaviour DEBUGGED in a group of its own, as Delve does with an app,
// and outlives it. The app bears no mark, by which it would be found too.
func debugger() {
	os.Unsetenv(kin.Variable)
	terms := make(chan os.Signal, 1)
	signal.Notify(terms, syscall.SIGTERM)
	cmd := again(os.Getenv("DEBUGGED"))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	fmt.Println("pid", cmd.Process.Pid)
	<-terms
	fmt.Println("the debugger was told to end")
	time.Sleep(2 * time.Minute)
}

// fakeDelve is the Debugger of these tests.
type fakeDelve struct {
	t        *testing.T
	output   *said
	attached atomic.Bool
	asked    atomic.Int32
	pid      int
	code     atomic.Int32
}

func (d *fakeDelve) Command(_, binary string, _ []string) []string { return []string{binary} }

func (d *fakeDelve) Begin(_ context.Context, _ int, _ string, started func(pid int)) error {
	line := d.output.line(d.t, "pid ")
	d.pid, _ = strconv.Atoi(strings.TrimPrefix(line, "pid "))
	started(d.pid)
	return nil
}

// End comes late, so that a debugger that was told to end can say so.
func (d *fakeDelve) End(int) (code int, known bool) {
	time.Sleep(20 * time.Millisecond)
	return int(d.code.Load()), true
}

func (d *fakeDelve) Attached() bool {
	d.asked.Add(1)
	return d.attached.Load()
}

// debug starts a behaviour under the debugger.
func debug(t *testing.T, r *Runner, name string, attached bool) (*app, *fakeDelve) {
	t.Helper()
	d := &fakeDelve{t: t, output: newOutput()}
	d.attached.Store(attached)
	d.code.Store(3)
	a := start(t, r, 1, "debugger", func(s *Spec) {
		s.Env = append(s.Env, "DEBUGGED="+name)
		s.Debugger, s.Stdout = d, d.output
		if attached { // then it does not count
			s.ReadyTimeout = time.Millisecond
		}
	})
	return a, d
}

// TestRule45_SignalsGoToTheApp, whose end is that of the debugger too.
func TestRule45_SignalsGoToTheApp(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	a, d := debug(t, r, "exit 3 on TERM", false)
	if ready := next[Ready](a); ready.PID != d.pid {
		t.Errorf("ready says pid %d, and the app is %d", ready.PID, d.pid)
	}
	leader := r.process(1).leader().ID
	r.Stop(1, time.Hour)
	if exited := next[Exited](a); exited.Code != 3 || exited.PID != d.pid || exited.Signal != "" {
		t.Errorf("%+v, of app %d", exited, d.pid)
	}
	for len(d.output.lines) > 0 {
		t.Errorf("the debugger got the signal too: %s", <-d.output.lines)
	}
	if left := append(sockets.Family(leader), sockets.Family(d.pid)...); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

// TestRule45_KillEndsBoth, and a signal that ended the app is told.
func TestRule45_KillEndsBoth(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	a, d := debug(t, r, "ignore TERM", false)
	next[Ready](a)
	d.code.Store(-int32(syscall.SIGKILL))
	leader := r.process(1).leader().ID
	r.Kill(1)
	if exited := next[Exited](a); exited.Code != -1 || exited.Signal != "killed" {
		t.Errorf("%+v", exited)
	}
	if left := append(sockets.Family(leader), sockets.Family(d.pid)...); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

// TestRule45_NoLimitWhileAttached: neither of the start nor of the stop.
func TestRule45_NoLimitWhileAttached(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	a, d := debug(t, r, "ignore TERM", true)
	next[Ready](a)
	r.Stop(1, time.Millisecond)
	for from := d.asked.Load(); d.asked.Load() < from+10; {
		time.Sleep(time.Millisecond)
	}
	if len(a.events) > 0 {
		t.Fatalf("a limit counted: %+v", <-a.events)
	}
	d.attached.Store(false)
	next[Exited](a)
}
