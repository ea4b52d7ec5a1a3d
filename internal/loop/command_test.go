package loop

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/watcher"
)

// The verbs about rules with a command.

// saveOf is a save of files of a rule with the command "gen".
func (s *script) saveOf(a watcher.Action, files ...string) *script {
	s.n++
	b := watcher.Batch{N: s.n}
	for _, file := range files {
		b.Changes = append(b.Changes, watcher.Change{Path: file, Action: a, Run: "gen"})
	}
	return s.event(watched{watcher.Pending{N: s.n}}).event(watched{b})
}

// write is a save of a file that has no command.
func (s *script) write(file string, a watcher.Action) *script {
	s.n++
	return s.event(watched{watcher.Pending{N: s.n}}).
		event(watched{watcher.Batch{N: s.n, Changes: []watcher.Change{{Path: file, Action: a}}}})
}

func (s *script) id() int { return s.state.started }

func (s *script) generated() *script {
	return s.event(generated{s.id(), builder.Result{Took: time.Second}})
}

func (s *script) genFailed() *script {
	return s.event(generated{s.id(), builder.Result{
		Err: &builder.Failure{Text: "gen: exit status 1"}, Output: "x.templ:3:1: no",
		Diagnostics: []builder.Diagnostic{{File: "x.templ", Line: 3, Column: 1, Message: "no"}},
	}})
}

func (s *script) genKilled() *script {
	return s.event(generated{s.id(), builder.Result{Err: errors.New("superseded")}})
}

func (s *script) synced() *script { return s.event(watched{watcher.Synced{ID: s.id(), N: s.n}}) }

func held(v proxy.View) bool  { return v.Settled < v.Pending }
func free(v proxy.View) bool  { return v.Settled == v.Pending && !v.Failed }
func stale(v proxy.View) bool { return v.Settled == v.Pending && v.Failed }

// TestW11_NothingIsSettledBeforeTheOutputsAreBuilt walks from the save of a source to
// the swap, with the outputs noticed before the command ends, after it, or only by Sync.
func TestW11_NothingIsSettledBeforeTheOutputsAreBuilt(t *testing.T) {
	output := func(s *script) { s.write("/src/x_templ.go", watcher.Rebuild) }
	for name, steps := range map[string][]func(*script){
		"while it runs": {output, func(s *script) { s.generated() }, func(s *script) { s.synced() }},
		"before sync":   {func(s *script) { s.generated() }, output, func(s *script) { s.synced() }},
		"by sync": {func(s *script) { s.generated() }, func(s *script) {
			s.n++
			s.event(watched{watcher.Pending{N: s.n}}).synced()
		}, func(s *script) {
			s.event(watched{watcher.Batch{N: s.n, Changes: []watcher.Change{{Path: "/src/x_templ.go", Action: watcher.Rebuild}}}})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := row(newScript(t), "idle")
			s.did = nil
			s.saveOf(watcher.Run, "/src/x.templ").wantDid("command 1 gen [/src/x.templ]")
			for i, step := range steps {
				s.wantView(fmt.Sprint("before step ", i), held)
				if slices.Contains(s.did, "build") {
					t.Fatalf("step %d: built before the outputs are closed: %q", i, s.did)
				}
				step(s)
			}
			if s.did[len(s.did)-1] != "build" {
				t.Fatalf("did %q", s.did)
			}
			s.wantView("while it builds", held)
			s.built("b").wantView("while it starts", held)
			s.ready(2).wantView("served", free)
		})
	}
}

func TestW11_CommandRunsOnceABatch(t *testing.T) {
	s := row(newScript(t), "idle")
	s.did = nil
	s.saveOf(watcher.Refresh, "/src/a.ts", "/src/b.ts").wantDid("command 1 gen [/src/a.ts /src/b.ts]")
	s.generated().wantDid("sync 1")
	s.said = nil
	s.synced().wantDid()
	if !slices.ContainsFunc(s.said, func(line string) bool { return strings.HasPrefix(line, "refresh") }) {
		t.Errorf("said %q", s.said)
	}
	s.wantView("nothing was written", free)
}

// TestW11_NewerSaveRunsItAgain, after the one before is gone, and with its files too;
// but it is not killed for ever.
func TestW11_NewerSaveRunsItAgain(t *testing.T) {
	s := row(newScript(t), "idle")
	s.did = nil
	s.saveOf(watcher.Run, "/src/a").wantDid("command 1 gen [/src/a]")
	s.saveOf(watcher.Run, "/src/b").wantDid("kill command 1")
	s.saveOf(watcher.Run, "/src/b").wantDid()
	s.genKilled().wantDid("command 2 gen [/src/a /src/b]")
	s.saveOf(watcher.Run, "/src/b").wantDid("kill command 2")
	s.genKilled().wantDid("command 3 gen [/src/a /src/b]")
	s.saveOf(watcher.Run, "/src/b").wantDid()
	s.generated().wantDid("sync 3")
	s.saveOf(watcher.Run, "/src/c").wantDid() // before the watcher has answered
	s.wantView("all the time", held)
	s.synced().wantDid("command 4 gen [/src/b /src/c]")
	s.generated().synced().wantView("in the end", free)
}

