// Package pid1 lets watcher be the first process of a container without a further init.
//
// The first process has two duties beside its own work: it reaps the orphans of the
// whole container, and the system gives it no default action for signals. To reap
// with wait4(-1) in the process that runs the loop would steal exit codes from os/exec
// (rule 41). So the first process starts watcher once more and does nothing but that.
//
// It knows processes and signals, and nothing of what it starts.
package pid1

import (
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// Run does nothing and returns false unless this is the first process. There it starts
// this program again, with the same arguments, passes signals on to it, reaps, and
// returns true with its exit code, 128 more than the signal if one ended it. Then it is
// time to exit: the system kills what is left. It is called first, from main.
func Run() (code int, ran bool) {
	if os.Getpid() != 1 {
		return 0, false
	}
	signals := make(chan os.Signal, 64)
	ignored := signal.Ignored(syscall.SIGHUP)
	signal.Notify(signals)
	if ignored { // as nohup has it: the program that we start inherits that, unless we catch it
		signal.Ignore(syscall.SIGHUP)
	}
	child, err := again()
	if err != nil { // no /proc, or no room: we go on as we are, and reap nothing
		signal.Stop(signals)
		return 0, false
	}
	go pass(signals, child)
	return reap(child), true
}

// again starts this program in a group of its own, the foreground one where there is a
// terminal: an interrupt typed there is then its alone, and does not come twice.
func again() (pid int, err error) {
	path, err := os.Executable()
	if err != nil {
		return 0, err
	}
	_, err = unix.IoctlGetInt(0, unix.TIOCGPGRP) // an error: it is not our terminal
	return syscall.ForkExec(path, os.Args, &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{0, 1, 2},
		Sys: &syscall.SysProcAttr{Setpgid: true, Foreground: err == nil},
	})
}

// ours are about this process itself: its children, its threads, its output.
var ours = []os.Signal{syscall.SIGCHLD, syscall.SIGURG, syscall.SIGPIPE}

// pass hands signals on; it ends with the process.
func pass(signals <-chan os.Signal, child int) {
	for sig := range signals {
		if !slices.Contains(ours, sig) {
			_ = syscall.Kill(child, sig.(syscall.Signal)) // an error: it has just ended
		}
	}
}

// reap blocks until the child has ended, and reaps whatever else ends meanwhile.
func reap(child int) (code int) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR || err == nil && pid != child:
		case err != nil: // there is no child any more, which cannot be
			return 1
		case status.Signaled():
			return 128 + int(status.Signal())
		default:
			return status.ExitStatus()
		}
	}
}
