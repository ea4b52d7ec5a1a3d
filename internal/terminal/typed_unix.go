//go:build unix

package terminal

import (
	"errors"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// backgroundPause is the time between two looks whether we are in the foreground again.
const backgroundPause = time.Second

// Typed calls take with each line that is typed at a terminal, without its end, until done
// is closed or nobody can type any more. The terminal stays as it is: lines are edited as
// ever, an interrupt is one. What is typed while another job has the terminal is that job's:
// a read would stop us (SIGTTIN, termios(3)).
func Typed(in *os.File, done <-chan struct{}, take func(string)) {
	wake, waker, err := os.Pipe()
	if err != nil {
		return
	}
	defer wake.Close()
	go func() {
		<-done
		waker.Close()
	}()
	fds := []unix.PollFd{{Fd: int32(in.Fd()), Events: unix.POLLIN}, {Fd: int32(wake.Fd()), Events: unix.POLLIN}}
	buffer := make([]byte, 4096) // the longest line of a terminal
	for {
		if _, err := unix.Poll(fds, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		switch {
		case fds[1].Revents != 0:
			return
		case fds[0].Revents == 0:
			continue
		case !Foreground(in):
			select {
			case <-time.After(backgroundPause):
				continue
			case <-done:
				return
			}
		}
		n, err := unix.Read(int(in.Fd()), buffer)
		if n <= 0 && !errors.Is(err, unix.EINTR) {
			return // the terminal is closed, or its user has typed ^D
		}
		for line := range strings.Lines(string(buffer[:max(n, 0)])) {
			take(strings.TrimSpace(line))
		}
	}
}

// Foreground reports whether a terminal is ours to read from.
func Foreground(terminal *os.File) bool {
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
