package loop

import (
	"slices"
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

// paused reports whether what is not settled waits for the end of a pause, and for nothing
// else that would settle it.
func (s *state) paused() bool {
	return s.pause.on && s.in(starting) == nil && !s.due.start() && (s.build == nil || s.build.killed)
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
		t.revive()
	}
}

func (t *turn) takePauseOver(id int) {
	if t.pause.id == id {
		t.resume("nobody has resumed: ")
	}
}

// resume takes all that was saved during the pause. Nothing begins before all of it is taken.
func (t *turn) resume(why string) {
	if !t.pause.on || t.stopping {
		return
	}
	p := t.pause
	t.pause = pause{id: p.id}
	said := "nothing was saved meanwhile"
	if p.something() {
		said = "what was saved meanwhile is taken now"
	}
	t.print(terminal.Event{Kind: terminal.KindResume, Text: why + said})
	t.feedback = feedback{}
	for i := range t.saves { // whose patience begins now
		t.saves[i].at = t.now
	}
	if p.rebuild {
		t.askRebuild()
	}
	var taken []watcher.Change
	for _, batch := range p.parked {
		t.closed = batch.n
		more := slices.DeleteFunc(slices.Clone(batch.changes), func(c watcher.Change) bool { return slices.Contains(taken, c) })
		taken = append(taken, more...)
		t.change(more)
	}
}
