//go:build unix

package upstream

import "syscall"

// ended reports whether the app has closed the connection, or sent what nobody has asked
// for, by looking at the socket: the close of a process is seen there at once, and only
// later by the goroutine that reads. Nothing is read. Nobody may be awaiting an answer.
func (c *conn) ended() bool {
	s, ok := c.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return true
	}
	var next [1]byte
	closed := raw.Control(func(fd uintptr) { _, _, err = syscall.Recvfrom(int(fd), next[:], syscall.MSG_PEEK) })
	return closed != nil || err != syscall.EAGAIN // sockets of Go never block
}
