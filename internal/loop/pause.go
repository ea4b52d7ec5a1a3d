package loop

import (
	"time"

	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/watcher"
)

// pause puts off what saves ask for, as somebody edits several files that belong together.
// What runs is looked after as ever, and a candidate comes to its end. A build is begun
// again after the pause, as it could read half of the edit; only the very first one goes
// on, as there is nothing else to be served.
type pause struct {
	on      bool
	id      int // of the pause, so that only its own limit ends it
	parked  []parked
	rebuild bool // a build was put off
}

// parked is a number of the watcher that is closed there, and not yet taken here.
type parked struct {
	n       uint64
	changes []watcher.Change
}

// something reports whether anything waits for the end of the pause.
func (p *pause) something() bool { return p.rebuild || len(p.parked) > 0 }

// upTo is the newest number that is parked; 0 for none.
func (p *pause) upTo() uint64 {
	if len(p.parked) == 0 {
		return 0
	}
	return p.parked[len(p.parked)-1].n
}

// paused reports whether what is not settled waits for the end of a pause, or of a loop that
// feeds itself, and for nothing else that would settle it: what is still open may end the loop.
func (s *state) paused() bool {
	looping := len(s.pause.parked) > 0 && s.raised == s.pause.upTo()
	return (s.pause.on || looping) && s.in(starting) == nil && !s.due.start() &&
		(s.build == nil || s.build.killed) && s.commandsRest()
}

// takePause begins a pause, or makes one longer.
func (t *turn) takePause(limit time.Duration) {
	if t.stopping {
		return
	}
	if b := t.build; b != nil && !b.killed && t.newest != "" {
		b.killed = true
		t.due.rebuild = true
		t.do(killBuild{})
	}
	t.pause.on = true
	t.pause.id++
	t.do(after{limit, pauseOver{t.pause.id}})
	t.print(terminal.Event{Kind: terminal.KindPause, Text: `what is saved waits for "watcher resume", at most ` + terminal.Short(limit)})
}

// putOff keeps a build back that is due during a pause. What crashed meanwhile, and was to be
// replaced by it, is started again.
func (t *turn) putOff() {
	if t.pause.on && t.due.rebuild && t.newest != "" {
		t.due.rebuild, t.pause.rebuild = false, true
		t.revive(t.newest) // not an older one, as nothing has failed
	}
}

func (t *turn) takePauseOver(id int) {
	if t.pause.on && t.pause.id == id {
		t.resume("nobody has resumed: ")
	}
}

// resume takes all that was saved during the pause. Nothing begins before all of it is taken.
func (t *turn) resume(why string) {
	if !t.pause.on && t.feedback.paused == nil || t.stopping {
		return
	}
	said := "nothing was saved meanwhile"
	if t.pause.something() {
		said = "what was saved meanwhile is taken now"
	}
	t.print(terminal.Event{Kind: terminal.KindResume, Text: why + said})
	rebuild := t.pause.rebuild
	t.pause.on, t.pause.rebuild, t.feedback = false, false, feedback{}
	for i := range t.saves { // whose patience begins now
		t.saves[i].at = t.now
	}
	if rebuild {
		t.askRebuild()
	}
	t.unpark()
}

// unpark takes what was parked, in its order.
func (t *turn) unpark() {
	all := t.pause.parked
	t.pause.parked = nil
	for _, batch := range all {
		t.closed = batch.n
		t.change(batch.changes)
	}
}
