// Package notify knows how a process tells that it is ready, in the way of
// sd_notify(3): a datagram with the line READY=1 to the socket that NOTIFY_SOCKET names.
package notify

import (
	"fmt"
	"net"
	"slices"
	"strings"
)

// maxMessage is far more than any sender's; what is longer is cut off.
const maxMessage = 4 << 10

// Socket takes the messages of one process and of those that it starts.
type Socket struct {
	Name string // for NOTIFY_SOCKET

	conn   *net.UnixConn
	remove func()
	ready  chan struct{} // closed by the first READY=1
	ended  chan struct{} // closed when nothing is read any more
}

// Listen opens a socket that nobody else finds by chance. Who sent a message is asked
// of from; where the system does not tell senders, it is asked with 0. Close ends it.
func Listen(from func(pid int) bool) (*Socket, error) {
	s := &Socket{ready: make(chan struct{}), ended: make(chan struct{})}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("open a socket for READY=1: %w", err)
	}
	go s.read(from)
	return s, nil
}

// Ready is closed when the process has said that it is ready.
func (s *Socket) Ready() <-chan struct{} { return s.ready }

// Close ends the socket and frees all that it holds.
func (s *Socket) Close() {
	s.conn.Close()
	s.remove()
	<-s.ended
}

// read reads to the end, after READY=1 too: senders would block on a full queue.
func (s *Socket) read(from func(pid int) bool) {
	defer close(s.ended)
	said := false
	for message, control := make([]byte, maxMessage), make([]byte, senderSize); ; {
		n, c, _, _, err := s.conn.ReadMsgUnix(message, control)
		if err != nil {
			return
		}
		lines := strings.Split(string(message[:n]), "\n")
		if !said && slices.Contains(lines, "READY=1") && from(sender(control[:c])) {
			said = true
			close(s.ready)
		}
	}
}
