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
	"time"
)

// Instance is a watcher that runs, as it told of itself.
type Instance struct {
	PID     int    `json:"pid"`
	URL     string `json:"url"`     // of the front; "" as long as it is not open
	Token   string `json:"token"`   // for orders
	Start   string `json:"start"`   // absolute folder that it was started in; diagnostics are relative to it
	Dir     string `json:"dir"`     // absolute folder that it works in, by -C; its settings lie there
	Config  string `json:"config"`  // absolute path of the settings file that was named; "" for none
	Module  string `json:"module"`  // absolute folder of the module
	Work    string `json:"work"`    // absolute path of go.work; "" for none
	Package string `json:"package"` // pattern, as "./cmd/api"
}

// errLocked says that another process holds a lock.
var errLocked = errors.New("locked")

// lockName is the file of the lock in a program's folder.
const lockName = "lock"

// Lock keeps a second watcher from the same program, whose files it would write over.
type Lock struct{ file *os.File }

// lockTries is how often a lock is tried for, and tryAgain the time between: somebody who
// looks whether it is held holds it for a moment.
const (
	lockTries = 15
	tryAgain  = 20 * time.Millisecond
)

// Acquire takes the lock of a program's folder for i, which has no URL yet. It ends with the
// process, however that ends. The error of one that is held says who holds it, and what to do;
// so does that of a folder in which there are no locks, as on some network mounts.
func Acquire(folder string, i Instance) (*Lock, error) {
	return acquire(folder, i, func(f *os.File) error { return tryLock(f, exclusive) })
}

func acquire(folder string, i Instance, lock func(*os.File) error) (*Lock, error) {
	file, err := os.OpenFile(filepath.Join(folder, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = lock(file)
	for try := 1; try < lockTries && errors.Is(err, errLocked); try++ {
		<-time.After(tryAgain)
		err = lock(file)
	}
	if err == nil {
		l := &Lock{file}
		l.Tell(i)
		return l, nil
	}
	defer file.Close()
	if !errors.Is(err, errLocked) {
		return nil, lockless{file.Name(), err}
	}
	who := "it is just starting"
	if holder, ok := read(file); ok && holder.URL != "" {
		who = fmt.Sprintf("pid %d, %s", holder.PID, holder.URL)
	}
	return nil, fmt.Errorf("another watcher runs this program already (%s): stop it first, or use its address", who)
}

// lockless says that there are no locks where a file is.
type lockless struct {
	file string
	err  error
}

func (l lockless) Error() string {
	return fmt.Sprintf("%s cannot be locked: %v: set XDG_CACHE_HOME to a folder on a local disk", l.file, l.err)
}
func (l lockless) Unwrap() error { return l.err }

// Tell writes who holds the lock, for those that look for it.
func (l *Lock) Tell(i Instance) {
	text, _ := json.Marshal(i) // of strings and a number: no error
	_, _ = l.file.WriteAt(text, 0)
	_ = l.file.Truncate(int64(len(text))) // afterwards, so that it is never empty
}

// Release gives the lock back. The token is gone with it.
func (l *Lock) Release() {
	_ = l.file.Truncate(0)
	_ = l.file.Close()
}

// read returns who holds a lock, as far as it has told.
func read(file io.Reader) (i Instance, ok bool) {
	text, _ := io.ReadAll(io.LimitReader(file, 1<<16))
	ok = json.Unmarshal(text, &i) == nil && i.Module != ""
	return i, ok
}

// look asks whether a lock is held, by a shared one, so that others who look at the same time do
// not find it held.
func look(f *os.File) error { return tryLock(f, shared) }

// holder returns who holds the lock of a folder, as look tells. Nobody does whose file is left of
// one that was killed, or came with a repository: the lock itself tells. Another user's is not
// trusted. The error is that of a folder without locks, in which nothing is known.
func holder(folder string, look func(*os.File) error) (i Instance, held bool, err error) {
	file, err := os.OpenFile(filepath.Join(folder, lockName), os.O_RDWR, 0)
	if err != nil {
		return Instance{}, false, nil
	}
	defer file.Close() // and with it the lock, if it was free
	if !ours(file) {
		return Instance{}, false, nil
	}
	switch err := look(file); {
	case err == nil:
		return Instance{}, false, nil
	case !errors.Is(err, errLocked):
		return Instance{}, false, lockless{file.Name(), err}
	}
	i, held = read(file)
	return i, held, nil
}
