package watcher

import (
	"errors"
	"fmt"
	"io/fs"
)

// complain tells the user, once for each folder, why it is not watched.
func (w *Watcher) complain(dir string, err error) {
	// What does not exist is gone meanwhile, or the folder of a named file to come.
	if !errors.Is(err, fs.ErrNotExist) && !w.told[dir] {
		w.told[dir] = true
		w.emit(Trouble{fmt.Sprintf("cannot watch %s, saves there go unnoticed: %v", dir, err)})
	}
}

// tell tells the user a line, once.
func (w *Watcher) tell(text string) {
	if !w.told[text] {
		w.told[text] = true
		w.emit(Trouble{text})
	}
}
