package runner

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/watcher-dev/watcher/runner/sockets"
)

// Private ports come from a range out of which no usual system gives ports to
// outgoing connections or to those who ask for any port: one of these could take
// ours in the moment before the app binds it. Above lie the node ports of Kubernetes.
const (
	lowestPort  = 20000
	highestPort = 29999
)

// reservePort chooses a port for p.
func (r *Runner) reservePort(p *process) (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.port, err = r.choosePort()
	return err
}

// choosePort returns a port that nobody listens on and that no other living process
// was given, whether it listens by now or not. r.mu is held.
func (r *Runner) choosePort() (port int, err error) {
	used := map[int]bool{}
	for _, other := range r.processes {
		used[other.port] = true
	}
	for range 100 {
		port := lowestPort + rand.IntN(highestPort-lowestPort+1)
		if used[port] {
			continue
		}
		if err = checkFree(port); err == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("find a free port on loopback: %w", err)
}

// answeredLimit bounds answered, for whose end a stop may wait. Who is there says so at once, unless
// too many others ask.
const answeredLimit = 50 * time.Millisecond

// answered returns those of addrs at which somebody accepts connections.
func answered(addrs []netip.AddrPort) []netip.AddrPort {
	ctx, cancel := context.WithTimeout(context.Background(), answeredLimit)
	defer cancel()
	return slices.DeleteFunc(addrs, func(addr netip.AddrPort) bool { return !sockets.Accepts(ctx, addr) })
}

// setPort notes a port that was not chosen by reservePort.
func (p *process) setPort(port int) {
	p.runner.mu.Lock()
	defer p.runner.mu.Unlock()
	p.port = port
}

// checkFree returns nil if the port is free on both loopback addresses, as an app
// may bind either or all. A system without IPv6 has one only.
func checkFree(port int) error {
	for _, addr := range sockets.Loopback(port) {
		l, err := net.Listen("tcp", addr.String())
		if err == nil {
			l.Close()
		} else if addr.Addr().Is4() || errors.Is(err, sockets.ErrTaken) {
			return err
		}
	}
	return nil
}
