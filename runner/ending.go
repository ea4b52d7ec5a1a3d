package runner

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/watcher-dev/watcher/runner/kin"
)

// ending is how a process ended, for people.
type ending struct {
	code   int    // -1 if a signal ended it
	signal string // "killed"; "" if it exited
	reason string // one line, where more is known than code and signal say
	hint   string
}

// words say how, for a sentence.
func (e ending) words() string {
	switch {
	case e.reason != "":
		return e.reason
	case e.signal != "":
		return fmt.Sprintf("was ended by a signal (%s)", e.signal)
	}
	return fmt.Sprintf("exited with code %d", e.code)
}

// leave is called when the leader has ended and all else of it is about to be: what
// runs now was left behind. Nobody is told of that who has asked for the end.
func (p *process) leave() {
	if p.told() {
		return
	}
	for _, other := range p.mark.Processes() {
		if other.PID != p.group.ID {
			p.left = append(p.left, other)
		}
	}
}

// ending tells how the process ended, once it has.
func (p *process) ending() ending {
	if p.debugged.known {
		return p.debugged.ending()
	}
	state := p.group.State()
	e := ending{code: state.ExitCode()}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		e.signal = status.Signal().String()
	}
	switch {
	case e.signal == syscall.SIGKILL.String() && !p.group.Killed():
		e.reason = killedBy(p.oomKills, oomKills())
	case e.code == 0 && len(p.left) > 0:
		e.reason = "left " + names(p.left) + " behind and exited with code 0"
		e.hint = "what it left was ended: let the app stay in the foreground, in the process that watcher has started"
	}
	return e
}

// killedBy says who has sent a SIGKILL that was not ours, by how many the system had
// killed for memory before and after; -1 if it does not tell.
func killedBy(before, after int) string {
	if before >= 0 && after > before {
		return "was killed by the system for lack of memory"
	}
	return "was killed (by somebody, or for lack of memory)"
}

// oomKills counts what the kernel has killed for memory in our control group.
func oomKills() int {
	own, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(own)) {
		path, unified := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !unified {
			continue
		}
		events, _ := os.ReadFile("/sys/fs/cgroup" + path + "/memory.events")
		if _, counted, found := strings.Cut(string(events), "\noom_kill "); found {
			n := -1
			_, _ = fmt.Sscan(counted, &n)
			return n
		}
	}
	return -1
}

// names lists processes: "pid 4242 (shop)".
func names(processes []kin.Process) string {
	var all []string
	for _, p := range processes {
		all = append(all, fmt.Sprintf("pid %d (%s)", p.PID, p.Name))
	}
	return strings.Join(all, ", ")
}
