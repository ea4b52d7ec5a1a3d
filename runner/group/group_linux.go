package group

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/watcher-dev/watcher/runner/sockets"
)

// isolate makes cmd the leader of a new group that is killed when we die.
func isolate(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = !cmd.SysProcAttr.Setsid // who leads a session leads a group, and may not ask for it
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}

// awaitExit blocks until the child has ended and leaves it to be reaped.
func awaitExit(pid int) {
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
}

// groupGone says whether no process of the group runs. Zombies do not count: they
// wait for a parent that is not ours, and some first processes of containers never reap.
func groupGone(id int) bool {
	return syscall.Kill(-id, 0) == syscall.ESRCH || !sockets.GroupRuns(id)
}
