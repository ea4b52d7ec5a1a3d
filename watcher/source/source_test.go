package source

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// failsafe ends a test that would wait for ever. It decides nothing else.
const failsafe = 30 * time.Second

// probe is a source whose events are kept in the order in which they came.
type probe struct {
	*Source
	t    *testing.T
	dir  string
	said []string
	slow atomic.Bool // the reader takes its time between two events

	mu   sync.Mutex
	got  []Event
	more chan struct{} // room for one
}

func open(t *testing.T, poll Poll) *probe {
	t.Helper()
	p := &probe{t: t, dir: t.TempDir(), more: make(chan struct{}, 1)}
	var err error
	if p.Source, err = New(poll, func(line string) { p.said = append(p.said, line) }); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for e := range p.Events {
			if p.slow.Load() {
				time.Sleep(2 * time.Millisecond)
			}
			p.mu.Lock()
			p.got = append(p.got, e)
			p.mu.Unlock()
			select {
			case p.more <- struct{}{}:
			default:
			}
		}
	}()
	go func() {
		for range p.Errors { // they say that events may be lost: what is lost, the tests find by themselves
		}
	}()
	t.Cleanup(func() { p.Close(); <-read })
	return p
}

// has reports whether an event of the name came, and takes those that did.
func (p *probe) has(name string, untold bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := len(p.got)
	p.got = slices.DeleteFunc(p.got, func(e Event) bool { return e.Name == name && e.Untold == untold })
	return len(p.got) < before
}

func (p *probe) await(name string, untold bool) {
	p.t.Helper()
	for limit := time.After(failsafe); !p.has(name, untold); {
		select {
		case <-p.more:
		case <-limit:
			p.t.Fatalf("no event of %s", name)
		}
	}
}

func (p *probe) save(name, text string) string {
	p.t.Helper()
	name = filepath.Join(p.dir, name)
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
	return name
}

