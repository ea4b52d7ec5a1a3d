//go:build unix

package runner

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

func TestR2_StopLeavesNothing(t *testing.T) {
	t.Parallel()
	for gen, name := range []string{"serve", "ignore TERM", "grandchild", "mute child", "orphan"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t)
			a := start(t, r, gen, name)
			var children []int
			if name == "grandchild" || name == "mute child" || name == "orphan" {
				children = append(children, a.child())
			}
			if name == "orphan" { // the forker has said its own child's pid
				children = append(children, a.child())
			}
			ready := next[Ready](a)
			r.Stop(gen, 200*time.Millisecond)
			exited := next[Exited](a)
			for _, pid := range append(children, ready.PID) {
				if isRunning(pid) {
					t.Errorf("pid %d outlived Exited", pid)
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			if killed := exited.Signal == "killed"; killed != (name == "ignore TERM") {
				t.Errorf("%+v", exited)
			}
		})
	}
}

func TestR2_WhatLeftTheGroupWithOurPipeDelaysNobody(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	a := start(t, r, 1, "escapee")
	pid := a.child()
	defer syscall.Kill(pid, syscall.SIGKILL)
	next[Ready](a)
	r.Stop(1, patience)
	next[Exited](a)
	if !isRunning(pid) {
		t.Error("the escapee is gone: this shows nothing")
	}
}

func TestStopSignalAndExitCode(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	term := start(t, r, 1, "exit 3 on TERM")
	hup := start(t, r, 2, "exit 4 on HUP", func(s *Spec) { s.StopSignal = syscall.SIGHUP })
	sent := start(t, r, 3, "exit 4 on HUP")
	for i, a := range []*app{term, hup, sent} {
		next[Ready](a)
		if a == sent {
			r.Signal(3, syscall.SIGHUP)
		} else {
			r.Stop(a.gen, patience)
		}
		if exited := next[Exited](a); exited.Code != min(3+i, 4) || exited.Signal != "" {
			t.Errorf("%+v", exited)
		}
	}
}

func TestSecondStopShortensTheLimit(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	a := start(t, r, 1, "ignore TERM")
	next[Ready](a)
	r.Stop(1, time.Hour)
	r.Stop(1, 2*time.Hour)
	r.Stop(1, 0)
	r.Stop(1, time.Hour)
	if exited := next[Exited](a); exited.Signal != "killed" {
		t.Errorf("%+v", exited)
	}
}

// A stop order right after a start must not be lost.
func TestR4_StopWhileStarting(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	for gen := range 20 {
		a := start(t, r, gen, "serve")
		r.Stop(gen, 0)
		switch first := (<-a.events).(type) {
		case Ready:
			t.Log("it was ready first")
		case Failed:
			if first.PID == 0 { // it was ended before it was there
				continue
			}
		}
		next[Exited](a)
	}
}

func TestCloseKillsAndReports(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	a := start(t, r, 1, "ignore TERM")
	next[Ready](a)
	b := start(t, r, 2, "never listen")
	r.Close()
	for _, a := range []*app{a, b} {
		if len(a.events) == 0 {
			t.Fatal("Close returned before the exit was reported")
		}
	}
	r.Start(Spec{Binary: self()}, func(e Event) { t.Errorf("started after Close: %v", e) })
	if err := r.Run(t.Context(), again("exit 0")); !errors.Is(err, errClosed) {
		t.Error(err)
	}
}

func TestRunReturnsTheCommandsOwnError(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	var out bytes.Buffer
	cmd := again("exit 1")
	cmd.Stderr = &out
	var exit *exec.ExitError
	if err := r.Run(t.Context(), cmd); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Error(err)
	}
	if out.String() != "panic: no database\n" {
		t.Errorf("%q", out.String())
	}
	if err := r.Run(t.Context(), again("exit 0")); err != nil {
		t.Error(err)
	}
	if err := r.Run(t.Context(), exec.Command("/absent")); err == nil {
		t.Error("ran what is absent")
	}
}

func TestB3_RunKillsTheWholeGroupWithTheContext(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	newer := errors.New("a newer save")
	ctx, cancel := context.WithCancelCause(context.Background())
	cmd := again("build")
	out := newOutput()
	cmd.Stdout = out
	result := make(chan error, 1)
	go func() { result <- r.Run(ctx, cmd) }()
	child := (&app{t: t, output: out}).child()
	cancel(newer)
	if err := <-result; err != newer {
		t.Errorf("got %v", err)
	}
	if isRunning(child) {
		t.Error("a child outlived Run")
	}
	if err := r.Run(ctx, again("exit 0")); err != newer {
		t.Errorf("with an ended context: %v", err)
	}
}

func TestRunKillsWhatACommandLeavesBehind(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	cmd := again("leave behind")
	out := newOutput()
	cmd.Stdout = out
	if err := r.Run(t.Context(), cmd); err != nil {
		t.Error(err)
	}
	if child := (&app{t: t, output: out}).child(); isRunning(child) {
		t.Error("a child outlived Run")
	}
}

func TestR10_BrokenSinkDoesNotEndTheApp(t *testing.T) {
	t.Parallel()
	a := start(t, newRunner(t), 1, "say much", func(s *Spec) { s.Stdout = broken{} })
	next[Failed](a)
	if exited := next[Exited](a); exited.Code != 0 {
		t.Errorf("%+v", exited)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space") }
