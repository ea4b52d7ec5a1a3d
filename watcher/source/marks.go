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
// or not at all: on a full disk, or where the queue of the system has overflowed.
const markWait = time.Second

// marks are files of our own by which we know how far the system has told. On Linux all
// events of one queue come in the order in which things were done (inotify(7)): when the
// event of a mark is here, those of everything before it are.
type marks struct {
	dir   string
	last  int
	waits map[string]chan struct{} // by path; closed when its event has come
}

// Mark has [Source.Flush] write its marks into dir, a folder of our own. It is called once,
// before Flush, from the goroutine of Add. Without it Flush does nothing.
func (s *Source) Mark(dir string) error {
	if s.fs == nil {
		return nil
	}
	_ = os.RemoveAll(dir) // what one that was killed has left
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := s.fs.Add(dir); err != nil {
		return err // without marks rather than with those whose events do not come
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks = marks{dir: filepath.Clean(dir), waits: map[string]chan struct{}{}}
	return nil
}

// Flush returns when the events of all that was done before the call have been received
// from Events, as far as the system has told of it in order; after a second, or when ctx
// is done, it returns all the same. Any goroutine may call it.
func (s *Source) Flush(ctx context.Context) {
	path, told := s.newMark()
	if path == "" || os.WriteFile(path, nil, 0o600) != nil {
		return
	}
	defer func() {
		os.Remove(path)
		s.mu.Lock()
		delete(s.marks.waits, path)
		s.mu.Unlock()
	}()
	late := time.NewTimer(markWait)
	defer late.Stop()
	select {
	case <-told:
	case <-late.C:
	case <-ctx.Done():
	case <-s.done:
	}
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
