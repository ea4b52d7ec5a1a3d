// Package hangup notices that clients close their connections while nobody reads what
// they send. It knows connections; it does not know what is asked for on them.
package hangup

import (
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Watch notices that clients close their connections while their bodies are unread,
// without reading (rule 23). One epoll descriptor has all of their connections, and the
// one goroutine that waits for it blocks in the runtime's poller, not in a thread.
type Watch struct {
	epoll *os.File // nil if there could be none: then nobody is noticed

	mu    sync.Mutex
	last  int32
	gates map[int32]chan struct{} // closed when the client has left; by number, as descriptors are reused
	ended chan struct{}
}

// New starts a watch; End ends it.
func New() *Watch {
	l := &Watch{gates: map[int32]chan struct{}{}, ended: make(chan struct{})}
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		close(l.ended)
		return l
	}
	_ = unix.SetNonblock(fd, true) // says to os that the runtime can wait for it
	l.epoll = os.NewFile(uintptr(fd), "epoll")
	go l.wait()
	return l
}

// wait opens gates until the descriptor is closed.
func (l *Watch) wait() {
	defer close(l.ended)
	raw, err := l.epoll.SyscallConn()
	if err != nil {
		return
	}
	for err == nil {
		var events [64]unix.EpollEvent
		n := 0
		err = raw.Read(func(fd uintptr) bool {
			n, _ = unix.EpollWait(int(fd), events[:], 0)
			return n > 0
		})
		l.mu.Lock()
		for _, e := range events[:max(0, n)] {
			l.open(e.Fd)
		}
		l.mu.Unlock()
	}
}

// open lets one go, once; l.mu is held.
func (l *Watch) open(number int32) {
	if gate, ok := l.gates[number]; ok {
		delete(l.gates, number)
		close(gate)
	}
}

// On returns a channel that is closed when the other side of c closes or shuts down
// its side, nil if that cannot be noticed. The caller calls stop when it is not
// interested any more.
func (l *Watch) On(c net.Conn) (left <-chan struct{}, stop func()) {
	sys, ok := c.(syscall.Conn)
	if !ok || l.epoll == nil {
		return nil, func() {}
	}
	conn, err := sys.SyscallConn()
	if err != nil {
		return nil, func() {}
	}
	l.mu.Lock()
	l.last++
	number, gate := l.last, make(chan struct{})
	l.gates[number] = gate
	l.mu.Unlock()
	control := func(op int, e *unix.EpollEvent) {
		_ = conn.Control(func(fd uintptr) { // does nothing once c is closed, which takes it out of epoll
			epoll, err := l.epoll.SyscallConn()
			if err != nil {
				return
			}
			_ = epoll.Control(func(p uintptr) { _ = unix.EpollCtl(int(p), op, int(fd), e) })
		})
	}
	// What has happened before is told too. HUP and ERR need not be asked for.
	control(unix.EPOLL_CTL_ADD, &unix.EpollEvent{Events: unix.EPOLLRDHUP | unix.EPOLLET, Fd: number})
	return gate, func() {
		control(unix.EPOLL_CTL_DEL, nil)
		l.mu.Lock()
		delete(l.gates, number)
		l.mu.Unlock()
	}
}

// Watched is how many connections are watched.
func (l *Watch) Watched() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.gates)
}

// End frees what it holds and returns when its goroutine has ended.
func (l *Watch) End() {
	if l.epoll != nil {
		l.epoll.Close()
	}
	<-l.ended
}
