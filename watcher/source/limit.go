package source

import (
	"errors"
	"fmt"
	"syscall"
)

// errDescriptors is our own limit, before the system's: the program needs some too.
var errDescriptors = fmt.Errorf("half of them go to watches: %w", syscall.EMFILE)

// instead takes that the system gives no watch for a folder: for want of one it is polled,
// and nil returned, unless it must not be.
func (s *Source) instead(dir string, err error) error {
	if s.poll == Never || !isLimit(err) {
		return advised(err)
	}
	s.sayLimit(dir+" and what comes after it", err)
	return nil
}

// sayLimit tells the user once which limit is reached, and how to raise it.
func (s *Source) sayLimit(what string, err error) {
	if s.limited {
		return
	}
	s.limited = true
	s.say(fmt.Sprintf("%s is polled, which is slower: %v", what, advised(err)))
}

// isLimit reports whether err is about a limit of the system, or our own, on watches.
func isLimit(err error) bool { return advised(err) != err }

// advised adds to err how to raise the limit that it is about, if it is about one.
func advised(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("raise the limit of watches: sudo sysctl fs.inotify.max_user_watches=1048576 (%w)", err)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fmt.Errorf("raise ulimit -n or, on Linux: sudo sysctl fs.inotify.max_user_instances=1024 (%w)", err)
	}
	return err
}
