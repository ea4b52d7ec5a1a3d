package source

import (
	"time"

	"github.com/fsnotify/fsnotify"
)

// Looking costs a part of one core, whatever the number of files: a look that took
// long is followed by a long pause.
const (
	pollPart = 60                     // 1.7 % for polling, and what waking up costs beside
	pollMin  = 100 * time.Millisecond // between two polls, as people notice no less
	pollMax  = 5 * time.Second        // where the time goes by in waiting for a server

	askedPart = 10                    // 10 % while requests ask
	askedMax  = 50 * time.Millisecond // that one of them waits for its look to begin

	safetyPart = 200              // 0.5 % for the look at what is watched by events
	safetyMin  = 2 * time.Second  // between two of them, at first
	safetyMax  = 30 * time.Second // and when nothing was found for a while
	safetyStep = 4                // by which the pauses grow until then
	// quietPart is 0.01 % where only kinds of mounts are watched that are known to tell, as somebody may work on a
	// battery; but quietMax is long enough to wait for what was written through memory.
	quietPart = 10_000
	quietMax  = 5 * time.Minute

	// grace is how long after the look an event may still come. The queue of the system is
	// read all the time, so it does within milliseconds.
	grace = time.Second
)

// pollPause says how long to wait after a poll that took so long.
func pollPause(took time.Duration, asked bool) time.Duration {
	if asked {
		return min(took*askedPart, askedMax)
	}
	return min(max(took*pollPart, pollMin), pollMax)
}

// safetyPause says how long to wait after a safety scan, and the pause before it; known is whether all
// mounts are known to tell.
func safetyPause(took, last time.Duration, known bool) time.Duration {
	most := safetyMax
	if known {
		most = min(max(safetyMax, took*quietPart), quietMax)
	}
	return max(min(last*safetyStep, most), took*safetyPart)
}

// look polls, and makes the safety scan, until Close.
func (s *Source) look() {
	var asked []chan struct{}
	var polled, took = time.Now(), time.Duration(0)
	safety := safety{pause: safetyMin}
	if s.poll == Auto && s.fs != nil {
		safety.due = time.After(safety.pause)
	}
	for {
		var poll <-chan time.Time
		if s.polls.Load() || len(asked) > 0 {
			poll = time.After(time.Until(polled.Add(pollPause(took, len(asked) > 0))))
		}
		select {
		case <-s.done:
			return
		case <-s.wake:
		case ask := <-s.asks:
			asked = append(asked, ask)
		case <-poll:
			began := time.Now()
			s.send(false, s.scan(true)...)
			polled, took = time.Now(), time.Since(began)
			s.answer(asked)
			asked = nil
		case <-safety.due:
			s.check(&safety)
		}
	}
}

// answer lets those go who asked for a look.
func (s *Source) answer(asked []chan struct{}) {
	if len(asked) > 0 {
		s.send(false, fsnotify.Event{}) // who receives this is done with the events before it
	}
	for _, ask := range asked {
		close(ask)
	}
}

// safety is the state of the safety scan.
type safety struct {
	due      <-chan time.Time
	pause    time.Duration
	suspects []fsnotify.Event // that no event has told of so far
}

// check makes a safety scan or, after the grace, reports what it found.
func (s *Source) check(c *safety) {
	if len(c.suspects) > 0 {
		s.mu.Lock()
		found := untold(c.suspects, s.told)
		s.mu.Unlock()
		s.send(true, found...)
		c.suspects = nil
		c.due = time.After(c.pause)
		return
	}
	s.mu.Lock()
	told := s.told
	s.told = map[string]bool{}
	s.mu.Unlock()
	began := time.Now()
	c.suspects = untold(s.scan(false), told)
	c.pause = safetyPause(time.Since(began), c.pause, !s.strange.Load())
	c.due = time.After(c.pause)
	if len(c.suspects) > 0 {
		c.pause = safetyMin // where one was missed, more will be
		c.due = time.After(grace)
	}
}

// scan looks again at all folders that are polled, or at all others, and tells what
// happened since the last time. Folders that are gone are no longer watched.
func (s *Source) scan(polled bool) []fsnotify.Event {
	before, old := map[string]*folder{}, snapshot{}
	s.mu.Lock()
	for dir, f := range s.folders {
		if f.polled == polled {
			before[dir], old[dir] = f, f.listing
		}
	}
	s.mu.Unlock()
	now := take(old)
	s.mu.Lock()
	defer s.mu.Unlock()
	for dir, f := range before {
		if l, there := now[dir]; there && l.self == f.self {
			s.replace(dir, f, &folder{l, polled})
		} else {
			s.replace(dir, f, nil)
		}
	}
	return differences(old, now)
}
