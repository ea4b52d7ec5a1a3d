// Package source tells in which folders something may have happened, by events of the
// system or by looking.
//
// It knows folders, the names in them, and which mounts tell of what is done there. It
// does not know what a file is for, nor what is in it.
//
// A folder is watched by events where these can be trusted, and polled where they
// cannot: on mounts of kinds that do not tell what is done from elsewhere, on mounts that
// were seen to be blind, and where the system gives no more watches. Where events are
// trusted a slow look is taken besides, for changes that none told of (rule 31).
package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/fsnotify/fsnotify"

	"github.com/watcher-dev/watcher/watcher/doorbell"
)

// Poll says when folders are polled.
type Poll uint8

const (
	Auto   Poll = iota // where events cannot be trusted or had; the zero value
	Always             // everywhere, and no event is asked for
	Never              // nowhere: a folder that gets no watch is an error, a blind mount stays blind
)

// Event is something that happened to the file or folder Name, or nothing if that is empty.
type Event struct {
	fsnotify.Event
	Rung   bool // the doorbell has rung of it, now or long ago: an event tells of it too
	Untold bool // found by looking, though the folder is watched by events
}

// Source watches the folders that it is given, not what is below them. Make it with
// [New]. Look may be called from any goroutine; Add, Remove, WatchList and Distrust from
// one; Events and Errors must be received from all the time, until they are closed.
type Source struct {
	Events chan Event
	Errors chan error // of the system: events may have been lost

	poll    Poll
	say     func(string)
	fs      *fsnotify.Watcher // nil if everything is polled
	asks    chan chan struct{}
	wake    chan struct{} // room for one: polling has begun
	done    chan struct{} // closed by Close
	ended   sync.WaitGroup
	polls   atomic.Bool                   // a folder is polled
	bell    atomic.Pointer[doorbell.Bell] // nil if there is none
	deaf    atomic.Bool                   // there should be one
	strange atomic.Bool                   // a mount is watched of which it is not known that it tells of all

	limited bool            // the line about limits is said; of the goroutine of Add, as is blind
	blind   map[uint64]bool // by device: whether it is polled

	mu      sync.Mutex // guards what follows
	folders map[string]*folder
	polled  int             // of the folders
	files   int             // in those that are watched by events
	told    map[string]bool // the names in events since the last safety scan began
	marks   marks
}

// folder is one that has been added. It is not changed, but replaced.
type folder struct {
	listing
	polled bool
}

// New makes a source without folders. It calls say, from the goroutine that called New,
// Add or Distrust, with a line for the user when folders are polled that nobody asked
// to poll. An error is possible with [Never] only. What it holds is freed by Close.
func New(poll Poll, say func(string)) (*Source, error) {
	s := &Source{
		Events: make(chan Event), Errors: make(chan error), poll: poll, say: say,
		asks: make(chan chan struct{}), wake: make(chan struct{}, 1), done: make(chan struct{}),
		blind: map[uint64]bool{}, folders: map[string]*folder{}, told: map[string]bool{},
	}
	if poll != Always {
		var err error
		if s.fs, err = fsnotify.NewWatcher(); err != nil && poll == Never {
			return nil, fmt.Errorf("watch files: %w", advised(err))
		} else if err != nil {
			s.fs = nil
			s.sayLimit("everything", err)
		}
	}
	if s.fs != nil {
		s.ended.Go(s.pass)
	}
	s.ended.Go(s.look)
	return s, nil
}

