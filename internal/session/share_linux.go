package session

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// share lets the app bind its own socket where a listener of ours is, which the beacon then moves away
// before it listens. It is done after the listener listens: who comes without having asked to share, as a
// second watcher does, is refused as ever, and we are if somebody else is there. What the system does not
// allow is no matter: the app will say that its port is taken.
func share(l net.Listener) {
	if s, ok := l.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
		}
	}
}
