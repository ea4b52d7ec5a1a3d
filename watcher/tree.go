package watcher

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// mode says what a walk makes of the files that it finds.
type mode uint8

const (
	baseline   mode = iota // what is not known yet is remembered
	saved                  // what is not known yet counts as saved
	everything             // every file counts as saved
)

// walk goes through the whole tree: it places the watches that are missing, finds
// the files, and drops what no longer belongs. It fails only if Root cannot be watched.
func (w *Watcher) walk(m mode) error {
	w.pass++
	w.dropUnwatched()
	if err := w.visit(w.cfg.Root, folder{}, m); err != nil {
		return err
	}
	w.visitNamed(m)
	w.sweep(m)
	return nil
}

// dropUnwatched forgets folders whose watch the system or fsnotify has dropped, so
// that it is placed anew. No watch is placed twice: adding one under a name that has
// one can make fsnotify 1.10 panic later, if a folder was renamed to that name.
func (w *Watcher) dropUnwatched() {
	watched := map[string]bool{}
	for _, dir := range w.fs.WatchList() {
		watched[dir] = true
	}
	maps.DeleteFunc(w.folders, func(dir string, _ folder) bool { return !watched[dir] })
}

// adopt takes up a folder that came; what is below it counts as saved.
func (w *Watcher) adopt(dir string) {
	if parent, known := w.folders[filepath.Dir(dir)]; known {
		in, ok := w.admit(dir, parent)
		if in.output && holdsGo(dir) {
			w.round.walkLater(saved) // what it came into is no mere output from now on
		}
		if ok {
			_ = w.visit(dir, in, saved) // what fails is told by complain
		}
	}
	w.visitNamed(saved)
}

// visitNamed watches the folders of files asked for by name, where nothing else
// made them watched.
func (w *Watcher) visitNamed(m mode) {
	for _, dir := range w.rules.parents() {
		if in, ok := w.folders[dir]; !ok || in.pass != w.pass {
			_ = w.visit(dir, folder{skipped: true, shallow: true}, m)
		}
	}
}

// admit says whether a folder below parent is entered, and how it is looked at.
func (w *Watcher) admit(dir string, parent folder) (folder, bool) {
	rel := w.rules.rel(dir)
	byName := w.rules.passesBy(rel)
	opens := w.rules.opens(rel)
	switch {
	case parent.shallow:
		return folder{}, false
	case parent.skipped && !byName:
		return folder{skipped: true}, true
	case byName, w.git.ignored(rel):
		return folder{skipped: true}, opens
	case parent.output, outputFolder(path.Base(rel)) && !holdsGo(dir):
		return folder{skipped: opens, output: !opens}, opens || w.room(dir)
	}
	return folder{web: parent.web}, true
}

// watchAndList has the watch placed before the list is made, so that no file falls
// between.
func (w *Watcher) watchAndList(dir string) ([]os.DirEntry, error) {
	if _, watched := w.folders[dir]; !watched {
		if err := w.fs.Add(dir); err != nil {
			return nil, err
		}
	}
	return os.ReadDir(dir)
}

// visit takes up a folder and all that is below it.
func (w *Watcher) visit(dir string, in folder, m mode) error {
	entries, err := w.watchAndList(dir)
	if err != nil {
		w.leave(dir)
		w.complain(dir, err)
		return err
	}
	delete(w.told, dir)
	if dir != w.cfg.Root && !in.shallow {
		if holds(entries, "go.mod") {
			w.leave(dir) // another module; visitNamed comes back for single files
			return nil
		}
		in.web = in.web || holds(entries, "package.json")
	}
	in.pass = w.pass
	w.folders[dir] = in
	for _, entry := range entries {
		name := filepath.Join(dir, entry.Name())
		if !entry.IsDir() {
			w.find(name, in, m)
			if entry.Type()&fs.ModeSymlink != 0 {
				w.passLink(name, in)
			}
		} else if child, ok := w.admit(name, in); ok {
			_ = w.visit(name, child, m)
		}
	}
	return nil
}

// find takes up a file that a walk came by.
func (w *Watcher) find(name string, in folder, m mode) {
	v := w.judge(name, in)
	if v.action == Ignore {
		return
	}
	f, known := w.files[name]
	if known { // its content stays: a save may be on its way to us
		f.verdict, f.pass = v, w.pass
		w.files[name] = f
	}
	_, open := w.round.touched[name]
	// What the rules before Configure knew of can be unknown only if it is new.
	isNew := !known && w.before != nil && w.before.classify(name, in).action != Ignore
	switch {
	case m == everything, m == saved && !known, isNew:
		w.touch(name, v)
	case !known && !open:
		w.remember(name, v)
	}
}

// judge is classify with git's answer, which is asked for only where it matters.
func (w *Watcher) judge(name string, in folder) verdict {
	v := w.rules.classify(name, in)
	if v.askGit && w.git.ignored(w.rules.rel(name)) {
		return verdict{}
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
			delete(w.files, name) // it is there, but asks for nothing any more
		} else if m != baseline {
			w.touch(name, f.verdict)
		}
	}
}

// forget drops a folder that went, with all that was below it.
func (w *Watcher) forget(dir string) {
	for name := range w.folders {
		if within(name, dir, string(filepath.Separator)) {
			w.leave(name)
		}
	}
	for name, f := range w.files {
		if within(name, dir, string(filepath.Separator)) {
			w.touch(name, f.verdict)
		}
	}
}

// leave removes the watch of one folder, if there is one. fsnotify goes on calling
// a renamed folder by its old name unless that is done.
func (w *Watcher) leave(dir string) {
	w.fs.Remove(dir)
	delete(w.folders, dir)
}

func holds(entries []os.DirEntry, name string) bool {
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == name && !e.IsDir() })
}
