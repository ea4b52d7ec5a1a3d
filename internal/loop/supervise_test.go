package loop

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
)

// wantStates compares what was told of processes since the last call.
func (s *script) wantStates(words ...string) *script {
	s.t.Helper()
	if got := strings.Join(s.states, ", "); got != strings.Join(words, ", ") {
		s.t.Errorf("told %q, want %q", got, words)
	}
	s.states = nil
	return s
}

// wantTable compares what the status lists.
func (s *script) wantTable(rows ...string) *script {
	s.t.Helper()
	var got []string
	for _, p := range *s.state.view().Processes {
		row := fmt.Sprintf("#%d pid %d %s: %s", p.Generation, p.PID, p.State, p.Reason)
		if p.Code != nil {
			row += fmt.Sprintf("; code %d %s", *p.Code, p.Signal)
		}
		if p.Attempt > 0 {
			row += fmt.Sprintf("; attempt %d", p.Attempt)
		}
		if !p.NextTry.IsZero() {
			row += fmt.Sprintf("; in %s", p.NextTry.Sub(s.now))
		}
		got = append(got, row)
	}
	if !slices.Equal(got, rows) {
		s.t.Errorf("listed\n%q, want\n%q", got, rows)
	}
	return s
}

func TestStates_OfASwap(t *testing.T) {
	s := newScript(t).begin().built("a").wantStates("#1 starting").wantTable("#1 pid 0 starting: ")
	s.ready(1).wantStates("#1 serving").proof(1)
	s.wait(time.Hour).save(watcher.Rebuild).built("b").wait(time.Second).ready(2)
	s.wantStates("#2 starting", "#1 ready", "#2 serving")
	s.wantTable("#1 pid 101 ready: kept until #2 has lived for a second", "#2 pid 102 serving: ")
	if table := *s.state.view().Processes; table[0].Since != s.now || table[1].Since != s.now {
		t.Errorf("since %v and %v, want %v", table[0].Since, table[1].Since, s.now)
	}
	s.proof(2).wantStates("#1 draining").wantTable("#1 pid 101 draining: replaced", "#2 pid 102 serving: ")
	s.drained(1).wantStates("#1 stopping")
	s.exited(1, 0).wantStates("#1 exited").wantTable("#2 pid 102 serving: ")
	before := s.state.view()
	if s.save(watcher.Refresh); s.state.view().Processes != before.Processes {
		t.Error("the table was made anew, though nothing differs in it")
	}
	s.stop().wantStates("#2 draining").drained(2).wantStates("#2 stopping").exited(2, 0).wantStates("#2 exited")
}

func TestStates_OfACrash(t *testing.T) {
	s := row(newScript(t), "idle")
	s.states = nil
	s.event(ran{runner.Exited{Generation: 1, PID: 101, Code: -1, Signal: "killed", Alive: 3 * time.Second}})
	s.wantStates("#1 backing off")
	s.wantTable("#1 pid 101 backing off: ended by signal killed after 3s; code -1 killed; attempt 1; in 100ms")
	s.retry().wantStates("#2 starting").wantTable("#2 pid 0 starting: ; attempt 1")
	s.failed(2).wantStates("#2 stopping").exited(2, 1).wantStates("#2 backing off")
	s.wantTable("#2 pid 102 backing off: exited with code 1 before it was ready; code 1 ; attempt 2; in 200ms")
	for gen := 3; gen <= 5; gen++ {
		s.retry().failed(gen).exited(gen, 1)
	}
	s.wantTable("#5 pid 105 given up: exited with code 1 before it was ready; code 1 ")
	s.order().wantTable("#6 pid 0 starting: ")
}

func TestStates_OfACandidateThatFails(t *testing.T) {
	s := row(newScript(t), "starting")
	s.failed(2).exited(2, 1)
	s.wantTable("#1 pid 101 serving: ", "#2 pid 102 exited: exited with code 1 before it was ready; code 1 ")
	s.save(watcher.Rebuild).same("z").wantTable("#1 pid 101 serving: ")
}

