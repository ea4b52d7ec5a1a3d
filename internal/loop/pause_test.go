package loop

import (
	"testing"
	"time"

	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/watcher"
)

// TestT8_PausedSavesAreOneBuild: however many there are, and whatever was saved twice.
func TestT8_PausedSavesAreOneBuild(t *testing.T) {
	s := row(newScript(t), "idle")
	s.did = nil
	s.pause().save(watcher.Rebuild).save(watcher.Rebuild).touch(watcher.Rebuild).save(watcher.Restart).wantDid("after 1m0s", "answer")
	if v := s.state.view(); !v.Paused || v.Settled == v.Pending || v.Generation != 1 || v.Phase != proxy.Paused {
		t.Fatalf("%+v", v)
	}
	s.resume().wantDid("answer", "build").built("b").ready(2)
	if v := s.state.view(); v.Paused || v.Settled != v.Pending || v.Generation != 2 {
		t.Fatalf("%+v", v)
	}
}

// TestT8_PauseEndsTheBuild: it could read half of the edit. It is done after the pause, and
// who waited for it is not let go before.
func TestT8_PauseEndsTheBuild(t *testing.T) {
	s := row(newScript(t), "building")
	s.did = nil
	s.pause().wantDid("kill build", "after 1m0s", "answer").killed().wantDid()
	if v := s.state.view(); !v.Paused || v.Settled == v.Pending {
		t.Fatalf("%+v", v)
	}
	s.resume().wantDid("answer", "build").built("b").ready(2)
	if v := s.state.view(); v.Settled != v.Pending || v.Generation != 2 {
		t.Fatalf("%+v", v)
	}
}

// TestT8_CrashWhilePaused: the app is looked after as ever, also where a build was to
// replace it, and its start settles nothing that was put off.
func TestT8_CrashWhilePaused(t *testing.T) {
	for name, play := range map[string]func(s *script){
		"paused, crash":   func(s *script) { row(s, "idle").pause().save(watcher.Rebuild).exited(1, 2).retry() },
		"building, pause": func(s *script) { row(s, "building").pause().killed().exited(1, 2).retry() },
		"building, crash": func(s *script) { row(s, "building").exited(1, 2).pause().killed() },
		"paused twice":    func(s *script) { row(s, "building").pause().killed().pause().exited(1, 2).retry() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			play(s)
			if s.ready(candidate(s)); target(s) == 99 {
				t.Fatalf("nothing serves: %s", standing(s.state))
			}
			if v := s.state.view(); v.Settled == v.Pending || !v.Paused {
				t.Fatalf("%+v", v)
			}
			s.did = nil
			s.resume().wantDid("answer", "build").built("b").ready(candidate(s))
			if v := s.state.view(); v.Settled != v.Pending {
				t.Fatalf("%+v", v)
			}
		})
	}
}

// TestT8_PauseHasALimit: of the last call, and of its own pause only.
func TestT8_PauseHasALimit(t *testing.T) {
	s := row(newScript(t), "idle").pause().save(watcher.Rebuild).pause()
	s.did = nil
	s.event(pauseOver{1}).wantDid()
	s.event(pauseOver{2}).wantDid("build")
	s.pause().did = nil
	s.event(pauseOver{2}).resume().event(pauseOver{3}).wantDid("answer")
}

// TestT8_LimitOfAnEndedPause: it ends nothing else that looks like one.
func TestT8_LimitOfAnEndedPause(t *testing.T) {
	s := row(newScript(t), "idle").pause().resume().write("/src/a.yaml", watcher.Restart)
	for candidate(s) != 99 {
		s.lap("/src/a.yaml", false).reap()
	}
	s.did = nil
	if s.event(pauseOver{1}).wantDid(); s.state.feedback.paused == nil {
		t.Error("a loop that feeds itself goes on")
	}
}

func TestT8_FirstBuildGoesOn(t *testing.T) {
	s := newScript(t).begin().pause().wantDid("build", "after 1m0s", "answer")
	s.built("a").wantDid("start #1 a").ready(1)
	if v := s.state.view(); v.Generation != 1 || v.Settled != v.Pending {
		t.Fatalf("%+v", v)
	}
	if s.wait(time.Second).save(watcher.Refresh); s.state.view().Settled == s.state.view().Pending {
		t.Fatal("a save is settled while it is paused")
	}
}

// TestT8_PatienceBeginsAnew: what was saved long before the end of a pause lets nobody wait
// for a build that is overtaken.
func TestT8_PatienceBeginsAnew(t *testing.T) {
	s := row(newScript(t), "building").pause().killed().wait(time.Minute).resume()
	s.did = nil
	s.save(watcher.Rebuild).wantDid("kill build")
}

// TestT8_NothingToAnswer: while it is paused nobody waits for an app that only a save would
// bring.
func TestT8_NothingToAnswer(t *testing.T) {
	for name, s := range map[string]*script{
		"given up, and a build is put off": row(newScript(t), "given up").save(watcher.Rebuild).pause().killed(),
		"given up, and a save is":          row(newScript(t), "given up").pause().save(watcher.Rebuild),
		"exited":                           row(newScript(t), "exited").pause().save(watcher.Restart),
	} {
		if v := s.state.view(); !v.Paused || v.Waiting || v.Generation != 0 || v.Phase != proxy.Paused {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// TestT8_CommandWhilePaused: as long as it runs, a failure of it may settle what it is about.
func TestT8_CommandWhilePaused(t *testing.T) {
	s := row(newScript(t), "generating").pause()
	if s.state.view().Paused {
		t.Error("paused while the command runs")
	}
	s.genFailed().synced()
	if v := s.state.view(); v.Settled != v.Pending || !v.Failed {
		t.Errorf("%+v", v)
	}
}

// TestT8_StopWins: nothing that was parked is taken.
func TestT8_StopWins(t *testing.T) {
	s := row(newScript(t), "idle").pause().save(watcher.Rebuild).stop()
	s.did = nil
	s.resume().event(pauseOver{1}).wantDid("answer")
}
