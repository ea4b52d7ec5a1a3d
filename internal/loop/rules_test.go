package loop

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/relay"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
)

// Each rule in a few events. What is not told here stands in testdata/cells.txt.

func (s *script) wantView(what string, ok func(v proxy.View) bool) *script {
	s.t.Helper()
	if v := s.state.view(); !ok(v) {
		s.t.Errorf("%s: %+v", what, v)
	}
	return s
}

func (s *script) wantDid(words ...string) *script {
	s.t.Helper()
	if !slices.Equal(s.did, words) {
		s.t.Fatalf("did %q, want %q", s.did, words)
	}
	s.did = nil
	return s
}

// TestS1_OlderNumberLetsNobodyGo: what ends for an older save says nothing to those
// who came after a newer one (rule 1).
func TestS1_OlderNumberLetsNobodyGo(t *testing.T) {
	for name, end := range map[string]func(*script){
		"swap":         func(s *script) { s.built("b").ready(2) },
		"build failed": func(s *script) { s.broken() },
		"same":         func(s *script) { s.same("b") },
		"start failed": func(s *script) { s.built("b").failed(2).exited(2, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			s := row(newScript(t), "building")
			s.event(watched{watcher.Pending{N: 2}})
			end(s)
			s.wantView("number 2 is open", func(v proxy.View) bool { return v.Settled == 1 && v.Pending == 2 })
			s.event(watched{watcher.Unchanged{N: 2}})
			s.wantView("number 2 was no change", func(v proxy.View) bool { return v.Settled == 2 })
		})
	}
}

// TestS1_WhatStoodThereForAMoment: a file that changes and changes back while a build
// reads it has the content that it had, and the binary may not.
func TestS1_WhatStoodThereForAMoment(t *testing.T) {
	goFile := []watcher.Change{{Path: "/src/gen.go", Action: watcher.Rebuild}}
	s := row(newScript(t), "building")
	s.event(watched{watcher.Pending{N: 2}}).built("b").ready(2)
	s.did = nil
	s.event(watched{watcher.Unchanged{N: 2, Touched: goFile}}).wantDid("build")

	s = row(newScript(t), "idle") // the number is open when the build begins
	s.event(watched{watcher.Pending{N: 1}}).exited(1, 1).event(retryDue{1})
	s.did = nil
	s.event(watched{watcher.Unchanged{N: 1, Touched: []watcher.Change{{Path: "/src/config.yaml", Action: watcher.Restart}}}})
	s.wantDid("stop #2")

	s = row(newScript(t), "building") // beside a change of another kind
	s.event(watched{watcher.Pending{N: 2}})
	s.did = nil
	s.event(watched{watcher.Batch{N: 2, Changes: []watcher.Change{{Path: "/src/a.css", Action: watcher.Refresh}}, Touched: goFile}})
	s.wantDid("kill build")

	s = row(newScript(t), "idle").touch(watcher.Rebuild) // nothing has read it
	s.did = nil
	s.save(watcher.Rebuild).wantDid("build")
}

func TestRule2_RestartDueSurvivesAnEqualBinary(t *testing.T) {
	s := row(newScript(t), "idle")
	s.did = nil
	s.save(watcher.Restart).wantDid("start #2 a")
	s.save(watcher.Rebuild).wantDid("stop #2", "build")
	s.exited(2, 0).same("z").wantDid("start #4 a")
}

