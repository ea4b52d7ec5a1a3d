package source

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/fsnotify/fsnotify"
)

// markWait is how long the event of a mark may be on its way. It comes within milliseconds,
// or not at all, if somebody has taken its folder away.
const markWait = time.Second

// marks are files of our own by which we know how far the system has told. On Linux all
// events of one queue come in the order in which things were done (inotify(7)): when the
// event of a mark is here, those of everything before it are.
type marks struct {
	dir   string
	last  int
	waits map[string]chan struct{} // by path; closed when its event has come
}

// Mark has [Source.Flush] write its marks into dir, a folder of our own, and hangs up the
// doorbell. It is called once, before Add. Without it Flush knows nothing, and nothing rings.
func (s *Source) Mark(dir string) error {
	if s.fs == nil {
		return nil
	}
	_ = os.RemoveAll(dir) // what one that was killed has left
	if err := s.markIn(dir); err != nil {
		s.goDeaf(err)
		return err // without marks rather than with those whose events do not come
	}
	s.mu.Lock()
	s.marks = marks{dir: filepath.Clean(dir), waits: map[string]chan struct{}{}}
	s.mu.Unlock()
	s.hang()
	return nil
}

// markIn makes and watches the folder of the marks, anew if need be.
func (s *Source) markIn(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	_ = s.fs.Remove(dir) // that of a folder that is gone would stand for the new one
	return s.fs.Add(dir)
}

// Flush returns true when the events of all that was done before the call have been received
// from Events, as far as the system has told of it in order. It returns false when that cannot
// be known: ctx is done, or no mark can be written, or none came in a second. Any goroutine may
// call it.
func (s *Source) Flush(ctx context.Context) bool {
	path, told := s.newMark()
	if path == "" {
		return false
	}
	defer s.dropMark(path)
	if os.WriteFile(path, nil, 0o600) != nil {
		_ = s.markIn(filepath.Dir(path)) // for the next one
		return false
	}
	late := time.NewTimer(markWait)
	defer late.Stop()
	select {
	case <-told:
		return true
	case <-late.C:
		_ = s.markIn(filepath.Dir(path))
	case <-ctx.Done():
	case <-s.done:
	}
	return false
}

func (s *Source) newMark() (path string, told <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.marks.dir == "" {
		return "", nil
	}
	s.marks.last++
	path = filepath.Join(s.marks.dir, strconv.Itoa(s.marks.last))
	wait := make(chan struct{})
	s.marks.waits[path] = wait
	return path, wait
}

func (s *Source) dropMark(path string) {
	os.Remove(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.marks.waits, path)
}

// isMark reports whether an event is about a mark, and wakes who waits for it, once all
// events before it have been taken up.
func (s *Source) isMark(e fsnotify.Event) bool {
	s.mu.Lock()
	mine := s.marks.dir != "" && (filepath.Dir(e.Name) == s.marks.dir || e.Name == s.marks.dir)
	wait := s.marks.waits[e.Name]
	if e.Has(fsnotify.Create) {
		delete(s.marks.waits, e.Name)
	}
	s.mu.Unlock()
	if wait != nil && e.Has(fsnotify.Create) {
		s.send(false, fsnotify.Event{}) // who receives this is done with the events before it
		close(wait)
	}
	return mine
}

// passMarks wakes all who wait for a mark, as it may be among the events that were lost. Whoever
// receives the error counts everything as saved, and what was done before it with that.
func (s *Source) passMarks() {
	s.mu.Lock()
	waits := s.marks.waits
	s.marks.waits = map[string]chan struct{}{}
	s.mu.Unlock()
	if len(waits) > 0 {
		s.send(false, fsnotify.Event{}) // as for a mark
	}
	for _, wait := range waits {
		close(wait)
	}
}
