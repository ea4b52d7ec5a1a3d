package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/watcher-dev/watcher/watcher/rules"
)

// mode says what a walk makes of the files that it finds.
type mode uint8

const (
	baseline   mode = iota // what is not known yet is remembered
	saved                  // what is not known yet counts as saved
	checked                // and what has another size or time than is remembered
	everything             // every file counts as saved
)

// folder is a watched folder.
type folder struct {
	rules.Place
	real  string // where it lies when links are followed; the watch is placed there
	fresh bool   // not watched before the walk that found it
	pass  uint   // last walk that came by
}

// walk goes through all that can matter: it places the watches that are missing, finds
// the files, and drops what no longer belongs. It fails only if Root cannot be watched.
func (w *Watcher) walk(m mode) error {
	w.pass++
	clear(w.links)
	w.dropUnwatched()
	if err := w.visit(w.cfg.Root, folder{real: w.real(w.cfg.Root), Place: rules.Place{Deep: w.rules.Deep(w.cfg.Root)}}, m); err != nil {
		return err
	}
	for _, place := range w.rules.Places() {
		if !rules.Within(place, w.cfg.Root, string(filepath.Separator)) {
			w.visitOutside(place, m)
		}
	}
	w.watchLinked()
	w.sweep(m)
	return nil
}

