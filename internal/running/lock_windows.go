package running

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

const (
	exclusive = windows.LOCKFILE_EXCLUSIVE_LOCK
	shared    = 0
)

// tryLock takes a lock that ends with the process, however it ends. The error is errLocked where
// another one holds it.
func tryLock(f *os.File, how uint32) error {
	// A byte far behind the text, so that another process can read who holds it.
	at := windows.Overlapped{Offset: 1 << 20}
	err := windows.LockFileEx(windows.Handle(f.Fd()), how|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	return err
}

// ours is not asked here: who can be written to by another user is a matter of the folder.
func ours(*os.File) bool { return true }