// TestRule9_RestartTable: what each way to end comes to under each setting, with
// nothing else to serve: started again after a back-off, or down until a save.
func TestRule9_RestartTable(t *testing.T) {
	ends := map[string]func(*script){
		"exit 0":    func(s *script) { s.exited(1, 0) },
		"exit 2":    func(s *script) { s.exited(1, 2) },
		"by signal": func(s *script) { s.event(ran{runner.Exited{Generation: 1, Code: -1, Signal: "killed"}}) },
	}
	starts := map[string]func(*script){
		"failed start": func(s *script) { s.failed(1).exited(1, 1) },
		"no start":     func(s *script) { s.event(ran{runner.Failed{Generation: 1, Reason: "could not be started"}}) },
		"fell at once": func(s *script) { s.ready(1).exited(1, 0) },
	}
	for _, c := range []struct {
		restart Restart
		again   []string
		down    []string
	}{
		{RestartOnFailure, []string{"exit 2", "by signal", "failed start", "no start", "fell at once"}, []string{"exit 0"}},
		{RestartAlways, []string{"exit 0", "exit 2", "by signal", "failed start", "no start", "fell at once"}, nil},
		{RestartNever, nil, []string{"exit 0", "exit 2", "by signal", "failed start", "no start", "fell at once"}},
	} {
		for _, end := range append(slices.Clone(c.again), c.down...) {
			t.Run(string(c.restart)+"/"+end, func(t *testing.T) {
				s := newScript(t)
				s.state.policy.restart = c.restart
				s.begin().built("a")
				if fall := starts[end]; fall != nil {
					fall(s)
				} else {
					s.ready(1).proof(1)
					ends[end](s)
				}
				want := proxy.Exited
				if slices.Contains(c.again, end) {
					want = proxy.BackOff
				}
				s.wantView(string(want), func(v proxy.View) bool { return v.Phase == want && v.Waiting == (want == proxy.BackOff) })
				s.did = nil
				s.order().wantDid("start #2 a") // which is never refused
			})
		}
	}
}

// TestRule9_BreakerIsClosedAtOnce by whatever asks for a start, in back-off and when
// given up; the failures before it are forgotten.
func TestRule9_BreakerIsClosedAtOnce(t *testing.T) {
	for _, at := range []string{"back-off", "given up"} {
		for name, ask := range map[string]func(*script){
			"restart save": func(s *script) { s.save(watcher.Restart) },
			"order":        func(s *script) { s.order() },
			"rebuild save": func(s *script) { s.save(watcher.Rebuild).built("b") },
			"settings": func(s *script) {
				s.save(watcher.Reload).event(loaded{Reloaded{Plan: Plan{Restart: RestartOnFailure}, Actions: []watcher.Action{watcher.Restart}}})
			},
		} {
			t.Run(at+"/"+name, func(t *testing.T) {
				s := row(newScript(t), at)
				ask(s)
				gen := gen(s, starting)
				if gen == 99 {
					t.Fatalf("nothing is started: did %q", s.did)
				}
				s.did = nil
				s.failed(gen).exited(gen, 1)
				if last := s.did[len(s.did)-1]; last != "after 100ms" && last != fmt.Sprintf("start #%d a", gen+1) {
					t.Errorf("did %q", s.did)
				}
			})
		}
	}
}

// TestRule9_WhoEndedIsNotBroughtBack by a candidate that fails, where its end was no crash.
func TestRule9_WhoEndedIsNotBroughtBack(t *testing.T) {
	s := row(newScript(t), "starting").exited(1, 0)
	s.did = nil
	s.failed(2).exited(2, 1).wantDid("stop #2")
	s.wantView("exited", func(v proxy.View) bool { return v.Phase == proxy.Exited && !v.Waiting })

	s = row(newScript(t), "starting").exited(1, 0).ready(2) // and a candidate that serves is no exit
	s.wantView("serving", func(v proxy.View) bool { return v.Phase == proxy.Serving && v.Generation == 2 })
}

// TestRule6_CandidateThatHangs is left to finish by a save that could overtake it, but not for as
// long as a start may take: that save may be what mends it.
func TestRule6_CandidateThatHangs(t *testing.T) {
	s := row(newScript(t), "idle")
	s.event(overdue{1}) // of one that is ready: nothing
	s.state.lastStart = 100 * time.Millisecond
	s.save(watcher.Rebuild).wait(4 * time.Second).built("b") // hangs
	s.did = nil
	s.wait(300*time.Millisecond).save(watcher.Rebuild).wantDid("build", "after 2s") // of 2.3 s
	s.built("c").wantDid()
	s.wait(2*time.Second).event(overdue{candidate(s)}).wantDid("stop #2").exited(2, 1).wantDid("start #3 c").ready(3)
	s.wantView("mended", free)
}

