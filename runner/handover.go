package runner

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"

	"github.com/watcher-dev/watcher/runner/shim"
	"github.com/watcher-dev/watcher/runner/sockets"
)

// handSocket opens a socket of this generation's own and gives it to cmd in the way of
// sd_listen_fds(3). Whoever starts cmd closes the file right after: as long as our copy
// is open, clients wait in the queue of a process that has ended.
func (p *process) handSocket(cmd *exec.Cmd) (*os.File, error) {
	if err := shim.Through(cmd); err != nil {
		return nil, fmt.Errorf("[run] socket: %w", err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		return nil, err
	}
	p.setPort(l.Addr().(*net.TCPAddr).Port)
	cmd.ExtraFiles = append(cmd.ExtraFiles, socket) // the first one: fd 3
	cmd.Env = append(cmd.Env, "LISTEN_FDS=1", "LISTEN_FDNAMES=http")
	return socket, nil
}

// onSocket waits for the first answer on a handed socket. The kernel takes connections
// before the app runs, so that they say nothing (rule 17). Who has said that it is ready
// is believed, and a path that is to be answered is asked next.
func (s *search) onSocket(ctx context.Context) (addr string) {
	addr = sockets.Loopback(s.given)[0].String()
	for s.path == "" && !s.announced {
		if http, tls := sockets.Speaks(ctx, addr); http || tls {
			s.tls = tls
			break
		}
		if !pause(ctx, portInterval) {
			return ""
		}
	}
	return addr
}