// TestRule2_RestartBesideARebuild: of one save, or of one edit of the settings, the restart is
// done also where the rebuild gives what runs already.
func TestRule2_RestartBesideARebuild(t *testing.T) {
	for name, save := range map[string]func(*script){
		"files": func(s *script) { s.save(watcher.Rebuild, watcher.Restart) },
		"settings": func(s *script) {
			s.save(watcher.Reload).event(loaded{Reloaded{Plan: Plan{Restart: RestartOnFailure}, Actions: []watcher.Action{watcher.Restart, watcher.Rebuild}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := row(newScript(t), "idle")
			save(s)
			s.did = nil
			s.same("z").wantDid("start #3 a")
			s.wantView("the old config serves", func(v proxy.View) bool { return v.Settled < v.Pending })
			if !slices.Contains(s.said, "same #2 the same binary as #1, which is started again") {
				t.Errorf("said %q", s.said)
			}
			s.ready(3).wantView("the new one", func(v proxy.View) bool { return v.Settled == v.Pending && !v.Failed })

			s = row(newScript(t), "idle")
			save(s)
			s.did = nil
			s.built("b").wantDid("start #2 b").ready(2).proof(2).wantDid("drain #1", "after 1s")
		})
	}
}

// TestRule2_FailedRestartIsDoneAgain: by the next build that gives what runs already, which has
// not read what was saved before.
func TestRule2_FailedRestartIsDoneAgain(t *testing.T) {
	s := row(newScript(t), "idle").save(watcher.Rebuild, watcher.Restart).built("b").failed(2).exited(2, 1)
	s.did = nil
	s.save(watcher.Rebuild).wantDid("build").same("z").wantDid("start #4 a")
	s.wantView("old config, marked", func(v proxy.View) bool { return v.Failed && v.Settled < v.Pending })
	s.ready(4).wantView("new config", func(v proxy.View) bool { return !v.Failed && v.Settled == v.Pending })
	s.did = nil
	s.save(watcher.Rebuild).same("z").wantDid("build") // once
}

func TestRule2_RestartDueSurvivesAFailedBuild(t *testing.T) {
	s := row(newScript(t), "building")
	s.did = nil
	s.save(watcher.Restart).broken().wantDid("start #3 a")
	s.ready(3).wantView("still marked", func(v proxy.View) bool { return v.Failed && v.Generation == 3 })
}

func TestRule4_RestartRunsTheNewestBinary(t *testing.T) {
	s := row(newScript(t), "starting").failed(2).exited(2, 1) // b has panicked at its start
	s.did = nil
	s.save(watcher.Restart).wantDid("start #3 b") // with the config mended
}

func TestRule5_BackToTheSamePid(t *testing.T) {
	s := row(newScript(t), "in proof")
	s.exited(2, 3).wantView("the old one", func(v proxy.View) bool { return v.PID == 101 && v.Failed && v.Settled == 1 })
}

func TestRule6_TwoKillsThenProgress(t *testing.T) {
	s := row(newScript(t), "building")
	s.did = nil
	s.save(watcher.Rebuild).wantDid("kill build")
	s.killed().wantDid("build")
	s.save(watcher.Rebuild).wantDid("kill build")
	s.killed().wantDid("build")
	s.save(watcher.Rebuild).wantDid()
	s.built("b").wantDid("build", "start #2 b", "after 2s")
	s.ready(2).wantView("served, the rest held", func(v proxy.View) bool { return v.Generation == 2 && v.Settled == 3 && v.Pending == 4 })
}

func TestRule6_TimeForProgress(t *testing.T) {
	s := row(newScript(t), "building")
	s.did = nil
	s.wait(3 * time.Second).save(watcher.Rebuild).wantDid() // 1.5 × the last build of 2 s
}

func TestRule7_ThirdDrainEndsTheOldest(t *testing.T) {
	s := row(newScript(t), "idle")
	for gen, binary := range []string{"b", "c", "d"} {
		s.save(watcher.Rebuild).built(binary).ready(gen + 2).proof(gen + 2)
	}
	if last := s.did[len(s.did)-1]; last != "kill #1" {
		t.Errorf("did %q", s.did)
	}
}

func TestRule8_TouchAfterAFailureIsAChange(t *testing.T) {
	s := row(newScript(t), "building").broken()
	s.did = nil
	s.touch(watcher.Rebuild).wantDid("build")
	s.same("z").wantView("mended", func(v proxy.View) bool { return !v.Failed && v.Problem == nil && v.Generation == 1 })
}

func TestRule9_BackOffDoublesAndGivesUp(t *testing.T) {
	s := row(newScript(t), "idle")
	s.did = nil
	s.exited(1, 1).wantDid("after 100ms")
	s.retry().failed(2).exited(2, 1).wantDid("start #2 a", "stop #2", "after 200ms")
	s.retry().failed(3).exited(3, 1).wantDid("start #3 a", "stop #3", "after 400ms")
	s.retry().failed(4).exited(4, 1).wantDid("start #4 a", "stop #4", "after 800ms")
	s.retry().failed(5).exited(5, 1).wantDid("start #5 a", "stop #5")
	s.wantView("given up", func(v proxy.View) bool { return v.Phase == proxy.GivenUp && !v.Waiting })
	s.order().wantDid("start #6 a")
}

func TestRule9_CrashDuringABuildWaitsForIt(t *testing.T) {
	s := row(newScript(t), "building")
	s.did = nil
	s.exited(1, 1).wantDid()
	s.wantView("held", func(v proxy.View) bool { return v.Waiting && v.Generation == 0 })
	s.broken().wantDid("start #3 a")
}

func TestRule9_NeverMeansNever(t *testing.T) {
	never := func() *script {
		s := newScript(t)
		s.state.policy.restart = RestartNever
		return s
	}
	s := never().begin().built("a")
	s.did = nil
	s.failed(1).exited(1, 1).wantDid("stop #1")
	s.wantView("down", func(v proxy.View) bool { return v.Phase == proxy.Exited && !v.Waiting && v.Failed })

	s = row(never(), "building")
	s.did = nil
	s.exited(1, 1).broken().wantDid() // the target went during the build
	s.save(watcher.Restart).wantDid("start #3 a")
}

func TestRule6_KillsAreForgottenWhenACandidateServes(t *testing.T) {
	s := row(newScript(t), "idle").save(watcher.Restart).save(watcher.Restart).exited(2, 0).save(watcher.Restart).exited(3, 0)
	s.ready(gen(s, starting)).wait(time.Hour)
	s.save(watcher.Rebuild)
	s.did = nil
	s.save(watcher.Rebuild).wantDid("kill build")
}

func TestRule13_WayFollowsWhatTheAppDoes(t *testing.T) {
	s := row(newScript(t), "idle")
	s.event(ran{runner.Fixed{Generation: 1, Addrs: []string{":6060"}}})
	s.did, s.said = nil, nil
	s.save(watcher.Restart).wantDid("drain #1")
	s.drained(1).exited(1, 0).ready(2).proof(2)
	if s.did = nil; len(s.said) > 5 {
		t.Errorf("said %q", s.said)
	}
	s.save(watcher.Restart).wantDid("start #3 a") // #2 did not bind it any more
}

func TestRule13_SwapEditedBackToAuto(t *testing.T) {
	s := newScript(t)
	s.state.policy.swap = SwapOverlap
	s.begin().built("a").readyOnOwn(1).proof(1)
	s.event(loaded{Reloaded{Plan: Plan{Swap: SwapAuto, Restart: RestartOnFailure}}})
	s.did = nil
	s.save(watcher.Restart).wantDid("drain #1")
}

func TestRule9_ExitIsNotACrash(t *testing.T) {
	s := row(newScript(t), "idle")
	s.exited(1, 0).wantView("exited", func(v proxy.View) bool { return v.Phase == proxy.Exited && !v.Waiting })
}

func TestRule12_StopFirstGoesBackToThePreviousBinary(t *testing.T) {
	s := row(newScript(t), "draining").drained(1).exited(1, 0)
	s.did = nil
	s.failed(2).exited(2, 1).wantDid("stop #2", "start #3 a")
	s.readyOnOwn(3).wantView("marked", func(v proxy.View) bool { return v.Failed && v.Generation == 3 && v.Settled == 1 })
}

func TestRule33_SettingsAreReadOneAtATime(t *testing.T) {
	s := row(newScript(t), "idle")
	s.did = nil
	plan := Plan{Swap: SwapAuto, Restart: RestartOnFailure}
	s.save(watcher.Reload).save(watcher.Reload).wantDid("load settings")
	s.event(loaded{Reloaded{Plan: plan}}).wantDid("load settings")
	s.wantView("the second read is under way", func(v proxy.View) bool { return v.Settled == 0 })
	s.event(loaded{Reloaded{Plan: plan, Actions: []watcher.Action{watcher.Rebuild}}}).wantDid("build")
}

// TestP4_StylesheetsAloneNeedNoLoad: and beside a rebuild they are told with the swap.
func TestP4_StylesheetsAloneNeedNoLoad(t *testing.T) {
	refreshed := func(paths ...string) watched {
		b := watcher.Batch{N: 1}
		for _, p := range paths {
			b.Changes = append(b.Changes, watcher.Change{Path: p, Action: watcher.Refresh})
		}
		return watched{b}
	}
	told := func(refreshes, styles uint64) func(proxy.View) bool {
		return func(v proxy.View) bool { return v.Refreshes == refreshes && v.Styles == styles }
	}
	row(newScript(t), "idle").event(refreshed("/src/a.css", "/src/b.css")).wantView("stylesheets", told(0, 1))
	row(newScript(t), "idle").event(refreshed("/src/a.css", "/src/b.js")).wantView("a script too", told(1, 0))
	s := row(newScript(t), "building").event(refreshed("/src/a.css"))
	s.wantView("a build runs", told(0, 0)).built("b").ready(2).wantView("with the swap", told(0, 1))
}

func TestWaitFor_NewerSaveWins(t *testing.T) {
	s := row(newScript(t), "starting").waiting(2, "tcp://db:5432")
	s.wantView("it is told", func(v proxy.View) bool { return v.WaitsFor == "tcp://db:5432" && v.Phase == proxy.Starting })
	for gen := 2; gen < 2+2*patientKills; gen++ { // patience would leave it to finish, which it never does
		s.did = nil
		s.wait(time.Minute).save(watcher.Rebuild).wantDid("build", fmt.Sprintf("stop #%d", gen))
		s.event(ran{runner.Failed{Generation: gen}}).built(fmt.Sprint("b", gen)).waiting(gen+1, "tcp://db:5432")
	}
	s.waiting(2+2*patientKills, "")
	s.wantView("it is started", func(v proxy.View) bool { return v.WaitsFor == "" && v.Phase == proxy.Starting })
}

// TestWaitFor_EditOfTheSettings: what waits for something that is not meant any more is started
// again by what the settings say now, and nothing else is.
func TestWaitFor_EditOfTheSettings(t *testing.T) {
	edited := loaded{Reloaded{Plan: Plan{Swap: SwapAuto, Restart: RestartOnFailure}, Keys: []string{"run.wait_for"}}}
	s := row(newScript(t), "starting").waiting(2, "tcp://typo:5432").save(watcher.Reload)
	s.did = nil
	s.event(edited).wantDid("stop #2").exited(2, 0).wantDid("start #3 b")
	s.save(watcher.Reload)
	s.did = nil
	s.event(edited).wantDid()
}

func TestLive_UnresponsiveTargetIsTakenForACrashedOne(t *testing.T) {
	s := row(newScript(t), "idle")
	s.did = nil
	s.unresponsive(1).wantDid("stop #1", "after 100ms")
	s.wantView("who comes waits", func(v proxy.View) bool {
		return v.Generation == 0 && v.Waiting && v.Phase == proxy.BackOff && strings.Contains(v.Problem.Title, "was not answered")
	})
	s.did = nil
	s.retry().wantDid("start #2 a")
	s.did = nil
	s.unresponsive(1).exited(1, 2).wantDid() // it is known already
}

func TestLive_UnresponsiveCandidateInProofGivesWay(t *testing.T) {
	s := row(newScript(t), "in proof").unresponsive(2)
	s.wantView("back to #1", func(v proxy.View) bool { return v.Generation == 1 && v.Failed })
}

// An app that hands its socket to a child and exits has not gone: what it left was ended,
// and it is started again.
func TestR12_AppThatLeavesAnotherBehindIsStartedAgain(t *testing.T) {
	s := row(newScript(t), "idle")
	s.did = nil
	s.event(ran{runner.Exited{Generation: 1, PID: 101, Reason: "left pid 7 (shop) behind and exited with code 0", Alive: 3 * time.Second}})
	s.wantDid("after 100ms")
	if last := s.said[len(s.said)-1]; !slices.ContainsFunc(s.said, func(l string) bool {
		return strings.Contains(l, "crash: left pid 7 (shop) behind and exited with code 0 after 3s")
	}) {
		t.Errorf("it was said %q", last)
	}
}

// TestRule14_UnixSocketIsNotMoved: what listens on a Unix socket is stopped first; when it takes PORT,
// the new one starts beside it again.
func TestRule14_UnixSocketIsNotMoved(t *testing.T) {
	s := newScript(t)
	s.state.beacon = true
	s.begin().built("a").readyOnUnix(1).wantDid("build with beacon", "start #1 a with beacon", "after 1s").proof(1)
	if !slices.ContainsFunc(s.said, func(line string) bool {
		return strings.Contains(line, "/app.sock, not on PORT: each swap stops the old one first, and requests wait")
	}) {
		t.Errorf("said %q", s.said)
	}
	s.did = nil
	s.save(watcher.Rebuild).built("b").wantDid("build with beacon", "drain #1")
	s.drained(1).exited(1, 0).ready(2).proof(2)
	s.did = nil
	s.save(watcher.Restart).wantDid("start #3 b with beacon")
}

// TestT4_OutputOfTheAppIsNotToldAgain: it was printed as it came.
func TestT4_OutputOfTheAppIsNotToldAgain(t *testing.T) {
	s := newScript(t)
	s.begin().built("a").failed(1).exited(1, 1).event(retryDue{1}).ready(2).proof(2).exited(2, 1)
	if said := strings.Join(s.said, "\n"); !strings.Contains(said, "failed #1 start") || !strings.Contains(said, "failed #2 crash") || strings.Contains(said, "boom") {
		t.Errorf("said %q", s.said)
	}
}

// TestRule15_LockIsRemembered: the candidate that a lock keeps from starting is started
// again when the old one is gone, and so are all after it.
func TestRule15_LockIsRemembered(t *testing.T) {
	s := row(newScript(t), "starting")
	s.did, s.said = nil, nil
	s.locked(2).exited(2, 1).drained(1).exited(1, 0).ready(3).proof(3).wantDid("stop #2", "drain #1", "stop #1", "start #3 b", "after 1s")
	if len(s.said) != 3 || !strings.Contains(s.said[0], "lock") { // the lock, #1 drained, the swap
		t.Errorf("said %q", s.said)
	}
	s.did = nil
	s.save(watcher.Restart).wantDid("drain #3")
}

// TestRule18_RelayFollowsTheTarget is what the relay is told of the ports of an app with
// two, of which the front leads to the first.
func TestRule18_RelayFollowsTheTarget(t *testing.T) {
	s := row(newScript(t), "moved")
	want := func(when string, live []int, second relay.Route) {
		t.Helper()
		got := s.state.relayed()
		w := relay.View{Live: live, Routes: []relay.Route{{Port: 8080, Front: true}, second}}
		if !reflect.DeepEqual(got, w) {
			t.Errorf("%s: %+v, want %+v", when, got, w)
		}
	}
	one, two := relay.Route{Port: 6060, Generation: 1, Upstream: "127.0.0.1:40011"}, relay.Route{Port: 6060, Generation: 2, Upstream: "127.0.0.1:40021"}
	want("first", []int{1}, one)
	s.save(watcher.Restart)
	s.event(ran{runner.Listening{Generation: 2, Asked: 8080, Upstream: "127.0.0.1:40020"}})
	want("starting", []int{1, 2}, one)
	s.event(ran{runner.Ready{Generation: 2, PID: 102, Upstream: "127.0.0.1:40020", Asked: 8080}})
	want("the second port is not open yet", []int{1, 2}, one)
	s.event(ran{runner.Listening{Generation: 2, Asked: 6060, Upstream: "127.0.0.1:40021"}})
	want("swapped", []int{1, 2}, two)
	s.proof(2).drained(1).exited(1, 0)
	want("proven", []int{2}, two)
	s.exited(2, 2)
	want("crashed", nil, relay.Route{Port: 6060})
	s.stop()
	if got := s.state.relayed(); got.Routes != nil {
		t.Errorf("stopping: %+v", got)
	}
}

// TestRule19_RefusedBuildIsDoneAsItIs: one line, and stop-first.
func TestRule19_RefusedBuildIsDoneAsItIs(t *testing.T) {
	s := newScript(t)
	s.state.beacon, s.state.fixed = true, true
	s.begin().event(built{builder.Result{Err: &builder.Refusal{Text: "no"}}})
	s.wantDid("build with beacon", "build")
	s.built("a").readyOnOwn(1)
	if len(s.said) != 3 { // why, built, ready
		t.Errorf("said %q", s.said)
	}
	s.proof(1)
	s.did = nil
	s.save(watcher.Restart).wantDid("drain #1")
}
