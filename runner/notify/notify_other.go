//go:build !linux

package notify

import (
	"net"
	"os"
	"path/filepath"
)

const senderSize = 0

// open takes a path in a folder that only we can enter.
func (s *Socket) open() error {
	dir, err := os.MkdirTemp("", "watcher")
	if err != nil {
		return err
	}
	s.Name, s.remove = filepath.Join(dir, "s"), func() { _ = os.RemoveAll(dir) }
	if s.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.Name, Net: "unixgram"}); err != nil {
		s.remove()
	}
	return err
}

// sender is not told by this system.
func sender([]byte) int { return 0 }
