package session

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/watcher-dev/watcher/runner/sockets"
)

const (
	defaultPort = 8080 // Gin's
	nextPorts   = 100  // how far the next free one is looked for
)

// address is where the front should listen, and why.
type address struct {
	host  string // "" is loopback in both families
	port  int    // 0 is any
	asked bool   // by a flag or setting: taken means an error
	why   string // of a port that is not the one people expect; "" if it is
}

// parseListen reads "host:port", ":port" (all interfaces) or "port" (loopback).
// what names the address in an error.
func parseListen(what, listen string) (address, error) {
	host, port, err := net.SplitHostPort(listen)
	switch {
	case err != nil:
		host, port = "", listen
	case host == "":
		host = "0.0.0.0"
	case host == "localhost":
		host = ""
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return address{}, UsageError{fmt.Errorf("%s %q is not host:port, :port or a port", what, listen)}
	}
	return address{host: host, port: int(n), asked: true}, nil
}

// open opens the front. The listeners stay open until the program ends.
func (a address) open(strict bool) ([]net.Listener, error) {
	listeners, err := a.listen()
	forbidden := errors.Is(err, errForbidden)
	switch {
	case err == nil || !forbidden && !errors.Is(err, errTaken):
		return listeners, err
	case forbidden && (a.asked || strict):
		return nil, fmt.Errorf("front address %s needs rights that you do not have: choose a port above 1023 with --listen", a)
	case a.asked || strict:
		return nil, fmt.Errorf("front address %s is taken%s: end that one, or choose another with --listen", a, holder(a.port))
	}
	next := a
	if forbidden {
		next.port = max(next.port, defaultPort-1)
	}
	for range nextPorts {
		next.port++
		if listeners, err := next.listen(); err == nil {
			return listeners, nil
		}
	}
	return nil, fmt.Errorf("no free port from %d on: choose a front address with --listen", a.port)
}

// listen binds one port, on both loopback addresses where there is no host. The same
// port has to be free on both, as localhost means either.
func (a address) listen() ([]net.Listener, error) {
	if a.host != "" {
		l, err := listenOne("tcp", a.host, a.port)
		if err != nil {
			return nil, err
		}
		return []net.Listener{l}, nil
	}
	for {
		four, err := listenOne("tcp4", "127.0.0.1", a.port)
		if err != nil {
			return nil, err
		}
		six, err := listenOne("tcp6", "::1", portOf(four))
		switch {
		case err == nil:
			return []net.Listener{four, six}, nil
		case !errors.Is(err, errTaken):
			return []net.Listener{four}, nil // a machine without IPv6
		}
		four.Close()
		if a.port != 0 { // else another one may be free on both
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
			return nil, errTaken
		}
	}
	return net.Listen(network, at)
}

func (a address) String() string {
	if a.host == "" {
		return "localhost:" + strconv.Itoa(a.port)
	}
	return net.JoinHostPort(a.host, strconv.Itoa(a.port))
}

// loopback reports whether only this machine can reach the address.
func (a address) loopback() bool {
	ip := net.ParseIP(a.host)
	return a.host == "" || ip != nil && ip.IsLoopback() || strings.HasSuffix(a.host, ".localhost")
}

// url is what people open.
func (a address) url() string {
	if ip := net.ParseIP(a.host); ip != nil && ip.IsUnspecified() {
		a.host = ""
	}
	return "http://" + a.String()
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// obstacle says why a port could not be had.
func (a address) obstacle() string {
	by := holder(a.port)
	if by == "" && a.port < 1024 {
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

// contained reports whether this is a container, which others reach only where whoever made
// it has published a port.
func contained() bool {
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(mark); err == nil {
			return true
		}
	}
	return false
}
