package runner

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/watcher-dev/watcher/runner/kin"
)

func TestR12_AppThatDaemonisesItselfIsEnded(t *testing.T) {
	t.Parallel()
	a := start(t, newRunner(t), 1, "daemonise")
	child := a.child()
	failed := next[Failed](a)
	want := fmt.Sprintf("left pid %d (runner.test) behind and exited with code 0 before it was ready", child)
	if failed.Reason != want || !strings.Contains(failed.Hint, "foreground") {
		t.Errorf("%+v, want %s", failed, want)
	}
	if exited := next[Exited](a); exited.Code != 0 || exited.Reason == "" {
		t.Errorf("%+v", exited)
	}
	if isRunning(child) {
		t.Error("the daemon outlived Exited")
	}
}

func TestR12_AppThatHandsItsSocketOnIsEnded(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	a := start(t, r, 1, "hand on")
	ready := next[Ready](a)
	get(t, ready.Upstream)
	r.Signal(1, syscall.SIGUSR2)
	child := a.child()
	want := fmt.Sprintf("left pid %d (runner.test) behind and exited with code 0", child)
	if exited := next[Exited](a); exited.Reason != want {
		t.Errorf("%+v, want %s", exited, want)
	}
	if isRunning(child) {
		t.Error("the child outlived Exited")
	}
	if c, err := net.Dial("tcp", ready.Upstream); err == nil {
		c.Close()
		t.Error("its socket is still open")
	}
}

// What is left at an end that was asked for is nobody's mistake.
func TestR2_WhatLeftItsSessionIsEndedToo(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	a := start(t, r, 1, "exit 0 on TERM, with a daemon")
	child := a.child()
	next[Ready](a)
	r.Stop(1, patience)
	if exited := next[Exited](a); exited.Code != 0 || exited.Reason != "" {
		t.Errorf("%+v", exited)
	}
	if isRunning(child) {
		t.Error("the daemon outlived Exited")
	}
}

func TestKilledByAnother(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	a := start(t, r, 1, "serve")
	_ = syscall.Kill(next[Ready](a).PID, syscall.SIGKILL)
	if exited := next[Exited](a); exited.Reason != "was killed (by somebody, or for lack of memory)" || exited.Signal != "killed" {
		t.Errorf("%+v", exited)
	}
	b := start(t, r, 2, "serve")
	next[Ready](b)
	r.Kill(2)
	if exited := next[Exited](b); exited.Reason != "" || exited.Signal != "killed" {
		t.Errorf("by us: %+v", exited)
	}
	for _, test := range []struct {
		before, after int
		want          string
	}{{-1, -1, "somebody"}, {3, 3, "somebody"}, {-1, 3, "somebody"}, {3, 4, "by the system"}} {
		if by := killedBy(test.before, test.after); !strings.Contains(by, test.want) {
			t.Errorf("%v: %s", test, by)
		}
	}
}

func TestProgramThatCannotBeRun(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	for gen, test := range []struct {
		content string
		mode    os.FileMode
		reason  string
	}{
		{"", 0o600, "permission denied"},
		{"no program", 0o700, "exec format error"},
	} {
		a := start(t, r, gen, "serve", func(s *Spec) {
			s.Binary = s.Dir + "/app"
			if err := os.WriteFile(s.Binary, []byte(test.content), test.mode); err != nil {
				t.Fatal(err)
			}
		})
		if failed := next[Failed](a); failed.PID != 0 || !strings.Contains(failed.Reason, test.reason) {
			t.Errorf("%q: %+v", test.content, failed)
		}
	}
}

func BenchmarkKin(b *testing.B) {
	for b.Loop() {
		kin.New().Processes()
	}
}