func (p *probe) add(dir string) {
	p.t.Helper()
	if err := p.Add(dir); err != nil {
		p.t.Fatal(err)
	}
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Both ways tell of a save, of a folder that goes, and nothing after Remove.
func TestBothWaysTell(t *testing.T) {
	for name, poll := range map[string]Poll{"events": Auto, "polling": Always, "events only": Never} {
		t.Run(name, func(t *testing.T) {
			p := open(t, poll)
			if err := p.Add(filepath.Join(p.dir, "none")); !os.IsNotExist(err) {
				t.Errorf("a folder that is not there: %v", err)
			}
			if err := p.Add(p.save("file", "")); err == nil {
				t.Error("a file is taken for a folder")
			}
			p.add(p.dir)
			if got := p.WatchList(); !slices.Equal(got, []string{p.dir}) {
				t.Errorf("watched are %q", got)
			}
			p.await(p.save("a", "1"), false)
			if err := os.RemoveAll(p.dir); err != nil {
				t.Fatal(err)
			}
			p.await(p.dir, false)
			if got := p.WatchList(); len(got) > 0 {
				t.Errorf("watched are %q", got)
			}
			if len(p.said) > 0 {
				t.Errorf("said %q", p.said)
			}
		})
	}
}

// Look returns when what was saved before it has been received, however many ask; without
// polling it does nothing.
func TestRule32_LookSeesWhatWasSavedBefore(t *testing.T) {
	if p := open(t, Auto); p.Look(t.Context()) {
		t.Error("looked where nothing is polled")
	}
	p := open(t, Always)
	p.slow.Store(true)
	p.add(p.dir)
	for i := range 100 {
		name := p.save("a", strings.Repeat("x", i+1))
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { p.Look(t.Context()) })
		}
		all.Wait()
		if !p.has(name, false) {
			t.Fatalf("save %d was not seen", i)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p.Look(ctx) // ends
	p.Remove(p.dir)
	if p.Look(t.Context()) {
		t.Error("looked though nothing is polled any more")
	}
}

// blindTo takes the watch of a folder away behind the source's back, as if its mount told
// of nothing, and keeps the safety scan from going on by itself.
func blindTo(t *testing.T) (*probe, *safety) {
	p := open(t, Auto)
	p.add(p.dir)
	if err := p.fs.Remove(p.dir); err != nil {
		t.Fatal(err)
	}
	return p, &safety{pause: time.Hour}
}

func TestRule31_ChangeThatNoEventToldOf(t *testing.T) {
	p, c := blindTo(t)
	p.check(c)
	if len(c.suspects) > 0 {
		t.Fatalf("nothing happened, but %v", c.suspects)
	}
	name := p.save("a", "1")
	p.check(c)
	p.check(c) // after the grace
	p.await(name, true)
	p.Distrust(p.dir, name)
	p.Distrust(p.dir, name)
	if len(p.said) != 1 || !strings.Contains(p.said[0], "is polled from now on") {
		t.Errorf("said %q", p.said)
	}
	p.await(p.save("a", "22"), false) // polled by now
	other := t.TempDir()
	p.add(other)
	if f := p.folders[other]; !f.polled {
		t.Error("a folder that is added later is not polled with its mount")
	}
}

// An event that comes in the grace, or came before, has told of the change.
func TestRule31_EventOfTheSameMomentTells(t *testing.T) {
	for name, tell := range map[string]func(p *probe, c *safety, name string){
		"before":   func(p *probe, c *safety, name string) { p.note(name); p.check(c) },
		"grace":    func(p *probe, c *safety, name string) { p.check(c); p.note(name) },
		"overflow": func(p *probe, c *safety, _ string) { p.check(c); p.note(anything) },
	} {
		t.Run(name, func(t *testing.T) {
			p, c := blindTo(t)
			name := p.save("a", "1")
			tell(p, c, name)
			p.check(c)
			p.send(false, fsnotify.Event{Name: "last"}, fsnotify.Event{})
			if p.has(name, true) {
				t.Error("told of as untold")
			}
		})
	}
}

// The safety scan runs by itself, and with real events it never suspects anything,
// however busy the folder is.
func TestRule31_EventsAreNotSuspected(t *testing.T) {
	p := open(t, Auto)
	p.add(p.dir)
	c := &safety{}
	for i := range 1000 {
		name := p.save(fmt.Sprint("f", i%7), fmt.Sprint(i))
		if i%3 == 0 {
			_ = os.Rename(name, name+"~")
		}
		if p.check(c); len(c.suspects) > 0 {
			p.await(p.save(fmt.Sprint("s", i), ""), false) // the grace: what came before has come
			p.check(c)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.IndexFunc(p.got, func(e Event) bool { return e.Untold }); i >= 0 {
		t.Errorf("untold: %v", p.got[i])
	}
}

// fsnotify tells of an error with its own lock held when a watched folder is renamed and then gone
// before it has heard of the first. Who receives that needs the lock of the source, so that one
// must not be held by who asks fsnotify to drop a watch.
func TestRemoveWhileAnErrorIsTold(t *testing.T) {
	p := open(t, Auto)
	p.add(p.dir)
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			p.Remove(filepath.Join(p.dir, "none"))
		}
	}()
	t.Cleanup(func() { close(stop); <-ended })
	for i := range 1000 {
		from, to := filepath.Join(p.dir, "a"), filepath.Join(p.dir, "b")
		if err := os.Mkdir(from, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := p.fs.Add(from); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(to); err != nil {
			t.Fatal(err)
		}
		p.save(fmt.Sprint("mark", i), "")
	}
	p.await(filepath.Join(p.dir, "mark999"), false)
}

// Where the folder of the marks gets no watch, nobody waits for events that cannot come.
func TestMarkWithoutAWatch(t *testing.T) {
	p := open(t, Auto)
	if err := p.fs.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Mark(filepath.Join(p.dir, "marks")); err == nil {
		t.Error("no error")
	}
	if path, _ := p.newMark(); path != "" {
		t.Error("a mark is written all the same")
	}
}