// TestRule6_BuildBetweenTwoRuns: for someone who saves faster than the command runs, what a
// run has written is built and started before the next one. Who came later waits on.
func TestRule6_BuildBetweenTwoRuns(t *testing.T) {
	s := row(newScript(t), "idle")
	s.saveOf(watcher.Run, "/src/x").saveOf(watcher.Run, "/src/x").genKilled()
	s.saveOf(watcher.Run, "/src/x").genKilled()
	written := s.n
	s.saveOf(watcher.Run, "/src/x") // while the third one runs, which is left to end
	s.did = nil
	s.generated().wantDid("sync 3")
	s.write("/src/x.go", watcher.Rebuild)
	s.synced().wantDid("build")
	s.saveOf(watcher.Run, "/src/x").wantDid()
	s.save(watcher.Rebuild).wantDid() // a build between two runs is left to finish
	s.built("b").wantDid("start #2 b", "after 2s", "command 4 gen [/src/x]")
	s.ready(2).wantView("the build between", func(v proxy.View) bool {
		return v.Generation == 2 && v.Settled == written && v.Settled < v.Pending
	})
	s.did = nil
	s.generated().synced().wantDid("sync 4", "build")
	s.built("c").ready(3).wantView("the last", free)
}

// TestRule6_WeakerActionsBetweenTwoRuns, also where the command fails.
func TestRule6_WeakerActionsBetweenTwoRuns(t *testing.T) {
	s := row(newScript(t), "idle")
	run := func() { s.saveOf(watcher.Refresh, "/src/x.ts") }
	run()
	run()
	s.genKilled()
	run()
	s.genKilled()
	run()
	s.did, s.said = nil, nil
	s.generated().synced().wantDid("sync 3", "command 4 gen [/src/x.ts]")
	if !slices.ContainsFunc(s.said, func(line string) bool { return strings.HasPrefix(line, "refresh") }) {
		t.Errorf("said %q", s.said)
	}
	run()
	s.genFailed().synced().wantView("failed, and runs again", func(v proxy.View) bool { return v.Failed && held(v) })
	s.did = nil
	s.generated().synced().wantDid("sync 5")
	s.wantView("mended", free)
}

// TestW11_FailureIsShownAndForgiven: what runs goes on, the held go marked, and the next
// save of whatever runs the command again.
func TestW11_FailureIsShownAndForgiven(t *testing.T) {
	s := row(newScript(t), "idle")
	s.saveOf(watcher.Run, "/src/x.templ").genFailed().wantView("before its writing is closed", held)
	s.synced().wantView("failed", func(v proxy.View) bool {
		return stale(v) && v.Generation == 1 && v.Problem.Kind == "rule" && v.Problem.Diagnostics[0].Line == 3
	})
	s.did = nil
	s.touch(watcher.Rebuild).wantDid("command 2 gen [/src/x.templ]")
	s.generated().synced().wantDid("sync 2", "build")
	s.built("b").ready(2).wantView("mended", free)
}

// TestW11_FailureStaysUntilItIsMended, also when a build beside it does well.
func TestW11_FailureStaysUntilItIsMended(t *testing.T) {
	s := row(newScript(t), "idle")
	s.saveOf(watcher.Rebuild, "/src/x.templ").genFailed().synced()
	s.did = nil
	s.built("b").ready(2).wantView("the build did well, the command did not", stale)
	// What the command writes before it fails again is no reason to run it again.
	s.write("/src/y.go", watcher.Rebuild)
	s.did = nil
	s.write("/src/x_templ.go", watcher.Rebuild).genFailed().synced().wantDid("sync 2", "build")
	s.built("c").ready(3).wantView("the same", stale)
	plan := Plan{Commands: map[string]builder.Command{"gen": {}}}
	s.event(loaded{Reloaded{Plan: plan}}).wantView("other settings", stale)
	s.event(loaded{Reloaded{}}).wantView("no rule any more", free)
}

// TestW11_CommandThatWritesWhatItReads, as swag does under a rule for all Go files: what was saved
// and what it has written are one build, the run that its own writing asks for finds nothing to
// do, and that is no loop.
func TestW11_CommandThatWritesWhatItReads(t *testing.T) {
	s := row(newScript(t), "idle")
	for round := range 2 * feedbackLaps {
		s.did = nil
		s.saveOf(watcher.Rebuild, "/src/main.go").generated()
		s.saveOf(watcher.Rebuild, "/src/docs/docs.go").wantView("written", held)
		s.synced().wantDid(fmt.Sprintf("command %d gen [/src/main.go]", 2*round+1), fmt.Sprintf("sync %d", 2*round+1), "build")
		s.built(fmt.Sprint("b", round)).wantView("built", held)
		next := candidate(s)
		s.ready(next).wantView("served, and the command may yet find something", held)
		s.proof(next).reap().generated()
		s.n++
		s.event(watched{watcher.Pending{N: s.n}})
		s.event(watched{watcher.Unchanged{N: s.n, Touched: []watcher.Change{{Path: "/src/docs/docs.go", Action: watcher.Rebuild, Run: "gen"}}}})
		s.synced().wantView("nothing", free)
		if slices.Contains(s.did, "build") {
			t.Fatalf("round %d is built again: %q", round, s.did)
		}
	}
	if s.paused() > 0 {
		t.Errorf("said %q", s.said)
	}
}

func TestW11_StartsWaitForTheCommand(t *testing.T) {
	s := row(newScript(t), "idle")
	s.did = nil
	s.saveOf(watcher.Restart, "/src/conf.cue").wantDid("command 1 gen [/src/conf.cue]")
	s.generated().wantDid("sync 1")
	s.synced().wantDid("start #2 a")
}

func TestW11_StopEndsTheCommand(t *testing.T) {
	s := row(newScript(t), "idle").saveOf(watcher.Run, "/src/x")
	s.did = nil
	s.stop().wantDid("kill command 1", "drain #1")
	s.drained(1).exited(1, 0).wantDid("stop #1")
	s.genKilled().wantDid("quit")

	s = row(newScript(t), "idle").saveOf(watcher.Run, "/src/x").generated()
	s.did = nil
	s.stop().drained(1).exited(1, 0).wantDid("drain #1", "stop #1", "quit")
}
