package watcher

import (
	"errors"
	"fmt"
	"io/fs"
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

// tell tells the user a line, once.
func (w *Watcher) tell(text string) {
	if !w.told[text] {
		w.told[text] = true
		w.emit(Trouble{text})
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
