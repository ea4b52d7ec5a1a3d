package source

import (
	"fmt"

	"github.com/watcher-dev/watcher/watcher/doorbell"
)

// hang makes the doorbell.
func (s *Source) hang() {
	b, err := doorbell.New()
	if err != nil {
		s.goDeaf(err)
		return
	}
	s.bell.Store(b)
}

// goDeaf does without a doorbell: anything may have happened at any time.
func (s *Source) goDeaf(err error) {
	s.deaf.Store(true) // before it falls silent
	s.unhang()
	s.say(fmt.Sprintf("each request asks anew what was saved, which is slower: %v", advised(err)))
}

func (s *Source) unhang() {
	if b := s.bell.Swap(nil); b != nil {
		b.Close()
	}
}

// Rung reports whether something may have been done in a folder that is watched by events
// since the last time, but for what counts says no to. It is true wherever that cannot be told.
// Any goroutine may call it; calls of counts come one at a time.
func (s *Source) Rung(counts doorbell.Func) bool {
	if b := s.bell.Load(); b != nil {
		return b.Rung() && b.Answer(counts)
	}
	return s.deaf.Load()
}

// addRung places the watch of the doorbell, then that of events: what is done between them must
// not be silent. Without watches enough for both the doorbell is the one to go, as half of one
// would be silent where it should ring.
func (s *Source) addRung(dir string) error {
	if b := s.bell.Load(); b != nil {
		if err := b.Add(dir); isLimit(err) {
			s.goDeaf(err)
		} else if err != nil {
			return err
		}
	}
	err := s.addEvents(dir)
	if isLimit(err) && s.bell.Load() != nil {
		s.goDeaf(err)
		err = s.addEvents(dir)
	}
	return err
}
