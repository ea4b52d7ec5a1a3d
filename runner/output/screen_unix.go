//go:build unix

package output

import (
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// screen is a terminal for one stream.
type screen struct {
	near, far *os.File
	copied    chan struct{} // closed when nothing is read any more
	resized   chan os.Signal
}

// newScreen opens a terminal of the size of ours and copies what is written to it.
func newScreen(ours *os.File, to io.Writer) (*screen, error) {
	near, far, err := pty.Open()
	if err != nil {
		return nil, err
	}
	if _, err = term.MakeRaw(int(far.Fd())); err == nil {
		near, err = poll(near)
	}
	if err != nil {
		near.Close() // a second time, or none, does no harm
		far.Close()
		return nil, err
	}
	s := &screen{near: near, far: far, copied: make(chan struct{}), resized: make(chan os.Signal, 1)}
	s.resize(ours)
	signal.Notify(s.resized, syscall.SIGWINCH)
	go func() { // ended by finish
		for range s.resized {
			s.resize(ours)
		}
	}()
	go func() { // ended by the last who holds the other end, or by finish
		defer close(s.copied)
		_, _ = io.Copy(onlyWriter{to}, s.near) // ends in EIO on Linux, which is no error
	}()
	return s, nil
}

// poll makes reads of a file end when it is closed. The library leaves it blocking.
func poll(f *os.File) (*os.File, error) {
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil { // which NewFile looks at
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

func (s *screen) resize(ours *os.File) {
	size, err := unix.IoctlGetWinsize(int(ours.Fd()), unix.TIOCGWINSZ)
	conn, wrong := s.near.SyscallConn()
	if err != nil || wrong != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) { _ = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, size) })
}

func (s *screen) finish(late <-chan struct{}) {
	select {
	case <-s.copied:
	case <-late:
	}
	s.near.Close()
	<-s.copied
	signal.Stop(s.resized)
	close(s.resized)
}

// onlyWriter keeps io.Copy from asking for more than Write.
type onlyWriter struct{ io.Writer }

// ownSession takes the place of a group of its own: who leads a session leads a group.
func ownSession(attr *syscall.SysProcAttr) { attr.Setsid = true }