// Add watches a folder. What happens in it after Add has returned is told, or found.
func (s *Source) Add(dir string) error {
	self, err := nodeOf(dir)
	if err != nil {
		return err
	}
	s.Remove(dir)
	f := &folder{polled: s.fs == nil || s.isBlind(dir, self.device)}
	if !f.polled {
		if err := s.addRung(dir); err != nil {
			if err := s.instead(dir, err); err != nil {
				return err
			}
			f.polled = true
		}
	}
	// After the watch is placed: what comes between is told, and seen here already.
	if f.listing, err = list(dir); err != nil {
		if !f.polled {
			s.removeEvents(dir)
		}
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.folders[dir] = f
	s.count(f, 1)
	return nil
}

// addEvents places a watch, unless it would take more descriptors than we may.
func (s *Source) addEvents(dir string) error {
	if most := descriptors(); most < math.MaxInt {
		l, _ := list(dir)
		s.mu.Lock()
		full := s.files+len(l.entries) > most
		s.mu.Unlock()
		if full {
			return errDescriptors
		}
	}
	for {
		err := s.fs.Add(dir)
		if err == nil {
			return nil
		}
		_ = s.fs.Remove(dir) // where a watch is one a file (kqueue), some may be placed already
		if _, gone := nodeOf(dir); gone != nil || !errors.Is(err, fs.ErrNotExist) {
			return err // else it was a file of it that has gone meanwhile
		}
	}
}

// count keeps the sums; s.mu is held.
func (s *Source) count(f *folder, sign int) {
	if f.polled {
		s.polled += sign
	} else {
		s.files += sign * len(f.entries)
	}
	if begun := s.polled > 0; s.polls.Swap(begun) != begun && begun {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// Remove ends the watch of a folder, if there is one. Events of it may still come.
func (s *Source) Remove(dir string) {
	s.mu.Lock()
	if f := s.folders[dir]; f != nil {
		s.replace(dir, f, nil)
	}
	// Not while it is held: fsnotify waits here until an event is taken, and who takes it needs
	// the lock.
	s.mu.Unlock()
	s.removeEvents(dir)
}

func (s *Source) removeEvents(dir string) {
	if b := s.bell.Load(); b != nil {
		b.Remove(dir)
	}
	if s.fs != nil {
		_ = s.fs.Remove(dir) // an error means that there is none, or the system has dropped it
	}
}

// WatchList returns the folders that are watched, in no order. Those that are gone, or
// were renamed, drop out by themselves.
func (s *Source) WatchList() []string {
	var list []string
	if s.fs != nil {
		list = s.fs.WatchList()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for dir, f := range s.folders {
		if f.polled {
			list = append(list, dir)
		}
	}
	return list
}

// Distrust polls all folders on the mount of dir from now on, because no event told of a
// change of name.
func (s *Source) Distrust(dir, name string) {
	s.mu.Lock()
	f := s.folders[dir]
	s.mu.Unlock()
	if f == nil || f.polled || s.poll != Auto {
		return
	}
	device := f.self.device
	s.blind[device] = true
	s.say(fmt.Sprintf("no event told of a change of %s: %s is polled from now on", name, mountPoint(dir, device)))
	var moved []string
	s.mu.Lock()
	for dir, f := range maps.Clone(s.folders) {
		if f.self.device == device && !f.polled {
			moved = append(moved, dir)
			s.replace(dir, f, &folder{f.listing, true})
		}
	}
	s.mu.Unlock() // see Remove
	for _, dir := range moved {
		s.removeEvents(dir)
	}
}

// replace puts new in the place of old, unless that was removed or added again
// meanwhile; s.mu is held.
func (s *Source) replace(dir string, old, new *folder) {
	if s.folders[dir] != old {
		return
	}
	s.count(old, -1)
	if delete(s.folders, dir); new != nil {
		s.folders[dir] = new
		s.count(new, 1)
	}
}

// Polls reports whether a folder is polled.
func (s *Source) Polls() bool { return s.polls.Load() }

// Look returns true when all that had happened in polled folders before the call has
// been received from Events, and false, at once, if none is polled. Calls that come
// together share one look. It ends early, with true, when ctx is done.
func (s *Source) Look(ctx context.Context) bool {
	if !s.polls.Load() {
		return false
	}
	seen := make(chan struct{})
	select {
	case s.asks <- seen:
	case <-ctx.Done():
		return true
	case <-s.done:
		return true
	}
	select {
	case <-seen:
	case <-ctx.Done():
	case <-s.done:
	}
	return true
}

// Close frees everything and closes the channels.
func (s *Source) Close() {
	close(s.done)
	if s.fs != nil {
		_ = s.fs.Close()
	}
	s.ended.Wait()
	s.unhang()
	close(s.Events)
	close(s.Errors)
}

// pass hands on what the system tells, until fs is closed.
func (s *Source) pass() {
	for {
		select {
		case e, ok := <-s.fs.Events:
			if !ok {
				return
			}
			if s.isMark(e) {
				continue
			}
			s.note(e.Name)
			s.send(false, e)
		case err, ok := <-s.fs.Errors:
			if !ok {
				return
			}
			s.note(anything)
			select {
			case s.Errors <- err:
			case <-s.done:
			}
			s.passMarks()
		}
	}
}

// anything stands in told for the names that were lost.
const anything = "*"

// note remembers that an event told of name, for the safety scan.
func (s *Source) note(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.poll == Auto {
		s.told[name] = true
	}
}

// send hands events on, in order; after Close they are dropped.
func (s *Source) send(untold bool, events ...fsnotify.Event) {
	for _, e := range events {
		select {
		case s.Events <- Event{Event: e, Untold: untold}:
		case <-s.done:
		}
	}
}

// untold leaves out of events what told has the names of.
func untold(events []fsnotify.Event, told map[string]bool) []fsnotify.Event {
	return slices.DeleteFunc(events, func(e fsnotify.Event) bool { return told[e.Name] || told[anything] })
}