// TestRule6_EveryHangingStartIsBounded, however it came to be left to finish: who has mended it
// waits for its bound, and then for no longer than its end takes.
func TestRule6_EveryHangingStartIsBounded(t *testing.T) {
	for name, hang := range map[string]func(t *testing.T) *script{
		"beside a build of what came later": func(t *testing.T) *script { return row(newScript(t), "both") },
		"before any start was ready":        func(t *testing.T) *script { return row(newScript(t), "first hangs") },
		"after the time passed in vain": func(t *testing.T) *script {
			s := row(newScript(t), "idle").save(watcher.Rebuild).wait(4 * time.Second).built("b").save(watcher.Rebuild)
			g := candidate(s)
			s.broken().wait(2 * time.Second).event(overdue{g}) // nothing newer waits
			if candidate(s) != g {
				t.Fatal("ended, though nothing waits for it:", standing(s.state))
			}
			s.did = nil
			return s.save(watcher.Rebuild).wantDid("build", fmt.Sprintf("stop #%d", g)) // it was over already
		},
		"a restart for a restart": func(t *testing.T) *script {
			s := row(newScript(t), "idle")
			for range patientKills {
				s.save(watcher.Restart).exited(candidate(s), 1)
			}
			return s.save(watcher.Restart).save(watcher.Restart)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := hang(t)
			if g := candidate(s); g != 99 {
				if !slices.Contains(s.did, "after 2s") {
					t.Fatalf("no bound: did %q", s.did)
				}
				if s.wait(2 * time.Second).event(overdue{g}); candidate(s) == g {
					t.Fatal("it is not ended:", standing(s.state))
				}
			}
			s.exited(leaver(s), 1)
			whileBuilding(s, func() { s.built("mended") })
			if candidate(s) == 99 {
				t.Fatal("what waited is not started:", standing(s.state))
			}
			s.ready(candidate(s)).wantView("mended", free)
		})
	}
}

// TestRule6_SlowStartGetsThrough, also the first one: alone it has all the time of a start, and
// under someone who saves all the time it is given more with each time that was not enough.
func TestRule6_SlowStartGetsThrough(t *testing.T) {
	const takes = 20 * time.Second // migrations
	s := newScript(t).begin().built("a").wait(takes)
	if slices.Contains(s.did, "after 2s") {
		t.Errorf("bounded, though nothing waits: did %q", s.did)
	}
	s.ready(1).wantView("nobody saves", free)

	s = newScript(t).begin().built("0")
	var began time.Time
	gen := 99
	for second := range 240 {
		s.wait(time.Second).save(watcher.Rebuild)
		if g := candidate(s); g == 99 {
			for g := leaver(s); g != 99; g = leaver(s) {
				s.exited(g, 1)
			}
		} else if gen == g && s.now.Sub(began) >= takes {
			return // it is ready
		}
		if s.event(overdue{candidate(s)}); s.state.build != nil && s.state.build.killed {
			s.killed()
		}
		if second%2 == 0 { // builds take a second or two
			whileBuilding(s, func() { s.built(fmt.Sprint(second)) })
		}
		if g := candidate(s); g != gen {
			gen, began = g, s.now
		}
	}
	t.Error("nothing ever serves")
}

// TestRule6_OrdersOvertake: who orders a restart has had enough of the start that is under way,
// whatever it was left to finish for.
func TestRule6_OrdersOvertake(t *testing.T) {
	for _, name := range []string{"starting", "both", "moved starting", "first start", "first hangs", "left to finish"} {
		s := row(newScript(t), name)
		g := candidate(s)
		s.did = nil
		s.order()
		if want := fmt.Sprintf("stop #%d", g); !slices.Contains(s.did, want) {
			t.Errorf("%s: did %q, want %q", name, s.did, want)
		}
		s.exited(g, 1)
		whileBuilding(s, func() { s.built("z") })
		if next := candidate(s); next == 99 || next == g {
			t.Errorf("%s: nothing is started for the order: %s", name, standing(s.state))
		}
	}
}

// TestRule6_NoPatienceWithWhatWaits: a candidate that waits for a database is no use to who
// saved later, though its build was left to finish; its own time begins after the wait.
func TestRule6_NoPatienceWithWhatWaits(t *testing.T) {
	s := row(newScript(t), "both")
	s.did = nil
	s.waiting(2, "tcp://db:5432").wantDid("stop #2")

	s = row(newScript(t), "starting").waiting(2, "tcp://db:5432").wait(time.Minute).waiting(2, "")
	s.did = nil
	s.save(watcher.Rebuild).wantDid("build", "after 2s")
}
