package session

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/watcher-dev/watcher/internal/plan"
	"github.com/watcher-dev/watcher/runner/sockets"
)

// TestTakenPort: that a port is taken is known by what this system says of it. One that was
// asked for is an error, any other gives way to the next.
func TestTakenPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := net.Listen("tcp", taken.Addr().String()); !errors.Is(err, sockets.ErrTaken) {
		t.Errorf("%v is not %v", err, sockets.ErrTaken)
	}
	at := plan.Address{Port: portOf(taken)}
	if _, err := open(at, true); err == nil || !strings.Contains(err.Error(), "is taken") {
		t.Errorf("strict: %v", err)
	}
	listeners, err := open(at, false)
	if err != nil || portOf(listeners[0]) == at.Port {
		t.Errorf("%v, %v", listeners, err)
	}
	for _, l := range listeners {
		l.Close()
	}
}
