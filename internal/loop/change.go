package loop

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/watcher-dev/watcher/watcher"
)

// Progress (rule 6): a developer, or an agent, who saves faster than a build takes
// still sees new code. After this many superseded builds, or this many times the
// last build since the first save that nobody has seen served, what runs is finished.
const (
	patientKills = 2
	patientNum   = 3 // 1.5 ×
	patientDen   = 2
)

// A candidate for which something newer waits may take this many times as long as the last start
// that became ready, if there was one, and a little more. The next one may take twice as long, and
// so on, until one has come to its end: a start that has only become slow gets through as well.
const (
	overdueStarts    = 3
	overdueLeast     = 2 * time.Second
	overdueDoublings = 10 // which is more than any start is allowed
)

// supersedeLimit is how long a process that was never target has to end by itself.
const supersedeLimit = 500 * time.Millisecond

// change adds what a batch asks for to what is due (rule 2).
func (t *turn) change(changes []watcher.Change) {
	if len(changes) == 0 || t.stopping {
		return
	}
	var asked []watcher.Action
	var files, refresh []string
	for _, c := range changes {
		files = append(files, c.Path)
		if c.Run != "" {
			t.askCommand(c.Run, c.Path)
		}
		switch c.Action {
		case watcher.Reload:
			t.readSettings()
			continue // not a step of the scale, but a matter of its own
		case watcher.Refresh:
			refresh = append(refresh, c.Path)
		case watcher.Signal:
			t.addSignal(c.Signal, c.Path)
		}
		asked = append(asked, c.Action)
	}
	t.due.refresh = append(t.due.refresh, refresh...)
	t.retryBroken()
	if len(refresh) < len(changes) { // else it has a line of its own
		t.sayChange(files)
	}
	t.ask(asked...)
}

// ask makes a rebuild due, or a restart, as if a save had asked for it. Of both each is: a
// rebuild may give the same binary.
func (t *turn) ask(actions ...watcher.Action) {
	rebuild, restart := slices.Contains(actions, watcher.Rebuild), slices.Contains(actions, watcher.Restart)
	if !rebuild && !restart || t.stopping {
		return
	}
	t.saves = append(t.saves, save{n: t.closed, at: t.now})
	t.closeBreaker()
	if rebuild {
		t.askRebuild()
	}
	if restart {
		t.askRestart()
	}
}

// askRebuild supersedes what builds or starts older code, unless it is time to let it finish.
func (t *turn) askRebuild() {
	patient := t.patient()
	if b := t.build; b != nil && !b.killed {
		if patient || b.urgent {
			b.urgent = true
		} else {
			b.killed = true
			t.kills++
			t.do(killBuild{})
		}
	}
	if f := t.due.fresh; f != nil && !f.urgent {
		t.due.fresh = nil
	}
	t.supersede(patient)
	t.due.rebuild = true
	t.due.recover = ""
}

// askRestart starts the candidate again; a running build absorbs it (rule 2).
func (t *turn) askRestart() {
	t.supersede(t.patient())
	t.due.restart = true
	t.due.recover = ""
}

// supersede ends the candidate, which will never be target, or marks it as one that
// is left to finish. A restart that it was to fulfil is due again.
func (t *turn) supersede(patient bool) {
	p := t.in(starting)
	switch {
	case p == nil:
	case patient || p.urgent:
		p.urgent = true // boundStart sees to it that this is not for ever
	default:
		t.overtake(p)
	}
}

// overtake ends a candidate that will never be target.
func (t *turn) overtake(p *process) {
	t.kills++
	t.due.restart = t.due.restart || p.restart
	t.end(p, supersedeLimit, "overtaken by a newer save or order")
}

// boundStart ends a candidate that hangs, most likely, while something newer waits for it: who
// has mended that is not to wait until its time is over. What waits for its needs would never
// be finished.
func (t *turn) boundStart() {
	p := t.in(starting)
	if p == nil || t.build == nil && !t.due.rebuild && !t.due.start() {
		return
	}
	bound := (overdueStarts*t.lastStart + overdueLeast) << min(t.hung, overdueDoublings)
	left := bound - t.now.Sub(p.began)
	switch {
	case p.waitsFor != "":
		t.overtake(p)
	case left <= 0:
		t.hung++
		t.overtake(p)
	case !p.bounded:
		p.bounded = true
		t.do(after{left, overdue{p.gen}})
	}
}

// takeOverdue has boundStart look again at a candidate whose time is over.
func (t *turn) takeOverdue(gen int) {
	if p := t.find(gen); p != nil {
		p.bounded = false
	}
}

func (t *turn) patient() bool {
	if t.kills >= patientKills {
		return true
	}
	if t.lastBuild == 0 || len(t.saves) == 0 {
		return false
	}
	return t.now.Sub(t.saves[0].at)*patientDen >= t.lastBuild*patientNum
}

func (t *turn) addSignal(name, file string) {
	for i := range t.due.signals {
		if s := &t.due.signals[i]; s.name == name {
			s.files = append(s.files[:len(s.files):len(s.files)], file)
			return
		}
	}
	t.due.signals = append(t.due.signals, signal{name, []string{file}})
}

// discharge does the weak actions, when nothing stronger is under way.
func (t *turn) discharge() {
	if p := t.in(current); p != nil {
		for _, s := range t.due.signals {
			t.do(signalProcess{p.gen, s.name})
			t.saySignal(p, s)
		}
	}
	t.due.signals = nil
	t.refresh()
}

// refresh tells open pages: of stylesheets alone they need not be loaded anew.
func (t *turn) refresh() {
	if len(t.due.refresh) == 0 {
		return
	}
	if slices.ContainsFunc(t.due.refresh, func(f string) bool { return filepath.Ext(f) != ".css" }) {
		t.refreshes++
	} else {
		t.styles++
	}
	t.sayRefresh(t.due.refresh)
	t.due.refresh = nil
}

func (t *turn) takeRestartOrder() {
	if !t.pause.on {
		t.feedback = feedback{}
		t.unpark()
	}
	if p := t.in(starting); p != nil && !t.stopping { // who orders has had enough of it
		t.overtake(p)
	}
	t.ask(watcher.Restart)
}

// readSettings reads the settings file; one read at a time.
func (t *turn) readSettings() {
	t.stale = t.loading
	if !t.loading {
		t.loading = true
		t.do(loadSettings{})
	}
}

// takeLoaded takes the settings that were read, or says why they are not taken: then
// the old ones stay (rule 33).
func (t *turn) takeLoaded(r Reloaded) {
	t.loading = false
	if t.stopping {
		return
	}
	if t.stale {
		t.readSettings() // which is not stale
	}
	for _, w := range r.Notes {
		t.warn(w, "")
	}
	if r.Err != nil {
		t.unread = settingsProblem(r)
		t.saySettingsFailed(r.Err)
		return
	}
	t.unread = nil
	t.policy = policyOf(r.Plan)
	t.broken = slices.DeleteFunc(t.broken, func(b broken) bool {
		_, known := r.Plan.Commands[b.name]
		return !known
	})
	t.chooseMode(t.newest)
	t.saySettings(r)
	if p := t.in(starting); p != nil && p.waitsFor != "" { // perhaps for what the edit has mended
		r.Actions = append(slices.Clip(r.Actions), watcher.Restart)
	}
	t.ask(r.Actions...)
}
