package loop

import (
	"fmt"
	"time"

	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/runner"
)

const (
	// proof is how long a new target has to live before the old one is let go (rule 5).
	proof = time.Second
	// maxProcesses is one that is not ready, one target, two that leave (rule 7).
	maxProcesses = 4
	maxLeaving   = 2
)

// beginStart starts the process that is due, once nothing stands in its way: a running
// build absorbs it and a command comes first, unless it is to go ahead (rule 6); a
// candidate before it must be reaped; and in stop-first the port must be free.
func (t *turn) beginStart() {
	if !t.due.start() || t.loading || t.in(starting) != nil || t.unreaped() {
		return
	}
	if (t.build != nil || t.due.rebuild || !t.commandsRest()) && !t.due.urgent() {
		return
	}
	if t.binaryDue() == "" { // nothing was ever built (rule 4)
		t.due.restart, t.due.recover, t.due.rebuild = false, "", true
		t.beginBuild()
		return
	}
	t.relearn()
	if t.mode == stopFirst {
		t.vacate()
		if len(t.procs) > 0 {
			return
		}
	}
	if len(t.procs) >= maxProcesses {
		return
	}
	t.launch()
}

// binaryDue returns what is to be started: the newest, unless an older one takes over.
func (t *turn) binaryDue() string {
	switch {
	case t.due.fresh != nil:
		return t.due.fresh.binary
	case t.due.restart || t.due.recover == "":
		return t.newest
	}
	return t.due.recover
}

func (t *turn) launch() {
	p := process{role: starting, binary: t.binaryDue(), covers: t.covered(), restart: t.due.restart, began: t.now}
	if f := t.due.fresh; f != nil {
		p.gen, p.urgent = f.gen, f.urgent
		if t.build != nil || t.due.rebuild || len(t.commands) > 0 {
			p.covers = f.covers // what came later is built next
		}
	} else {
		p.gen = t.number()
	}
	t.due.restart, t.due.fresh, t.due.recover = false, nil, ""
	t.retry, t.down, t.fallen = 0, up, nil
	t.readByStart = t.readByStart || t.raised > t.closed
	t.procs = append(t.procs, p)
	t.do(startProcess{p.gen, p.binary, t.hasBeacon(p.binary), t.furtherPorts()})
}

// vacate makes the target finish its requests and stop, for stop-first.
func (t *turn) vacate() {
	if p := t.in(current); p != nil {
		t.startDrain(p, draining, "makes room for the next")
	}
	if p := t.in(standby); p != nil {
		t.retire(p)
	}
}

func (t *turn) startDrain(p *process, as role, why string) {
	p.role, p.reason = as, why
	p.drained, p.began = false, t.now
	t.do(drain{p.gen, t.policy.drainTimeout})
}

// end stops a process; limit is how long it has before it is killed.
func (t *turn) end(p *process, limit time.Duration, why string) {
	p.role, p.reason, p.began = stopping, why, t.now
	t.do(stopProcess{p.gen, limit})
}

// kill ends a process at once.
func (t *turn) kill(p *process, why string) {
	p.role, p.reason = stopping, why
	t.do(killProcess{p.gen})
}

// retire lets go of a standby: it stops when its last request has ended.
func (t *turn) retire(p *process) {
	p.reason = "replaced"
	if p.drained {
		t.end(p, t.policy.stopTimeout, p.reason)
		return
	}
	p.role = draining
}

// takeWaiting notes what a candidate needs and has not got.
func (t *turn) takeWaiting(ev runner.Waiting) {
	p := t.find(ev.Generation)
	if p == nil || p.role != starting || t.stopping {
		return
	}
	p.waitsFor, p.reason = ev.For, ""
	if ev.For == "" {
		p.began = t.now
		return
	}
	p.reason = "waits for " + ev.For
	t.sayWaiting(p)
}

func (t *turn) takeReady(ev runner.Ready) {
	p := t.find(ev.Generation)
	if p == nil || p.role != starting || t.stopping {
		return // superseded, or told to stop meanwhile
	}
	if old := t.in(current); old != nil {
		if before := t.in(standby); before != nil {
			t.retire(before)
		}
		t.startDrain(old, standby, fmt.Sprintf("kept until #%d has lived for a second", p.gen))
	}
	p.role, p.target, p.began = current, true, t.now
	t.kills, t.hung, t.down, t.lastStart, t.undone = 0, 0, up, ev.Took, false
	p.pid, p.upstream = ev.PID, ev.Upstream
	t.lap(writer{gen: p.gen})
	t.learnPort(p, ev)
	if !t.buildFailed && p.binary == t.newest {
		t.problem = nil
	}
	t.due.signals = nil // it has just read what they tell of
	t.do(after{proof, proofOver{p.gen}})
	t.boundLeaving()
	t.settleWork(p.covers)
	t.saySwap(p, ev)
}

// boundLeaving ends the oldest of more than two processes that leave (rule 7).
func (t *turn) boundLeaving() {
	leaving := 0
	for i := len(t.procs) - 1; i >= 0; i-- {
		p := &t.procs[i]
		if p.role < standby || !p.target {
			continue
		}
		if leaving++; leaving > maxLeaving {
			t.kill(p, "too many older ones drain")
		}
	}
}

// takeProof lets the old generation go when the new one has lived for its second.
func (t *turn) takeProof(gen int) {
	p := t.find(gen)
	if p == nil || !p.target {
		return
	}
	p.proven = true
	if p.role != current {
		return
	}
	t.proven = p.binary
	t.keepPorts(p)
	if old := t.in(standby); old != nil {
		t.retire(old)
	}
}

func (t *turn) takeDrained(d proxy.Drained) {
	p := t.find(d.Generation)
	if p == nil || p.role == current {
		return
	}
	p.drained, p.finished, p.cut = true, d.Finished, d.Cut
	if p.role == draining {
		t.end(p, t.policy.stopTimeout, p.reason)
	}
}
