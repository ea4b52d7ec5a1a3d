package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serveLocked serves while it holds a lock on a file. LOCKED says what it does when
// somebody has it: "wait" or "end".
func serveLocked() {
	file, err := os.OpenFile(os.Getenv("LOCK_FILE"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		panic(err)
	}
	how := syscall.LOCK_EX
	if os.Getenv("LOCKED") == "end" {
		how |= syscall.LOCK_NB
	}
	if err := syscall.Flock(int(file.Fd()), how); err != nil {
		fmt.Fprintln(os.Stderr, "open store:", err)
		os.Exit(1)
	}
	if os.Getenv("LISTEN_FDS") != "" {
		serveFiles(counted()...)
	}
	if os.Getenv("NOTIFY_SOCKET") != "" {
		announce()
	}
	serve(port())
	file.Close()
}

// TestRule15_LockOfTheProcessBefore: a second process that waits for the lock of the
// first, or ends over it, is told with that reason; one that waits for a stranger's, or
// ends over something else, is not.
func TestRule15_LockOfTheProcessBefore(t *testing.T) {
	t.Parallel()
	for gen, c := range []struct {
		does, name string
		change     func(*Spec)
		lock       string
	}{
		{"wait", "serve locked", func(*Spec) {}, "the app waits for a file lock"},
		{"wait", "serve locked", handed, "the app waits for a file lock"},
		{"wait", "serve locked", func(s *Spec) { s.Notify = true }, "the app waits for a file lock"},
		{"end", "serve locked", func(*Spec) {}, "the app ends over a file lock"},
		{"end", "serve locked", handed, "the app ends over a file lock"},
		{"end", "exit 1", func(*Spec) {}, ""},
	} {
		t.Run(c.does+" "+c.name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t)
			file := filepath.Join(t.TempDir(), "lock")
			with := func(s *Spec) { s.Env = append(s.Env, "LOCK_FILE="+file, "LOCKED="+c.does) }
			next[Ready](start(t, r, 10*gen+1, "serve locked", with, c.change))
			failed := next[Failed](start(t, r, 10*gen+2, c.name, with, c.change))
			if !strings.HasPrefix(failed.Lock, c.lock) || c.lock == "" && failed.Lock != "" {
				t.Errorf("%+v", failed)
			}
		})
	}
	t.Run("a stranger's", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "lock")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		a := start(t, newRunner(t), 50, "serve locked", func(s *Spec) {
			s.ReadyTimeout = 2 * time.Second
			s.Env = append(s.Env, "LOCK_FILE="+path)
		})
		if failed := next[Failed](a); failed.Lock != "" {
			t.Errorf("%+v", failed)
		}
	})
}
