// Package running knows which watchers run on this machine, one a program: their folder,
// the lock that keeps a second one out of it, and how another call of the program finds
// them and talks to them.
//
// It knows folders and addresses. It does not know what is asked for, nor how it is done.
//
// A watcher is talked to by its front, as everybody talks to it. Its token, which orders
// need, lies in the file of the lock, which only its user can read.
package running

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Instance is a watcher that runs, as it told of itself.
type Instance struct {
	PID     int    `json:"pid"`
	URL     string `json:"url"`     // of the front
	Run     string `json:"run"`     // of the front, another one for each
	Token   string `json:"token"`   // for orders
	Start   string `json:"start"`   // absolute folder that it was started in; diagnostics are relative to it
	Module  string `json:"module"`  // absolute folder of the module
	Package string `json:"package"` // pattern, as "./cmd/api"
}

// errLocked says that another process holds a lock.
var errLocked = errors.New("locked")

// lockName is the file of the lock in a program's folder.
const lockName = "lock"

// Lock keeps a second watcher from the same program, whose files it would write over.
type Lock struct{ file *os.File }

// Acquire takes the lock of a program's folder; it ends with the process, however that
// ends. The error of one that is held says who holds it, and what to do.
func Acquire(folder string) (*Lock, error) {
	file, err := os.OpenFile(filepath.Join(folder, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := tryLock(file); err != nil {
		defer file.Close()
		who := "it is just starting"
		if holder, ok := read(file); ok {
			who = fmt.Sprintf("pid %d, %s", holder.PID, holder.URL)
		}
		return nil, fmt.Errorf("another watcher runs this program already (%s): stop it first, or use its address", who)
	}
	_ = file.Truncate(0) // what one that was killed has left
	return &Lock{file}, nil
}

// Tell writes who holds the lock, for those that look for it.
func (l *Lock) Tell(i Instance) {
	text, _ := json.Marshal(i) // of strings and a number: no error
	if l.file.Truncate(0) == nil {
		_, _ = l.file.WriteAt(text, 0)
	}
}

// Release gives the lock back. The token is gone with it.
func (l *Lock) Release() {
	_ = l.file.Truncate(0)
	_ = l.file.Close()
}

// read returns who holds a lock, as far as it has told.
func read(file io.Reader) (i Instance, ok bool) {
	text, _ := io.ReadAll(io.LimitReader(file, 1<<16))
	return i, json.Unmarshal(text, &i) == nil && i.URL != ""
}
