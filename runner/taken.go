package runner

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/watcher-dev/watcher/runner/sockets"
)

// taken knows a TCP port that could not be bound, in the words of package net and of the
// systems.
var taken = regexp.MustCompile(`listen tcp[46]? \S*:(\d+): bind: (?:address already in use|Only one usage of each socket address)`)

// takenPath knows a Unix socket that could not be bound, in the words of package net.
var takenPath = regexp.MustCompile(`listen unix (.+?): bind: address already in use`)

// takenPorts lists the ports that the app could not bind, by its last lines.
func (p *process) takenPorts() (ports []int) {
	for _, m := range taken.FindAllStringSubmatch(strings.Join(p.output.Last(), "\n"), -1) {
		if port, err := strconv.Atoi(m[1]); err == nil {
			ports = append(ports, port)
		}
	}
	return ports
}

// ownTaken returns the first of them that we have not given it; 0 if there is none.
func (p *process) ownTaken() int {
	ports := slices.DeleteFunc(p.takenPorts(), func(port int) bool { return port == p.port })
	if len(ports) == 0 {
		return 0
	}
	return ports[0]
}

func (p *process) hintFromTail() string {
	if port := p.ownTaken(); port != 0 {
		return p.takenHint(port)
	}
	for _, line := range p.output.Last() {
		switch {
		case !strings.Contains(line, "address already in use"):
		case strings.Contains(line, "listen unix "):
			return "that file is in the way: end the process that listens there, or remove the file"
		default:
			return p.fixedHint()
		}
	}
	return ""
}

// takenHint says who has a port that the app could not bind, and what to do.
func (p *process) takenHint(port int) string {
	pid, name := sockets.Holder(port)
	switch {
	case port == p.frontPort() && (p.spec.Beacon || port == p.spec.Port):
		return fmt.Sprintf("port %d is held by the front itself: choose another one for it with --listen", port)
	case port == p.frontPort():
		return fmt.Sprintf("port %[1]d is held by the front itself: choose another one for it with --listen, or set [run] port = %[1]d, which leaves that one to the app", port)
	case pid == 0 || p.runner.started(pid):
		return p.fixedHint()
	case pid == os.Getpid():
		name = "watcher"
	}
	return fmt.Sprintf("port %d is taken by %s (pid %d): end that one, or let the app read %s", port, name, pid, p.portEnv())
}

// fixedHint is takenHint where it is not known who has the port, or one before has it.
func (p *process) fixedHint() string {
	return fmt.Sprintf(`the app binds a fixed port that is taken: let it read %s, or set [run] swap = "stop-first" and [run] port`, p.portEnv())
}

// frontPort is the port of the front; 0 if it is not known.
func (p *process) frontPort() int {
	front, err := url.Parse(p.spec.URL)
	if err != nil {
		return 0
	}
	port, _ := strconv.Atoi(front.Port())
	return port
}

// started reports whether a process is one that we have started, or descends from one.
func (r *Runner) started(pid int) bool {
	return slices.Contains(sockets.Family(r.starter.IDs()...), pid)
}

// socketLeft says whether the app could not bind a Unix socket because of a file that one
// before has left, as when all was killed outright. Then the file is gone.
func (p *process) socketLeft() bool {
	if runtime.GOOS != "linux" { // where Unix sockets are not known
		return false
	}
	removed := false
	for _, m := range takenPath.FindAllStringSubmatch(strings.Join(p.output.Last(), "\n"), -1) {
		path := m[1]
		if !filepath.IsAbs(path) {
			path = filepath.Join(p.spec.Dir, path)
		}
		removed = sockets.RemoveDead(path) || removed
	}
	return removed
}
