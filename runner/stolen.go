package runner

import (
	"slices"
	"syscall"

	"github.com/watcher-dev/watcher/runner/output"
)

// portStolen says whether another program took the given port between our choice and
// the app's bind: the app has ended over it, or the other one answers there.
func (p *process) portStolen(ended bool, fail *refusal) bool {
	if p.spec.Socket || p.settled {
		return false
	}
	if !ended {
		return fail != nil && fail.stolen
	}
	return slices.Contains(p.takenPorts(), p.port)
}

// startAgain starts the app once more, on another port, so that nobody notices, unless its
// end was asked for meanwhile. What is left of the first process is ended before.
func (p *process) startAgain(gone <-chan struct{}) (started bool) {
	if p.told() {
		return false
	}
	p.group.Signal(syscall.SIGKILL)
	<-gone
	p.mu.Lock()
	p.launched = make(chan struct{})
	p.mu.Unlock()
	p.settled = true
	p.beacon.Close()
	p.beacon, p.left, p.output, p.debugged = nil, nil, output.Output{}, debugged{}
	return p.launch() == nil
}
