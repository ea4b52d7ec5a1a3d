//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package group

import (
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// queueInterval is how often a queue is asked for when the system has none to give.
const queueInterval = 50 * time.Millisecond

// isolate makes cmd the leader of a new group.
func isolate(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = !cmd.SysProcAttr.Setsid // who leads a session leads a group, and may not ask for it
}

// awaitExit blocks until the child has ended and leaves it to be reaped. An error of
// Kevent means that it has ended already.
func awaitExit(pid int) {
	queue, err := unix.Kqueue()
	for err != nil { // too many files are open, which says nothing of the child
		<-time.After(queueInterval)
		queue, err = unix.Kqueue()
	}
	defer unix.Close(queue)
	unix.CloseOnExec(queue)
	exit := make([]unix.Kevent_t, 1)
	unix.SetKevent(&exit[0], pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	exit[0].Fflags = unix.NOTE_EXIT
	for {
		if _, err = unix.Kevent(queue, exit, make([]unix.Kevent_t, 1), nil); err != unix.EINTR {
			return
		}
	}
}

// groupGone says whether no process of the group is left.
func groupGone(id int) bool { return syscall.Kill(-id, 0) == syscall.ESRCH }
