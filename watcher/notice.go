package watcher

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/fsnotify/fsnotify"
)

// empty works through what came since the last time.
func (w *Watcher) empty() {
	p := w.inbox.take()
	for _, e := range p.events {
		if e.Untold {
			w.noticeUntold(e.Event)
		} else {
			w.notice(e.Event)
		}
	}
	if p.lost != nil { // an overflow, most likely: any save may be among the lost events
		w.raise()
		w.round.walkLater(everything)
	}
	if p.cfg != nil {
		w.reconfigure(*p.cfg)
	}
	for _, ask := range p.asked {
		ask <- w.number
	}
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

func (w *Watcher) reconfigure(cfg Config) {
	old := w.rules
	w.cfg.Rules, w.cfg.Ignore, w.cfg.EnvFiles = cfg.Rules, cfg.Ignore, cfg.EnvFiles
	w.rules, w.before = w.newRules(), &old
	_ = w.walk(baseline) // Root gone: an event of its own says so
	w.before = nil
}

// notice works through one event of the system.
func (w *Watcher) notice(e fsnotify.Event) {
	name := filepath.Clean(e.Name)
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
		if e.Has(fsnotify.Rename) {
			// If it was found under its new name already, fsnotify took the watch for
			// the one of its old name, which is gone now.
			w.round.walkLater(saved)
		}
	case isFolder: // of itself, or found before its event came
	case (e.Has(fsnotify.Create) || w.told[name]) && isDir(name): // new, or perhaps readable now
		w.adopt(name)
	default:
		w.noticeFile(name, e)
	}
}

func (w *Watcher) noticeFile(name string, e fsnotify.Event) {
	in, ok := w.folders[filepath.Dir(name)]
	if !ok {
		return
	}
	if e.Op == fsnotify.Chmod {
		if now, _ := stamp(w.seed, name); now.stamp == w.files[name].stamp {
			return // only its permissions
		}
	}
	switch base := filepath.Base(name); {
	case in.output && filepath.Ext(base) == ".go":
		w.round.walkLater(saved) // it lies in no mere output from now on
	case base == ".gitignore", name == w.git.excludes():
		w.git.reset()
		w.round.walkLater(saved)
	case (base == "go.mod" || base == "package.json") && filepath.Dir(name) != w.cfg.Root && !e.Has(fsnotify.Write):
		w.round.walkLater(saved) // its folder may count as another kind from now on
	}
	if v := w.judge(name, in); v.action != Ignore {
		w.touch(name, v)
	}
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

func isDir(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && info.IsDir()
}
