package loop

import (
	"slices"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/watcher"
)

// command is what a rule has run first, from the save that asks for it until what it
// has written is closed by the watcher. As long as there is one, nothing is built,
// started or settled beside what had begun before (rule 1).
//
//	waiting → running → syncing → closing → (gone)
//
// A newer save of a file of the rule has it killed and run again, but not more than twice,
// so that it comes to an end under someone who saves all the time, and where it is its own
// writing that starts it again. What such a run has written is built and started before
// the next run begins (rule 6):
//
//	closing → yielding → yielded → running
type command struct {
	name   string
	stage  commandStage
	id     int      // of its start; 0 before the first
	files  []string // that changed since it last began
	since  uint64   // number of the first of them
	ran    []string // that it began with
	kills  int
	upTo   uint64
	result builder.Result
}

type commandStage uint8

const (
	waiting commandStage = iota // for the settings
	running
	killed   // told to end, and not yet gone
	syncing  // ended; the watcher is asked for what it wrote
	closing  // which is in the number upTo
	yielding // is to run again, but one build and one start go before
	yielded  // that build has begun
)

// broken is a command that failed. It is run again with the next relevant save (rule 8).
type broken struct {
	name    string
	files   []string
	problem *proxy.Problem
}

// askCommand has the command of a rule run, or run again, for one more file.
func (t *turn) askCommand(name string, files ...string) {
	i := slices.IndexFunc(t.commands, func(c command) bool { return c.name == name })
	if i < 0 {
		t.commands = append(t.commands, command{name: name, files: slices.Clone(files), since: t.closed})
		return
	}
	c := &t.commands[i]
	if len(c.files) == 0 {
		c.since = t.closed
	}
	for _, file := range files {
		if !slices.Contains(c.files, file) {
			c.files = append(slices.Clip(c.files), file)
		}
	}
	if c.stage == running && c.kills < patientKills {
		c.kills++
		c.stage = killed
		c.files = union(c.ran, c.files) // it has not done with these either
		t.do(killCommand{c.id})
	}
}

// beginCommands starts those that are asked for, unless something goes before.
func (t *turn) beginCommands() {
	start := t.due.urgent() || t.due.start() && !t.due.rebuild // which no build will absorb
	free := t.build == nil && !start
	for i := range t.commands {
		c := &t.commands[i]
		if t.loading || c.stage != waiting && (c.stage < yielding || !free) {
			continue
		}
		t.started++
		c.stage, c.id, c.ran, c.files = running, t.started, c.files, nil
		t.do(startCommand{c.id, c.name, slices.Clone(c.ran)})
	}
}

// takeGenerated takes the end of a command. What it wrote may not have been noticed yet.
func (t *turn) takeGenerated(id int, r builder.Result) {
	i := t.commandOf(id)
	if i < 0 {
		return
	}
	c := &t.commands[i]
	if t.stopping {
		t.commands = slices.Delete(t.commands, i, i+1)
		return
	}
	if c.stage == killed {
		c.stage = waiting
		return
	}
	c.stage, c.result = syncing, r
	t.lap(writer{command: id, name: c.name})
	t.do(syncWatcher{id})
	if r.Err == nil && r.Took > 0 { // else the settings held it no more
		t.sayGenerated(c)
	}
}

func (t *turn) takeSynced(s watcher.Synced) {
	if i := t.commandOf(s.ID); i >= 0 && t.commands[i].stage == syncing {
		t.commands[i].stage, t.commands[i].upTo = closing, s.N
	}
}

// endCommands takes the result of those whose writing is closed: what it asks for is
// due by now.
func (t *turn) endCommands() {
	for i := range t.commands {
		c := &t.commands[i]
		if c.stage != closing || c.upTo > t.closed {
			continue
		}
		c.stage = yielding
		t.broken = slices.DeleteFunc(t.broken, func(b broken) bool { return b.name == c.name })
		if c.result.Err != nil {
			t.broken = append(t.broken, broken{c.name, c.ran, commandProblem(c.result)})
			t.sayCommandFailed(c)
		}
	}
	t.commands = slices.DeleteFunc(t.commands, func(c command) bool { return c.stage == yielding && len(c.files) == 0 })
}

// yield notes that the build has begun that goes before the commands, and reports whether
// there are any. They would not let another one before them.
func (t *turn) yield() bool {
	for i := range t.commands {
		t.commands[i].stage = yielded
	}
	return len(t.commands) > 0
}

// commandsAt reports whether every command there is stands at one of the stages.
func (s *state) commandsAt(stages ...commandStage) bool {
	return !slices.ContainsFunc(s.commands, func(c command) bool { return !slices.Contains(stages, c.stage) })
}

// commandsRest reports whether every command has ended, and what it wrote is taken, parked, or
// asked for again.
func (s *state) commandsRest() bool {
	return !slices.ContainsFunc(s.commands, func(c command) bool {
		return c.stage != yielding && c.stage != yielded && (c.stage != closing || c.upTo > s.pause.upTo())
	})
}

// covered is the newest number for which commands have nothing left to do. Where a pause has
// put off a build, or what a command wrote, it is as far as is settled already.
func (t *turn) covered() uint64 {
	unread := func(c command) bool { return c.stage == closing && c.upTo > t.closed }
	if t.pause.rebuild || slices.ContainsFunc(t.commands, unread) {
		return t.settled
	}
	n := t.closed
	for _, c := range t.commands {
		n = min(n, c.since-1)
	}
	return n
}

// retryBroken runs again what failed, whatever it is that was saved; but what is being
// run again may have written it itself.
func (t *turn) retryBroken() {
	for _, b := range t.broken {
		if !slices.ContainsFunc(t.commands, func(c command) bool { return c.name == b.name }) {
			t.askCommand(b.name, b.files...)
		}
	}
}

// stopCommands ends those that run; the others are dropped.
func (t *turn) stopCommands() {
	t.commands = slices.DeleteFunc(t.commands, func(c command) bool { return c.stage != running && c.stage != killed })
	for i := range t.commands {
		if c := &t.commands[i]; c.stage == running {
			c.stage = killed
			t.do(killCommand{c.id})
		}
	}
}

func (t *turn) commandOf(id int) int {
	return slices.IndexFunc(t.commands, func(c command) bool { return c.id == id })
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
