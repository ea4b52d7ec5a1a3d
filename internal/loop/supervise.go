package loop

import (
	"slices"
	"time"

	"github.com/watcher-dev/watcher/runner"
)

// The supervisor's patience, as people know it from systemd and supervisord.
const (
	firstRetry    = 100 * time.Millisecond // doubling with each crash in a row
	longestRetry  = 30 * time.Second
	steady        = 10 * time.Second // alive for so long: the row is over
	crashLimit    = 5                // so many crashes …
	crashInterval = 10 * time.Second // … in so long: given up
)

// takeFailed takes a process that did not become ready. Exited follows, unless it
// could not be started at all.
func (t *turn) takeFailed(ev runner.Failed) {
	p := t.find(ev.Generation)
	if p == nil {
		return
	}
	p.pid = ev.PID
	failed := *p
	if ev.PID == 0 {
		t.remove(failed.gen)
	} else if failed.role == starting {
		t.end(p, supersedeLimit, ev.Reason)
	}
	if failed.role == starting && !t.stopping && !t.tryAnotherWay(failed, ev) {
		t.lap(writer{gen: failed.gen})
		t.startFailed(failed, ev)
	}
}

// startFailed takes a failed start, also one within the proof second. The target, if
// there is one, is left alone (rule 9).
func (t *turn) startFailed(p process, ev runner.Failed) {
	t.sayStartFailed(p, ev)
	t.fell(p, ev.Reason)
	t.kills, t.hung, t.undone = 0, 0, t.undone || p.restart
	if !t.buildFailed { // else what the compiler said is newer
		t.problem = processProblem(problemStart, p, ev.Reason, ev.Tail)
	}
	t.settleWork(p.covers)
	if t.in(current) != nil || t.in(starting) != nil || t.build != nil || t.due.rebuild || t.due.start() || t.down != up {
		return
	}
	if t.proven != "" && t.proven != p.binary {
		t.due.recover = t.proven
		return
	}
	if t.policy.restart == RestartNever {
		t.down = exited
		return
	}
	t.backOff(p.binary)
}

func (t *turn) takeExited(ev runner.Exited) {
	p := t.find(ev.Generation)
	if p == nil {
		return
	}
	p.pid = ev.PID
	gone := *p
	t.remove(gone.gen)
	if gone.role == current && !t.stopping {
		t.lost(gone, ev)
	}
	t.noteEnd(gone, ev)
	if gone.target && gone.role == stopping {
		t.sayDrained(gone)
	}
}

// takeUnresponsive ends a target that answers no more, and takes it for a crashed one.
func (t *turn) takeUnresponsive(ev runner.Unresponsive) {
	p := t.find(ev.Generation)
	if p == nil || p.role != current || t.stopping {
		return
	}
	gone := *p
	t.end(p, t.policy.stopTimeout, ev.Reason)
	t.lost(gone, runner.Exited{Generation: gone.gen, PID: ev.PID, Code: -1, Reason: ev.Reason, Alive: ev.Alive, Tail: ev.Tail})
}

// lost takes the end of the target that nobody asked for.
func (t *turn) lost(p process, ev runner.Exited) {
	if p.proven {
		t.crashed(p, ev)
	} else {
		t.fellInProof(p, ev)
	}
}

// fellInProof takes the end of a target within its first second: the old process,
// where it is kept, takes over again (rule 5).
func (t *turn) fellInProof(p process, ev runner.Exited) {
	old := t.in(standby)
	if old != nil {
		old.role, old.reason, old.drained = current, "the one after it fell", false
		t.sayBack(old)
	}
	t.startFailed(p, runner.Failed{
		Generation: p.gen, PID: ev.PID, Tail: ev.Tail,
		Reason: howItEnded(ev) + " within its first second",
	})
}

// crashed takes the end of a target that had proven itself.
func (t *turn) crashed(p process, ev runner.Exited) {
	if ev.Alive >= steady {
		t.failures = 0
	}
	calm := ev.Code == 0 && ev.Signal == "" && ev.Reason == "" // else it has not really gone
	wanted := t.policy.restart == RestartAlways || t.policy.restart == RestartOnFailure && !calm
	t.sayExit(p, ev, wanted)
	t.fell(p, howItEnded(ev))
	kind := problemCrash
	if calm {
		kind = problemExit
	}
	if !t.buildOrStartFailed() {
		t.problem = processProblem(kind, p, howItEnded(ev), ev.Tail)
	}
	underway := t.build != nil || t.due.rebuild || t.due.start() || t.in(starting) != nil
	switch {
	case !wanted:
		t.down = exited
	case !underway: // else that takes its place, and revive is asked if it fails
		t.backOff(p.binary)
	}
}

// revive starts a binary, if nothing runs and something should: the target crashed during a
// build, and nothing comes of that build for now (rule 9).
func (t *turn) revive(binary string) {
	if t.in(current) != nil || t.in(starting) != nil || t.due.rebuild || t.due.start() || t.down != up || t.retry != 0 {
		return
	}
	t.due.recover = binary
}

// backOff starts a binary again after a while, or gives up.
func (t *turn) backOff(binary string) {
	t.crashes = slices.DeleteFunc(t.crashes, func(at time.Time) bool { return t.now.Sub(at) >= crashInterval })
	t.crashes = append(t.crashes, t.now)
	if len(t.crashes) >= crashLimit {
		t.down = givenUp
		t.sayGivenUp()
		return
	}
	delay := min(firstRetry<<min(t.failures, 10), longestRetry)
	t.failures++
	t.retries++
	t.retry, t.again, t.retryAt = t.retries, binary, t.now.Add(delay)
	t.sayRetry(delay)
	t.do(after{delay, retryDue{t.retry}})
}

func (t *turn) takeRetry(id int) {
	if t.retry == 0 || id != t.retry {
		return
	}
	t.retry = 0
	if !t.due.start() && t.build == nil && !t.due.rebuild {
		t.due.recover = t.again
	}
}

// closeBreaker forgets the crashes: something has changed (rule 9).
func (t *turn) closeBreaker() {
	t.retry = 0
	t.crashes, t.failures = nil, 0
}
