package notify

import (
	"crypto/rand"
	"net"

	"golang.org/x/sys/unix"
)

// senderSize has room for the sender and no more: files that come with a message, as the one that
// sd_notify_barrier(3) waits for, are closed by the kernel.
var senderSize = unix.CmsgSpace(unix.SizeofUcred)

// open takes an abstract name: nothing of it is left in any folder, however we end.
func (s *Socket) open() (err error) {
	s.Name, s.remove = "@watcher-"+rand.Text(), func() {}
	if s.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.Name, Net: "unixgram"}); err != nil {
		return err
	}
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1) // without it nobody is known
	})
}

// sender returns the pid that the kernel attests; 0 if there is none.
func sender(control []byte) int {
	messages, _ := unix.ParseSocketControlMessage(control)
	for _, m := range messages {
		if credentials, err := unix.ParseUnixCredentials(&m); err == nil {
			return int(credentials.Pid)
		}
	}
	return 0
}
