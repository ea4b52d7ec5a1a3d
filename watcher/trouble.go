package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// complain tells the user, once for each folder, why it is not watched.
func (w *Watcher) complain(dir string, err error) {
	// What does not exist is gone meanwhile, or the folder of a named file to come.
	if !errors.Is(err, fs.ErrNotExist) && !w.told[dir] {
		w.told[dir] = true
		w.emit(Trouble{fmt.Sprintf("cannot watch %s, saves there go unnoticed: %v", dir, err)})
	}
}

// passLink tells the user, once for each, of a link to a folder outside of Root. What
// a link inside of Root leads to is watched under its own name.
func (w *Watcher) passLink(name string, in folder) {
	target, err := filepath.EvalSymlinks(name)
	if err != nil || w.told[name] || !isDir(target) || within(target, w.git.root, string(filepath.Separator)) {
		return
	}
	if child, ok := w.admit(name, in); ok && !child.skipped && !child.output {
		w.told[name] = true
		w.emit(Trouble{fmt.Sprintf("%s is a link to a folder: what is behind it is not watched", name)})
	}
}
