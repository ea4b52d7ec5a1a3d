package loop

import (
	"slices"
	"time"

	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/watcher"
)

// A loop that feeds itself is a file that is written by what its change sets going: by
// an app while it starts, or by a rule's command. Someone who saves the same file again
// and again does so at any time, and is never to be taken for one. So only a start or
// run counts in which the file was written exactly once, and which came to its end.
const (
	feedbackLaps     = 5
	feedbackInterval = 30 * time.Second
	// feedbackLate is how long after the swap a write may still be the app's. It is less
	// than anybody needs who looks at the answer first. It is no time for source files,
	// which an app seldom writes and a script may save at once.
	feedbackLate = 200 * time.Millisecond
)

// feedback is what is known of the file that changed last, as long as nothing else does.
type feedback struct {
	path   string
	writer writer      // that wrote it last, as far as can be known
	writes int         // by it
	laps   []time.Time // ends of starts and runs that wrote it once
	told   time.Time
	paused *proxy.Problem // as people are told; nil if it is not
}

// writer is a start of the app or a run of a command. The zero value is nobody we know.
type writer struct {
	gen     int
	command int    // id of the run
	name    string // of the command
}

// author says who of ours may write at this moment.
func (t *turn) author() (w writer, late bool) {
	if p := t.in(starting); p != nil {
		return writer{gen: p.gen}, false
	}
	if p := t.in(current); p != nil && t.now.Sub(p.began) < feedbackLate && !p.proven {
		return writer{gen: p.gen}, true
	}
	return writer{}, false
}

// wroteIt says who of ours has most likely written a file that changed.
func (t *turn) wroteIt(c watcher.Change) writer {
	for _, command := range t.commands {
		if command.name == c.Run {
			return writer{command: command.id, name: command.name}
		}
	}
	if t.authorLate && c.Action == watcher.Rebuild {
		return writer{}
	}
	return t.openAuthor
}

// fedBack reports whether a batch is parked, because it is one lap more of a loop that
// feeds itself. Any other change ends that.
func (t *turn) fedBack(changes []watcher.Change) bool {
	f := &t.feedback
	if len(changes) == 0 {
		return f.paused != nil
	}
	if len(changes) > 1 || changes[0].Path != f.path || changes[0].Action == watcher.Reload {
		*f = feedback{path: changes[0].Path}
	}
	if len(changes) > 1 {
		f.path = ""
		return false
	}
	w := t.wroteIt(changes[0])
	f.laps = slices.DeleteFunc(f.laps, func(at time.Time) bool { return t.now.Sub(at) > feedbackInterval })
	if f.paused != nil || len(f.laps) >= feedbackLaps && w != (writer{}) {
		if f.paused == nil || t.now.Sub(f.told) > feedbackInterval {
			f.told = t.now
			f.paused = t.sayFedBack(f.path, f.writer)
		}
		return true
	}
	if w != f.writer {
		f.writer, f.writes = w, 0
	}
	if f.writes++; !t.underwayBy(w) {
		t.lap(w)
	}
	return false
}

// attend takes that somebody outside waits for what was saved: then none of ours has saved
// it, however regular that is.
func (t *turn) attend() {
	if t.feedback.paused == nil {
		t.feedback = feedback{}
	}
}

// underwayBy reports whether the start or run has not come to its end, which is when
// its lap is counted.
func (t *turn) underwayBy(w writer) bool {
	if p := t.in(starting); p != nil && p.gen == w.gen {
		return true
	}
	i := t.commandOf(w.command)
	return i >= 0 && (t.commands[i].stage == running || t.commands[i].stage == killed)
}

// lap takes the end of a start or run that may have written the file.
func (t *turn) lap(w writer) {
	f := &t.feedback
	switch {
	case w == (writer{}) || w != f.writer:
	case f.writes > 1:
		f.laps = nil
	default:
		f.laps = append(f.laps, t.now)
	}
}
