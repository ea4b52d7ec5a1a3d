package loop

import (
	"slices"
	"time"

	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
)

// step takes one event at one moment and says what is the case afterwards and what
// is to be done. It is pure: old is not changed, and nothing but its arguments counts.
func step(old state, now time.Time, ev event) (state, []effect) {
	t := turn{state: old.clone(), now: now}
	t.take(ev)
	if !t.stopping {
		t.advance()
	}
	t.tellStates()
	t.finishStop()
	return t.state, t.effects
}

// turn is one call of step: the state in the making and the effects so far.
type turn struct {
	state
	now     time.Time
	effects []effect
	reaped  *proxy.Process // whose end this turn is about; nil for none
}

func (t *turn) do(e ...effect) { t.effects = append(t.effects, e...) }

// take changes the state by one event. What can begin because of it is begun by
// advance, in one place.
func (t *turn) take(ev event) {
	switch ev := ev.(type) {
	case begun:
		t.due.rebuild = true
	case watched:
		t.takeWatched(ev.Event)
	case built:
		t.takeBuilt(ev.Result)
	case generated:
		t.takeGenerated(ev.id, ev.Result)
	case ran:
		t.takeRan(ev.Event)
	case drained:
		t.takeDrained(ev.Drained)
	case proofOver:
		t.takeProof(ev.gen)
	case retryDue:
		t.takeRetry(ev.id)
	case loaded:
		t.takeLoaded(ev.Reloaded)
	case restartOrder:
		t.takeRestartOrder()
	case stopOrder:
		t.takeStop()
	case overdue:
		t.takeOverdue(ev.gen)
	case pauseOver:
		t.takePauseOver(ev.id)
	case pauseOrder:
		t.takePause(ev.limit)
		t.do(answer{ev.holds, !t.stopping})
	case resumeOrder:
		t.resume("")
		t.do(answer{ev.holds, !t.stopping})
	case attended:
		t.attend()
	}
}

func (t *turn) takeWatched(ev watcher.Event) {
	switch ev := ev.(type) {
	case watcher.Pending:
		t.raised = ev.N
		t.readByBuild, t.readByStart = t.build != nil, t.in(starting) != nil
		t.openAuthor, t.authorLate = t.author()
	case watcher.Batch:
		t.close(ev.N, ev.Changes, ev.Touched)
	case watcher.Unchanged:
		t.close(ev.N, nil, ev.Touched)
	case watcher.Synced:
		t.takeSynced(ev)
	case watcher.Trouble:
		t.warn(ev.Text, "")
	}
}

// close takes what a number was about. What has the content that it had counts too
// after a failure, as the disk may have room again, or the database may be up (rule 8);
// and where something may have read what stood there for a moment.
func (t *turn) close(n uint64, changes, touched []watcher.Change) {
	changes = slices.Clip(changes)
	for _, c := range touched {
		if t.failed() || t.down != up ||
			c.Action == watcher.Rebuild && t.readByBuild || c.Action == watcher.Restart && t.readByStart {
			changes = append(changes, c)
		}
	}
	t.readByBuild, t.readByStart = false, false
	if t.pause.on || t.fedBack(changes) {
		t.pause.parked = append(t.pause.parked, parked{n, changes})
		return
	}
	t.unpark()
	t.closed = n
	t.change(changes)
}

func (t *turn) takeRan(ev runner.Event) {
	switch ev := ev.(type) {
	case runner.Waiting:
		t.takeWaiting(ev)
	case runner.Listening:
		t.takeListening(ev)
	case runner.Ready:
		t.takeReady(ev)
	case runner.Failed:
		t.takeFailed(ev)
	case runner.Fixed:
		t.takeFixed(ev)
	case runner.Unresponsive:
		t.takeUnresponsive(ev)
	case runner.Exited:
		t.takeExited(ev)
	}
}

// advance begins what is due and can begin, and settles what is done. It is the only
// place that starts a build or a process.
func (t *turn) advance() {
	t.endCommands()
	t.beginBuild()
	t.beginStart()
	t.boundStart()
	if !t.busy() {
		t.settle(t.covered())
		t.discharge()
	}
	t.beginCommands()
}

// settle lets go who came up to number n.
func (t *turn) settle(n uint64) {
	t.settled = max(t.settled, n)
	for len(t.saves) > 0 && t.saves[0].n <= t.settled {
		t.saves = t.saves[1:]
	}
}
