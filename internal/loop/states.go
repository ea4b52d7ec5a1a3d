package loop

import (
	"slices"
	"time"

	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/runner"
)

// The states of a process as people know them. They are read off the table of
// processes and what the supervisor is at; nothing decides by them.
const (
	stateExited     = "exited"
	stateBackingOff = "backing off"
	stateGivenUp    = "given up"
)

// stateOf names the states of those that live. A standby is ready to take over again.
var stateOf = [...]string{
	starting: "starting", current: "serving", standby: "ready", draining: "draining", stopping: "stopping",
}

// processes lists those that live, oldest first, then the one that fell last.
func (s *state) processes() []proxy.Process {
	all := make([]proxy.Process, 0, maxProcesses+1)
	for i := range s.procs {
		p := &s.procs[i]
		row := proxy.Process{Generation: p.gen, PID: p.pid, State: stateOf[p.role], Reason: p.reason}
		if p.role == starting {
			row.Attempt = s.failures
		}
		all = append(all, row)
	}
	if s.fallen != nil && s.find(s.fallen.Generation) == nil { // else it is still being ended
		all = append(all, s.supervised(*s.fallen))
	}
	return all
}

// supervised says what is done about a process that fell.
func (s *state) supervised(p proxy.Process) proxy.Process {
	switch {
	case s.retry != 0:
		p.State, p.Attempt, p.NextTry = stateBackingOff, s.failures, s.retryAt
	case s.down == givenUp:
		p.State = stateGivenUp
	}
	return p
}

// fell notes a process that ended by itself, or did not become ready.
func (t *turn) fell(p process, why string) {
	t.fallen = &proxy.Process{Generation: p.gen, PID: p.pid, State: stateExited, Reason: why}
}

// noteEnd notes how a process ended, whoever wanted it.
func (t *turn) noteEnd(p process, ev runner.Exited) {
	end := proxy.Process{Generation: p.gen, PID: p.pid, State: stateExited, Reason: p.reason}
	if f := t.fallen; f != nil && f.Generation == p.gen {
		end = *f
		t.fallen = &end
	}
	end.Code, end.Signal = &ev.Code, ev.Signal
	t.reaped = &end
}

// tellStates tells of each process that is in another state than before, and keeps the
// table of all: the same one if nothing differs, so that views can be compared.
func (t *turn) tellStates() {
	var before []proxy.Process
	if t.table != nil {
		before = *t.table
	}
	now := t.processes()
	for i := range now {
		p := &now[i]
		p.Since = t.now.Truncate(time.Millisecond)
		if old := rowOf(before, p.Generation); old != nil && old.State == p.State {
			p.Since = old.Since
			continue
		}
		t.sayState(*p)
	}
	if t.reaped != nil && rowOf(now, t.reaped.Generation) == nil {
		t.sayState(*t.reaped)
	}
	if !slices.Equal(before, now) {
		t.table = &now
	}
}

func rowOf(rows []proxy.Process, gen int) *proxy.Process {
	for i := range rows {
		if rows[i].Generation == gen {
			return &rows[i]
		}
	}
	return nil
}

func (t *turn) sayState(p proxy.Process) {
	t.print(terminal.Event{
		Kind: terminal.KindState, Generation: p.Generation, PID: p.PID, State: p.State, Text: p.Reason,
		Code: p.Code, Signal: p.Signal, Attempt: p.Attempt, NextTry: p.NextTry,
	})
}
