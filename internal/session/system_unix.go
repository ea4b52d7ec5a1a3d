//go:build unix

package session

import (
	"os"
	"os/signal"
	"syscall"
)

// stopSignals are those that stop a run. A hangup that was ignored when we were started, as
// nohup has it, stays ignored.
func stopSignals() []os.Signal {
	stop := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		stop = append(stop, syscall.SIGHUP)
	}
	return stop
}

// OutliveReader keeps the program alive when what reads its output ends first, as in
// `watcher | tee log` on ^C: it has an app to stop. Ignored signals would be inherited
// by the app, so it is taken and never looked at.
func OutliveReader() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// restartSignal restarts the app (rule 44).
const restartSignal = syscall.SIGUSR1

// ownGroup starts a process in a group of its own.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
