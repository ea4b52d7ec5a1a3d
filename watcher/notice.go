package watcher

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/watcher-dev/watcher/watcher/rules"
)

// empty works through what came since the last time.
func (w *Watcher) empty() {
	p := w.inbox.take()
	for _, e := range p.events {
		switch {
		case e.Untold:
			w.noticeUntold(e.Event)
		case !e.Rung || w.isNews(e.Event):
			w.notice(e.Event)
		}
	}
	if p.lost != nil { // an overflow, most likely: any save may be among the lost events
		w.raise()
		w.round.walkLater(everything)
	}
	if p.cfg != nil {
		w.reconfigure(*p.cfg, p.cfgSince)
	}
	if p.graph != nil {
		w.takeGraph(*p.graph, p.graphSince)
	}
	if len(p.syncs)+len(p.counts) > 0 && w.walk(checked) != nil {
		w.lose()
	}
	for _, id := range p.syncs {
		w.emit(Synced{id, w.number})
	}
	for _, ask := range slices.Concat(p.asked, p.counts) {
		ask <- w.number
	}
}

// isNews reports whether what rang was not taken in: it may have rung long ago, and to save the same once
// more can ask for something (rule 8).
func (w *Watcher) isNews(e fsnotify.Event) bool {
	for _, name := range w.called(filepath.Clean(e.Name)) {
		f, known := w.files[name]
		switch _, isFolder := w.folders[name]; {
		case known && w.differs(name, f), !known && (isFolder || !e.Has(fsnotify.Remove)):
			return true
		}
	}
	return false
}

// noticeUntold works through a change that no event told of. If it matters here, its
// mount is blind to some of what is done there. Of others it would say little: a database
// that is written through memory makes no events anywhere.
func (w *Watcher) noticeUntold(e fsnotify.Event) {
	before := len(w.round.touched)
	w.notice(e)
	if len(w.round.touched) > before {
		w.fs.Distrust(filepath.Dir(e.Name), e.Name)
	}
}

func (w *Watcher) reconfigure(cfg Config, since time.Time) {
	w.cfg.Rules, w.cfg.Ignore, w.cfg.EnvFiles = cfg.Rules, cfg.Ignore, cfg.EnvFiles
	w.pay()
	w.rule(since)
}

// rule makes the rules anew and takes up what they ask for. What is newly relevant and was written since
// counts as saved.
func (w *Watcher) rule(since time.Time) {
	if !since.IsZero() {
		w.since = since.Add(-settleSlack)
		defer func() { w.since = time.Time{} }()
	}
	old := w.rules
	w.rules, w.before = w.newRules(), &old
	_ = w.walk(baseline) // Root gone: an event of its own says so
	if w.learned {
		w.learn()
	}
	w.before = nil
}

// notice works through one event of the system.
func (w *Watcher) notice(e fsnotify.Event) {
	real, matters := filepath.Clean(e.Name), false
	if e.Op == fsnotify.Write && w.arrivals.isQuiet(real) && !isLink(real) {
		return // as before: an app may write to its log all the time
	}
	for _, name := range w.called(real) {
		matters = w.noticeName(name, e) || matters
	}
	if !matters {
		w.arrivals.hush(real)
	}
}

// noticeName works through an event by the name that the project has for the file. It
// reports whether an event of that name can matter, this one or another.
func (w *Watcher) noticeName(name string, e fsnotify.Event) bool {
	gone := e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename)
	_, isFolder := w.folders[name]
	switch {
	case name == w.cfg.Root:
		if gone {
			w.forget(name)
			w.lose()
		}
	case isFolder && gone:
		w.forget(name)
		// If it was found under its new name already, fsnotify took the watch for the one of
		// its old name, which is gone now. And a place outside of Root is to be waited for.
		if e.Has(fsnotify.Rename) || !rules.Within(name, w.cfg.Root, string(filepath.Separator)) {
			w.round.walkLater(saved)
		}
	case e.Op&(fsnotify.Create|fsnotify.Write) != 0 && isLink(name) && isDir(name): // a write, as some systems call it
		w.relink(filepath.Dir(name))
	case isFolder: // of itself, or found before its event came
	case (e.Has(fsnotify.Create) || w.told[name]) && isDir(name): // new, or perhaps readable now
		w.adopt(name)
	default:
		return w.noticeFile(name, e)
	}
	return true
}

// noticeFile is noticeName for what is no folder.
func (w *Watcher) noticeFile(name string, e fsnotify.Event) bool {
	in, ok := w.folders[filepath.Dir(name)]
	if !ok {
		return false
	}
	if e.Op == fsnotify.Chmod {
		if now, _ := stamp(w.seed, name); now.stamp == w.files[name].stamp {
			return true // only its permissions
		}
	}
	leads := w.noticeLeading(name, e)
	v := w.judge(name, in)
	if v.Action == Ignore {
		return leads
	}
	w.touch(name, v)
	if e.Has(fsnotify.Create) && isLink(name) {
		w.follow(name)
		w.watchLinked()
	}
	return true
}

// noticeLeading takes up a file that says which others count, and reports whether it is one.
func (w *Watcher) noticeLeading(name string, e fsnotify.Event) bool {
	switch base := filepath.Base(name); {
	case base == ".gitignore", slices.Contains(w.git.Excludes(), name):
		w.git.Reset()
		w.arrivals.forget()
		w.walkSoon()
	case base == "go.mod", base == "package.json":
		if filepath.Dir(name) != w.cfg.Root && !e.Has(fsnotify.Write) {
			w.walkSoon() // its folder may count as another kind from now on
		}
	default:
		return false
	}
	return true
}

// walkSoon has the round end with a walk, and who asks meanwhile wait for what it finds.
func (w *Watcher) walkSoon() {
	w.round.walkLater(saved)
	w.raise()
}

// lose is called when Root went. It may be there again already.
func (w *Watcher) lose() {
	if w.lost {
		return
	}
	w.lost = true
	if w.regain(); w.lost {
		w.emit(Trouble{fmt.Sprintf("%s is gone; it is looked for every second", w.cfg.Root)})
	}
}

// regain takes up a Root that is back.
func (w *Watcher) regain() {
	if w.lost && w.walk(everything) == nil {
		w.lost = false
	}
}