// visitOutside takes up a place that no way from Root leads to or, where it is not there
// or is a file, the folder in which it is to be seen.
func (w *Watcher) visitOutside(place string, m mode) {
	dir := place
	for !isDir(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	if w.folders[dir].pass != w.pass {
		_ = w.visit(dir, folder{real: w.real(dir), Place: rules.Place{Deep: w.rules.Deep(dir), Skipped: true}}, m)
	}
}

// dropUnwatched forgets folders whose watch the system or fsnotify has dropped, so
// that it is placed anew. No watch is placed twice: adding one under a name that has
// one can make fsnotify 1.10 panic later, if a folder was renamed to that name.
func (w *Watcher) dropUnwatched() {
	watched := map[string]bool{}
	for _, dir := range w.fs.WatchList() {
		watched[dir] = true
	}
	for dir, in := range w.folders {
		if !watched[in.real] {
			w.leave(dir)
		}
	}
}

// adopt takes up a folder that came; what is below it counts as saved.
func (w *Watcher) adopt(dir string) {
	parent, known := w.folders[filepath.Dir(dir)]
	if !known {
		return
	}
	if in, ok := w.enter(dir, parent, isLink(dir)); ok {
		_ = w.visit(dir, in, saved) // what fails is told by complain
	}
	w.watchLinked()
}

// enter is admit, with the place where the folder really lies.
func (w *Watcher) enter(dir string, parent folder, link bool) (folder, bool) {
	in, ok := w.admit(dir, parent)
	if !ok {
		return in, false
	}
	in.real = filepath.Join(parent.real, filepath.Base(dir))
	if link {
		in.real = w.real(dir)
		ok = w.leads(dir, in.real)
	}
	return in, ok
}

// watch places the watch of a folder, if it has none.
func (w *Watcher) watch(dir string, in folder) error {
	if old, known := w.folders[dir]; known && old.real != in.real {
		w.leave(dir)
	}
	if _, known := w.folders[dir]; !known {
		if len(w.names[in.real]) == 0 {
			if err := w.fs.Add(in.real); err != nil {
				return err
			}
		}
		w.names[in.real] = append(w.names[in.real], dir)
		in.fresh = true
	}
	in.pass = w.pass
	w.folders[dir] = in
	w.arrivals.forget()
	return nil
}

// visit takes up a folder and what matters below it. The watch is placed before the list
// is made, so that no file falls between.
func (w *Watcher) visit(dir string, in folder, m mode) error {
	err := w.watch(dir, in)
	var entries []os.DirEntry
	if err == nil {
		entries, err = os.ReadDir(dir)
	}
	if err != nil {
		w.leave(dir)
		w.complain(dir, err)
		return err
	}
	delete(w.told, dir)
	if dir != w.cfg.Root && !w.fit(dir, entries) {
		w.leave(dir)
		return nil
	}
	in = w.folders[dir]
	for _, entry := range entries {
		name := filepath.Join(dir, entry.Name())
		link := entry.Type()&fs.ModeSymlink != 0
		if !entry.IsDir() && !(link && isDir(name)) {
			w.find(name, in, m)
			if link {
				w.follow(name)
			}
		} else if child, ok := w.enter(name, in, link); ok && w.folders[name].pass != w.pass {
			_ = w.visit(name, child, m)
		}
	}
	return nil
}

// fit looks what kind of folder it is by what lies in it, and reports whether it is to be
// watched: what belongs to another module or to a front end of its own is not, unless it
// is asked for.
func (w *Watcher) fit(dir string, entries []os.DirEntry) bool {
	in := w.folders[dir]
	module, front := holds(entries, "go.mod"), holds(entries, "package.json")
	in.Skipped = in.Skipped || module
	in.GoOnly = in.GoOnly || front
	if module || front && w.cfg.Graph != nil { // then nothing but places leads on
		in.Deep = w.rules.Deep(dir)
	}
	w.folders[dir] = in
	return w.rules.Asked(dir) || !module && (!front || w.cfg.Graph == nil)
}

// find takes up a file that a walk came by.
func (w *Watcher) find(name string, in folder, m mode) {
	v := w.judge(name, in)
	if v.Action == Ignore {
		return
	}
	f, known := w.files[name]
	if known { // its content stays: a save may be on its way to us
		f.Verdict, f.pass = v, w.pass
		w.files[name] = f
	}
	if w.before != nil && v.Run != "" && v.Run != w.before.Classify(name, in.Place).Run {
		delete(w.files, name) // another command has not seen it yet
		w.touch(name, v)
		return
	}
	_, open := w.round.touched[name]
	// In a folder that is not new, what the rules before knew of can be unknown only if it is new.
	isNew := !known && !in.fresh && w.before != nil && w.before.Classify(name, in.Place).Action != Ignore
	unseen := known && in.fresh && m != checked // nobody was told what happened to it while its folder was not watched
	switch {
	case m == everything, m >= saved && !known, m == checked && !open && w.differs(name, f),
		unseen, isNew, !known && !open && w.late(name):
		w.touch(name, v)
	case !known && !open:
		w.remember(name, v)
	case known && w.before != nil && v.Compiled:
		w.lookAnew(name, f)
	}
}

// differs reports whether a known file has another size or time than is remembered.
func (w *Watcher) differs(name string, f file) bool {
	now, _ := stamp(w.seed, name)
	return now.stamp != f.stamp
}

// judge is classify with git's answer, which is asked for only where it matters.
func (w *Watcher) judge(name string, in folder) rules.Verdict {
	v := w.rules.Classify(name, in.Place)
	if v.AskGit && w.ignored(name) {
		return v.Rest()
	}
	if v.Rule > 0 && v.Action < Rebuild && w.rules.Built(name, in.Place).Action == Rebuild {
		w.tell(fmt.Sprintf("rule %d makes %s %s, but the build reads it: what is saved there is not built",
			v.Rule, w.rules.Rel(name), [...]string{"ignored", "a matter of its command", "a refresh", "a signal", "a restart"}[v.Action]))
	}
	return v
}

// sweep drops the folders and files that the last walk did not come by.
func (w *Watcher) sweep(m mode) {
	for dir, in := range w.folders {
		if in.pass != w.pass {
			w.leave(dir)
			w.round.walkLater(saved) // as for a renamed folder: see notice
		}
	}
	for name, f := range w.files {
		if f.pass == w.pass {
			continue
		}
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			w.drop(name) // it is there, but asks for nothing any more
		} else if m != baseline {
			w.touch(name, f.Verdict)
		}
	}
}

// forget drops a folder that went, with all that was below it.
func (w *Watcher) forget(dir string) {
	for name := range w.folders {
		if rules.Within(name, dir, string(filepath.Separator)) {
			w.leave(name)
		}
	}
	for name, f := range w.files {
		if rules.Within(name, dir, string(filepath.Separator)) {
			w.touch(name, f.Verdict)
		}
	}
}

// leave removes a folder, and its watch if no other name has it. fsnotify goes on calling
// a renamed folder by its old name unless that is done.
func (w *Watcher) leave(dir string) {
	in, known := w.folders[dir]
	if !known {
		return
	}
	delete(w.folders, dir)
	w.arrivals.forget()
	others := slices.DeleteFunc(w.names[in.real], func(name string) bool { return name == dir })
	if w.names[in.real] = others; len(others) == 0 {
		delete(w.names, in.real)
		w.fs.Remove(in.real)
	}
}

func holds(entries []os.DirEntry, name string) bool {
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == name && !e.IsDir() })
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
