package group

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// endInterval is how often is looked where the kernel is older than 5.3.
const endInterval = 20 * time.Millisecond

// awaitEnd blocks until a process that is not our child has ended.
func awaitEnd(pid int) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		for syscall.Kill(pid, 0) == nil {
			<-time.After(endInterval)
		}
		return
	}
	defer unix.Close(fd)
	ended := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(ended, -1); err != unix.EINTR {
			return
		}
	}
}
