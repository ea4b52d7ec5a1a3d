package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
)

// complain tells the user, once for each folder, why it is not watched.
func (w *Watcher) complain(dir string, err error) {
	key := dir
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) {
		key = "" // one line for all folders
	}
	// What does not exist is gone meanwhile, or the folder of a named file to come.
	if !errors.Is(err, fs.ErrNotExist) && !w.told[key] {
		w.told[key] = true
		w.emit(Trouble{fmt.Sprintf("cannot watch %s, saves there go unnoticed: %v", dir, advise(err))})
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

// advise adds what to do to errors about limits of the system.
func advise(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("the limit of watches is reached; raise it by: sudo sysctl fs.inotify.max_user_watches=1048576 (%w)", err)
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("too many are open; raise ulimit -n or, on Linux, sysctl fs.inotify.max_user_instances (%w)", err)
	}
	return err
}
