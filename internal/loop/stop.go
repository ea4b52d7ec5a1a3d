package loop

// takeStop takes the order to stop, which wins in every state (rule 10). The first
// lets requests in flight finish; the second ends everything at once.
func (t *turn) takeStop() {
	if t.stopping {
		for i := range t.procs {
			t.procs[i].role = stopping
			t.do(killProcess{t.procs[i].gen})
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
	for i := range t.procs {
		switch p := &t.procs[i]; p.role {
		case starting:
			t.end(p, supersedeLimit)
		case current:
			t.startDrain(p)
			p.role = draining
		case standby:
			t.retire(p)
		}
	}
	t.sayStop()
}

// finishStop ends the program when nothing of it is left.
func (t *turn) finishStop() {
	if t.build == nil && len(t.procs) == 0 && !t.loading {
		t.do(quit{})
	}
}
