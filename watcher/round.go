package watcher

import (
	"maps"
	"slices"
	"time"

	"github.com/watcher-dev/watcher/watcher/rules"
)

// round is what belongs to one number, from the first sign to the end. Folders that
// come and go begin one too, but its number is raised only when a relevant file
// shows: the zero value is no round.
type round struct {
	open        bool // the number is raised
	touched     map[string]rules.Verdict
	first, last time.Time // of the signs
	blank       bool      // what was read last had lost its content
	walk        mode      // of a walk at the end; baseline means none
}

// stir notes a sign.
func (r *round) stir() {
	r.last, r.blank = time.Now(), false
	if r.first.IsZero() {
		r.first = r.last
	}
}

func (r *round) burst(locked bool) burst {
	return burst{first: r.first, last: r.last, files: len(r.touched), locked: locked, blank: r.blank}
}

// walkLater asks for a whole walk at the end of the round.
func (r *round) walkLater(m mode) {
	r.stir()
	r.walk = max(r.walk, m)
}

// touch notes a sign of a relevant file.
func (w *Watcher) touch(name string, v rules.Verdict) {
	w.round.stir()
	if w.round.touched == nil {
		w.round.touched = map[string]rules.Verdict{}
	}
	w.round.touched[name] = v
	w.raise()
	if v.Action == Reload {
		w.owe()
	}
}

// raise opens the next number, if none is open.
func (w *Watcher) raise() {
	if !w.round.open {
		w.number++
		w.tellNewest()
		w.round.open = true
		w.emit(Pending{w.number})
	}
}

// owe has who asks from now on wait for one number more than was raised: the settings were saved, and what is
// saved from now on may be judged by them, though nobody has read them yet.
func (w *Watcher) owe() {
	w.owed = true
	w.tellNewest()
}

// pay raises the number that is owed, which may be about nothing.
func (w *Watcher) pay() {
	if w.owed {
		w.owed = false
		w.round.stir()
		w.raise()
		w.tellNewest()
	}
}

func (w *Watcher) tellNewest() {
	n := w.number
	if w.owed {
		n++
	}
	w.newest.Store(n)
}

// finish ends the round, or leaves it open with a reason to wait longer. After
// settleLimit no reason counts (rule 1).
func (w *Watcher) finish() {
	before, late := len(w.round.touched), time.Since(w.round.first) >= settleLimit
	w.lookAgain()
	if !late && (len(w.round.touched) > before || w.round.walk != baseline) {
		return
	}
	if !w.round.open {
		w.nextRound()
		return
	}
	now := make(map[string]content, len(w.round.touched))
	blank := false
	for name := range w.round.touched {
		now[name] = w.read(name)
		blank = blank || w.files[name].blanks(now[name])
	}
	if blank && !w.round.blank && !late {
		w.round.blank = true
		return
	}
	end := w.compare(now)
	if w.learned { // before the number is closed: the build then reads what is remembered here
		w.learn()
	}
	w.nextRound()
	w.emit(end)
	if batch, ok := end.(Batch); !ok || !slices.ContainsFunc(batch.Changes, func(c Change) bool { return c.Action == Reload }) {
		w.pay() // nobody reads settings that are as they were
	}
}

// nextRound begins the next round, at once if a walk has been asked for meanwhile.
func (w *Watcher) nextRound() {
	m := w.round.walk
	w.round = round{}
	if m != baseline {
		w.round.walkLater(m)
	}
}

// compare makes now the known contents and returns what closes the number.
func (w *Watcher) compare(now map[string]content) Event {
	var changes, touched []Change
	for _, name := range slices.Sorted(maps.Keys(now)) {
		v := w.round.touched[name]
		old, known := w.files[name]
		asks := v
		if v.Compiled && !old.taken && !now[name].taken && (known || now[name].there) {
			asks = v.Rest() // of another system, or with another tag: it never mattered to the build
		}
		change := Change{Path: name, Action: asks.Action, Signal: asks.Signal, Run: asks.Run}
		switch {
		case asks.Action == Ignore:
		case old.same(now[name]):
			touched = append(touched, change)
		default:
			changes = append(changes, change)
		}
		w.keep(name, v, now[name])
	}
	if len(changes) > 0 {
		return Batch{N: w.number, Changes: changes, Touched: touched}
	}
	return Unchanged{N: w.number, Touched: touched}
}

// lookAgain makes the walk that was put off to the end of the round.
func (w *Watcher) lookAgain() {
	m := w.round.walk
	w.round.walk = baseline
	if m == everything { // events were lost: the watches may have wrong names too
		for dir := range w.folders {
			w.leave(dir)
		}
	}
	if m != baseline && w.walk(m) != nil {
		w.lose()
	}
}

// learn takes over the embed patterns that were read since the last time.
func (w *Watcher) learn() {
	w.learned = false
	w.rules = w.newRules()
	_ = w.walk(baseline) // Root gone: an event of its own says so
}
