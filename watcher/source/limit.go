package source

import (
	"errors"
	"fmt"
	"syscall"
)

// errDescriptors is our own limit, before the system's: the program needs some too.
var errDescriptors = fmt.Errorf("half of them go to watches: %w", syscall.EMFILE)

// instead reports whether a folder is polled because the system gives no watch for it.
func (s *Source) instead(dir string, err error) bool {
	if s.poll == Never || !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) {
		return false
	}
	s.sayLimit(dir+" and what comes after it", err)
	return true
}

// sayLimit tells the user once which limit is reached, and how to raise it.
func (s *Source) sayLimit(what string, err error) {
	if s.limited {
		return
	}
	s.limited = true
	advice := "raise ulimit -n or, on Linux: sudo sysctl fs.inotify.max_user_instances=1024"
	if errors.Is(err, syscall.ENOSPC) {
		advice = "raise the limit of watches: sudo sysctl fs.inotify.max_user_watches=1048576"
	}
	s.say(fmt.Sprintf("%s is polled, which is slower: %s (%v)", what, advice, err))
}
