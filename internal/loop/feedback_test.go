package loop

import (
	"strings"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/watcher"
)

// paused counts the lines that say so.
func (s *script) paused() (n int) {
	for _, line := range s.said {
		if strings.Contains(line, "feeds itself") {
			n++
		}
	}
	return n
}

// lap is one round of an app that writes path while it starts, before or after it is ready.
func (s *script) lap(path string, ready bool) *script {
	g := gen(s, starting)
	if ready {
		return s.ready(g).wait(50*time.Millisecond).write(path, watcher.Restart).proof(g)
	}
	s.n++
	s.event(watched{watcher.Pending{N: s.n}}).ready(g)
	return s.event(watched{watcher.Batch{N: s.n, Changes: []watcher.Change{{Path: path, Action: watcher.Restart}}}}).proof(g)
}

// reap ends what leaves.
func (s *script) reap() *script {
	for g := leaver(s); g != 99; g = leaver(s) {
		s.drained(g).exited(g, 0)
	}
	return s
}

func TestW10_AppThatWritesWhatRestartsIt(t *testing.T) {
	for _, ready := range []bool{false, true} {
		s := row(newScript(t), "idle").write("/src/a.yaml", watcher.Restart)
		swaps := 0
		for ; gen(s, starting) != 99 && swaps < 20; swaps++ {
			s.lap("/src/a.yaml", ready).wait(time.Second).reap()
		}
		// The first was asked for by the user.
		if swaps != 1+feedbackLaps || s.paused() != 1 {
			t.Errorf("ready %v: %d swaps, said %q", ready, swaps, s.said)
		}
		s.wantView("it is told", told)

		s.did = nil
		s.wait(time.Minute).write("/src/a.yaml", watcher.Restart).wantDid() // told again, at most twice a minute
		if s.wait(time.Second).write("/src/a.yaml", watcher.Restart).wantDid(); s.paused() != 2 {
			t.Errorf("said %q", s.said)
		}
		s.write("/src/b.yaml", watcher.Restart)
		if len(s.did) == 0 {
			t.Error("another file does not resume")
		}
		s.did = nil
		s.write("/src/a.yaml", watcher.Restart)
		if len(s.did) == 0 {
			t.Error("the same one after it does not start")
		}
	}
}

// TestW10_WhatIsOpenMayEndIt: who has just saved the mend waits for it, and is not told that all
// is paused.
func TestW10_WhatIsOpenMayEndIt(t *testing.T) {
	s := row(newScript(t), "idle").write("/src/a.yaml", watcher.Restart)
	for candidate(s) != 99 {
		s.lap("/src/a.yaml", false).reap()
	}
	s.wantView("paused", func(v proxy.View) bool { return v.Paused })
	s.n++
	s.event(watched{watcher.Pending{N: s.n}})
	s.wantView("open", func(v proxy.View) bool { return !v.Paused && v.Settled < v.Pending })
	s.event(watched{watcher.Batch{N: s.n, Changes: []watcher.Change{{Path: "/src/a.yaml", Action: watcher.Restart}}}})
	s.wantView("one lap more", func(v proxy.View) bool { return v.Paused })
}

func TestW10_OrderResumes(t *testing.T) {
	s := row(newScript(t), "idle").write("/src/a.yaml", watcher.Restart)
	for gen(s, starting) != 99 {
		s.lap("/src/a.yaml", false).reap()
	}
	s.did = nil
	s.order()
	if len(s.did) != 1 || !strings.HasPrefix(s.did[0], "start") {
		t.Fatalf("did %q", s.did)
	}
	s.lap("/src/a.yaml", false)
	if gen(s, starting) == 99 {
		t.Error("paused at the first lap after the order")
	}
}

// TestW10_WhoSavesIsNoLoop: the same file, over and over, and nothing of ours writes it.
func TestW10_WhoSavesIsNoLoop(t *testing.T) {
	for name, round := range map[string]func(*script){
		"a restart, saved when it serves": func(s *script) {
			s.write("/src/a.yaml", watcher.Restart).ready(gen(s, starting)).wait(time.Second).proof(target(s))
		},
		"source, saved at once when it serves": func(s *script) {
			s.write("/src/main.go", watcher.Rebuild).built("z").ready(gen(s, starting)).proof(target(s))
		},
		"twice in each start": func(s *script) {
			s.write("/src/a.yaml", watcher.Restart).reap()
			s.write("/src/a.yaml", watcher.Restart).reap()
			s.ready(gen(s, starting)).wait(time.Second).proof(target(s))
		},
		"faster than it starts": func(s *script) {
			s.write("/src/a.yaml", watcher.Restart).reap()
			if s.n%5 == 0 {
				s.ready(gen(s, starting))
			}
		},
		"in the start, but not that often": func(s *script) {
			if candidate(s) == 99 {
				s.order()
			}
			s.lap("/src/a.yaml", false).wait(10 * time.Second)
		},
		"another file in between": func(s *script) {
			s.write("/src/a.yaml", watcher.Restart)
			s.lap("/src/b.yaml", false).reap().ready(gen(s, starting))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := row(newScript(t), "idle")
			for range 30 {
				round(s)
				s.reap()
			}
			if s.paused() > 0 {
				t.Errorf("said %q", s.said)
			}
		})
	}
}

// TestW10_CommandThatWritesWhatRunsIt, while it runs or just at its end.
func TestW10_CommandThatWritesWhatRunsIt(t *testing.T) {
	for _, late := range []bool{false, true} {
		s := row(newScript(t), "idle").saveOf(watcher.Run, "/src/a.txt")
		runs := 0
		for ; s.paused() == 0 && runs < 30; runs++ {
			if late {
				s.generated().saveOf(watcher.Run, "/src/a.txt")
			} else {
				s.saveOf(watcher.Run, "/src/a.txt").generated() // it may have been killed
			}
			if s.state.commands[0].stage == syncing {
				s.synced()
			}
			s.wait(100 * time.Millisecond)
		}
		if runs > 1+patientKills+feedbackLaps || s.paused() != 1 {
			t.Errorf("late %v: %d runs, said %q", late, runs, s.said)
		}
		s.wantView("it is told", told)
		if s.exited(1, 2).retry(); candidate(s) == 99 {
			t.Errorf("late %v: an app that crashed meanwhile is not started", late)
		}
		s.ready(candidate(s)).wantView("and settles nothing", told)
		if s.resume(); s.state.feedback.paused != nil {
			t.Errorf("late %v: resume does not go on", late)
		}
	}
}

// told is how a loop that feeds itself is known: nobody is held, and none of the answers
// passes for the newest.
func told(v proxy.View) bool {
	return v.Paused && v.Settled < v.Pending && v.Generation != 0 && v.Problem != nil && v.Problem.Kind == problemLoop
}

// TestW10_WhoWaitsIsNoLoop: it saves the same config as soon as it has heard that the one
// before is served.
func TestW10_WhoWaitsIsNoLoop(t *testing.T) {
	s := row(newScript(t), "idle")
	for range 30 {
		s.wait(20*time.Millisecond).write("/src/a.yaml", watcher.Restart)
		s.ready(gen(s, starting)).event(attended{}).proof(target(s)).reap()
	}
	if s.paused() > 0 {
		t.Errorf("said %q", s.said)
	}
}
