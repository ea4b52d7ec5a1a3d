package loop

// takeStop takes the order to stop, which wins in every state (rule 10). The first
// lets requests in flight finish; the second ends everything at once.
func (t *turn) takeStop() {
	if t.stopping {
		for i := range t.procs {
			t.kill(&t.procs[i], "watcher stops at once")
		}
		return
	}
	t.stopping = true
	t.due = due{}
	t.retry = 0
	if t.build != nil && !t.build.killed {
		t.build.killed = true
		t.do(killBuild{})
	}
	t.stopCommands()
	for i := range t.procs {
		switch p := &t.procs[i]; p.role {
		case starting:
			t.end(p, supersedeLimit, "watcher stops")
		case current:
			t.startDrain(p, draining, "watcher stops")
		case standby:
			t.retire(p)
		}
	}
	t.sayStop()
}

// finishStop ends the program when nothing of it is left.
func (t *turn) finishStop() {
	if t.stopping && t.build == nil && len(t.commands) == 0 && len(t.procs) == 0 && !t.loading {
		t.do(quit{})
	}
}
