package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/watcher-dev/watcher/internal/plan"
	"github.com/watcher-dev/watcher/runner/sockets"
)

// TestRule19_FrontIsExclusive: the app's socket can be bound where the front is, by whatever address, and no
// other: neither a second front, nor a program that does not ask for it.
func TestRule19_FrontIsExclusive(t *testing.T) {
	front, err := listen(plan.Address{})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range front {
		defer l.Close()
	}
	port := portOf(front[0])
	if second, err := listen(plan.Address{Port: port}); !errors.Is(err, sockets.ErrTaken) {
		t.Errorf("a second front: %v, %v", second, err)
	}
	sharing := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
	}}
	for _, host := range []string{"", "127.0.0.1", "[::1]", "0.0.0.0"} {
		at := fmt.Sprintf("%s:%d", host, port)
		if l, err := net.Listen("tcp", at); err == nil {
			l.Close()
			t.Errorf("%s is taken by a program that does not share", at)
		}
		l, err := sharing.Listen(context.Background(), "tcp", at)
		if err != nil {
			t.Errorf("%s cannot be shared: %v", at, err)
			continue
		}
		l.Close()
	}
}
