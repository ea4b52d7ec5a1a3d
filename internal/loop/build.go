package loop

import (
	"cmp"

	"github.com/watcher-dev/watcher/builder"
)

// maxBinaries bounds the disk: as many as processes can live, and a newest one (rule 7).
const maxBinaries = 5

// beginBuild starts the build that is due, unless one runs or there is no slot free.
func (t *turn) beginBuild() {
	t.putOff()
	keep := t.binaries()
	if !t.due.rebuild || t.loading || !t.commandsAt(yielding) || t.build != nil || len(keep) >= maxBinaries {
		return
	}
	t.due.rebuild = false
	t.readByBuild = t.readByBuild || t.raised > t.closed
	t.build = &build{gen: t.number(), covers: t.covered(), urgent: t.yield(), beacon: t.beacon}
	if p := t.in(current); p != nil {
		t.build.running = p.binary
	}
	t.do(startBuild{keep: keep, running: t.build.running, beacon: t.build.beacon})
}

// number gives out the next generation number; a build that replaces a killed one
// takes that one's, as nobody has seen it.
func (t *turn) number() int {
	if n := t.spare; n != 0 {
		t.spare = 0
		return n
	}
	t.last++
	return t.last
}

func (t *turn) takeBuilt(r builder.Result) {
	b := t.build
	t.build = nil
	if b.killed {
		t.spare = b.gen
		return
	}
	if t.buildRefused(b, r) {
		return
	}
	t.kills, t.lastBuild = 0, r.Took
	if r.Err != nil {
		t.takeBroken(b, r)
		return
	}
	t.buildFailed = false
	if p := t.in(current); r.Equal && p != nil && p.binary == b.running && !t.startAhead() {
		t.takeEqual(b, r, p)
		return
	}
	t.sayBuilt(b, r)
	t.newest = r.Binary
	t.noteBinary(r.Binary, b.beacon)
	t.due.fresh = &fresh{binary: r.Binary, gen: b.gen, covers: b.covers, urgent: b.urgent}
}

// startAhead reports whether another binary is about to take the target's place.
func (t *turn) startAhead() bool { return t.in(starting) != nil || t.due.fresh != nil }

// takeEqual takes a build that gave what runs already: success without a new process.
// A restart that is due besides, or has failed before, is still done, and lets go who waits.
func (t *turn) takeEqual(b *build, r builder.Result, p *process) {
	t.due.restart = t.due.restart || t.undone
	t.sayEqual(b, r, p)
	if t.newest = p.binary; t.due.restart {
		return
	}
	t.problem, t.fallen = nil, nil
	t.down = up
	t.settleWork(b.covers)
}

// takeBroken takes a failed build: what serves goes on, and what was held is let go.
func (t *turn) takeBroken(b *build, r builder.Result) {
	t.buildFailed = true
	if t.newest == "" {
		t.due.restart = false // there is nothing that it could start
	}
	t.problem = buildProblem(r)
	t.sayBroken(b, r)
	t.settleWork(b.covers)
	t.revive(cmp.Or(t.proven, t.newest))
}

// settleWork lets go who waited for work that covers n, and no one who came after a
// save that is still to be worked on (rule 1).
func (t *turn) settleWork(n uint64) {
	t.settle(n)
	if !t.underway() {
		t.settle(t.closed)
	}
}
