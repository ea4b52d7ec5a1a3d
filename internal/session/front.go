package session

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/watcher-dev/watcher/internal/plan"
	"github.com/watcher-dev/watcher/internal/settings"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/runner/sockets"
)

// nextPorts is how far the next free port is looked for.
const nextPorts = 100

// open opens the front. The listeners stay open until the program ends.
func open(a plan.Address, strict bool) ([]net.Listener, error) {
	listeners, err := listen(a)
	forbidden := errors.Is(err, sockets.ErrForbidden)
	switch {
	case err == nil || !forbidden && !errors.Is(err, sockets.ErrTaken):
		return listeners, err
	case forbidden && (a.Asked || strict):
		return nil, fmt.Errorf("front address %s needs rights that you do not have: choose a port above 1023 with --listen", a)
	case a.Asked || strict:
		return nil, fmt.Errorf("front address %s is taken%s: end that one, or choose another with --listen", a, holder(a.Port))
	}
	next := a
	if forbidden {
		next.Port = max(next.Port, plan.DefaultPort-1)
	}
	for range nextPorts {
		next.Port++
		if listeners, err := listen(next); err == nil {
			return listeners, nil
		}
	}
	return nil, fmt.Errorf("no free port from %d on: choose a front address with --listen", a.Port)
}

// listen binds one port, on both loopback addresses where there is no host. The same
// port has to be free on both, as localhost means either.
func listen(a plan.Address) ([]net.Listener, error) {
	if a.Host != "" {
		l, err := listenOne(cmp.Or(a.Network, "tcp"), a.Host, a.Port)
		if err != nil {
			return nil, err
		}
		return []net.Listener{l}, nil
	}
	for {
		four, err := listenOne("tcp4", "127.0.0.1", a.Port)
		if err != nil {
			return nil, err
		}
		six, err := listenOne("tcp6", "::1", portOf(four))
		switch {
		case err == nil:
			return []net.Listener{four, six}, nil
		case !errors.Is(err, sockets.ErrTaken):
			return []net.Listener{four}, nil // a machine without IPv6
		}
		four.Close()
		if a.Port != 0 { // else another one may be free on both
			return nil, err
		}
	}
}

func listenOne(network, host string, port int) (net.Listener, error) {
	at := net.JoinHostPort(host, strconv.Itoa(port))
	// Elsewhere than on Linux a loopback address can be bound beside another
	// program's wildcard one: ask whether somebody answers.
	if port != 0 && runtime.GOOS != "linux" {
		if c, err := net.DialTimeout(network, at, time.Second); err == nil {
			c.Close()
			return nil, sockets.ErrTaken
		}
	}
	l, err := net.Listen(network, at)
	if err == nil {
		share(l)
	}
	return l, err
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// obstacle says why a port could not be had.
func obstacle(port int) string {
	by := holder(port)
	if by == "" && port < 1024 {
		return "needs rights that you do not have"
	}
	return "is taken" + by
}

// holder names the program that has a port, where the system tells.
func holder(port int) string {
	pid, name := sockets.Holder(port)
	if pid == 0 {
		return ""
	}
	return fmt.Sprintf(" by %s (pid %d)", name, pid)
}

// proxyConfig says in the front's words what settings ask for.
func (s *session) proxyConfig(want settings.Settings) proxy.Config {
	c := proxy.Config{
		Hold: want.Proxy.Fresh, HoldTimeout: time.Duration(want.Proxy.HoldTimeout),
		GenerationHeader: want.Proxy.GenerationHeader, Hosts: s.hosts(want), Trusts: system().trusts(want),
		Browser: proxy.Browser{Reload: want.Browser.Reload, Overlay: want.Browser.Overlay, Pill: want.Browser.Pill},
		Project: proxy.Project{Root: s.site.Module.Dir, Base: s.site.Start},
		Open:    func(at proxy.Position) error { return s.openEditor(want.Browser.Editor, at) },
		Warn:    s.warnWith, Panicked: s.panicked,
	}
	if s.debugger != nil {
		c.Debugged = s.debugger.Attached
	}
	if s.running != nil { // and with it the others
		c.Own, c.Look, c.Saved = s.runner.Owns, s.watcher.Look, s.saved
		c.Pause, c.Resume = s.running.Pause, s.running.Resume
	}
	return c
}

// hosts are the names under which the front answers beside the common ones: the user's,
// and the one that it listens on.
func (s *session) hosts(want settings.Settings) []string {
	hosts := want.Proxy.AllowedHosts
	if listen, err := plan.ParseListen("front address", want.Proxy.Listen); err == nil && listen.Host != "" {
		hosts = append(slices.Clip(hosts), listen.Host)
	}
	return hosts
}
