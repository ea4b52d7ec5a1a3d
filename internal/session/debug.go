package session

import (
	"errors"
	"fmt"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/debug"
	"github.com/watcher-dev/watcher/internal/loop"
	"github.com/watcher-dev/watcher/internal/plan"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/runner/sockets"
)

// DefaultDebug is where Delve listens if nothing is said, and so where editors look.
const DefaultDebug = "2345"

// debugger is one as the loop and the runner know it.
type debugger interface {
	loop.Debugger
	runner.Debugger
	Close()
}

// findDelve looks for Delve, if it is asked for.
func (s *session) findDelve() error {
	if s.options.Debug == "" {
		return nil
	}
	golang, err := builder.FindGo(s.Env)
	if err != nil {
		return err
	}
	s.dlv, err = debug.Find(golang, s.site.Module.Dir, s.Env)
	s.site.Debug = true
	return err
}

// openDebug opens the address for debuggers, if it is asked for.
func (s *session) openDebug() error {
	if s.options.Debug == "" {
		return nil
	}
	at, err := plan.ParseListen("debug address", s.options.Debug)
	if err != nil {
		return UsageError{err}
	}
	listeners, err := listen(at)
	switch {
	case errors.Is(err, sockets.ErrTaken) || errors.Is(err, sockets.ErrForbidden):
		return fmt.Errorf("debug address %s %s: choose another with --debug=ADDR", at, obstacle(at.Port))
	case err != nil:
		return fmt.Errorf("debug address: %w", err)
	}
	s.debugAt = at
	s.debugAt.Port = portOf(listeners[0])
	s.debugger = debug.New(s.dlv, listeners)
	return nil
}

// sayDebug tells where debuggers attach.
func (s *session) sayDebug() {
	if s.debugger == nil {
		return
	}
	s.print(terminal.Event{Kind: terminal.KindDebug, Text: s.debugAt.String()})
	if !s.debugAt.Loopback() {
		s.warn("other machines can reach " + s.debugAt.String() + ", and who attaches there can run anything here")
	}
}
