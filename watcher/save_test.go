package watcher

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/watcher-dev/watcher/watcher/rules"
)

const small = `
-- go.mod --
module example.com/m
-- main.go --
package main
-- other.go --
package main
-- static/site.css --
body {}
-- config.yaml --
a: 1
`

func TestS3_SameContentStartsNothing(t *testing.T) {
	everywhere(t, small, func(t *testing.T, p *probe) {
		later := time.Now().Add(time.Minute)
		for name, save := range map[string]func(){
			"same content": func() { p.save("main.go", "package main\n") },
			"renamed over": func() {
				p.save("new.tmp", "package main\n")
				must(t, os.Rename(p.path("new.tmp"), p.path("main.go")))
			},
			"touch": func() { must(t, os.Chtimes(p.path("main.go"), later, later)) },
		} {
			save()
			got, ok := p.end().(Unchanged)
			if want := []Change{{Path: p.path("main.go"), Action: Rebuild}}; !ok || !slices.Equal(got.Touched, want) {
				t.Errorf("%s: %#v", name, got)
			}
		}
		p.ignores(func() { must(t, os.Chmod(p.path("main.go"), 0o600)) })
	})
}

// What an editor saves and a formatter puts right in the same moment is no change.
func TestS3_FormattedOnSave(t *testing.T) {
	w, err := New(Config{Root: plant(t, small)})
	must(t, err)
	defer w.release()
	main := filepath.Join(w.cfg.Root, "main.go")
	for _, text := range []string{"package   main\n", "package main\n"} {
		put(t, main, text)
		w.notice(fsnotify.Event{Name: main, Op: fsnotify.Write})
	}
	w.finish()
	if _, ok := w.early[len(w.early)-1].(Unchanged); !ok {
		t.Errorf("got %#v", w.early)
	}
}

// A chmod is not even a sign of a save; a touch is, as it asks to try again after a
// failure (rule 8).
func TestS3_ChmodRaisesNothing(t *testing.T) {
	w, err := New(Config{Root: plant(t, small)})
	must(t, err)
	defer w.release()
	name := filepath.Join(w.cfg.Root, "main.go")
	must(t, os.Chmod(name, 0o600))
	w.notice(fsnotify.Event{Name: name, Op: fsnotify.Chmod})
	if w.round.open {
		t.Error("chmod raised a number")
	}
	later := time.Now().Add(time.Minute)
	must(t, os.Chtimes(name, later, later))
	w.notice(fsnotify.Event{Name: name, Op: fsnotify.Chmod})
	if !w.round.open {
		t.Error("touch raised no number")
	}
}

// An asset is not read before its first save, which counts as a change.
func TestS3_AssetIsKnownFromItsFirstSave(t *testing.T) {
	p := watch(t, plant(t, small), Config{})
	p.save("static/site.css", "body {}\n")
	p.sees("static/site.css refresh")
	p.save("static/site.css", "body {}\n")
	if e, ok := p.end().(Unchanged); !ok {
		t.Errorf("second save of the same: %#v", e)
	}
}

// ways to save, as editors have them.
var ways = map[string]func(t *testing.T, name, text string){
	"in place": put,
	"temp and rename": func(t *testing.T, name, text string) {
		temp := filepath.Join(filepath.Dir(name), ".main.go.tmp123")
		put(t, temp, text)
		must(t, os.Rename(temp, name))
	},
	"truncate and write in parts": func(t *testing.T, name, text string) {
		f, err := os.Create(name)
		must(t, err)
		defer f.Close()
		for part := range slices.Chunk([]byte(text), len(text)/3+1) {
			time.Sleep(5 * time.Millisecond) // a slow editor
			_, err := f.Write(part)
			must(t, err)
		}
	},
	"vim's backup": func(t *testing.T, name, text string) {
		probe := filepath.Join(filepath.Dir(name), "4913")
		put(t, probe, "")
		must(t, os.Remove(probe))
		must(t, os.Rename(name, name+"~"))
		put(t, name, text)
		must(t, os.Remove(name+"~"))
	},
	"hard links": func(t *testing.T, name, text string) {
		temp := filepath.Join(filepath.Dir(name), ".main.go.tmp123")
		put(t, temp, text)
		must(t, os.Remove(name))
		must(t, os.Link(temp, name))
		must(t, os.Remove(temp))
	},
	"JetBrains' safe write": func(t *testing.T, name, text string) {
		put(t, name+"___jb_tmp___", text)
		must(t, os.Rename(name, name+"___jb_old___"))
		must(t, os.Rename(name+"___jb_tmp___", name))
		must(t, os.Remove(name+"___jb_old___"))
	},
	"delete and create": func(t *testing.T, name, text string) {
		must(t, os.Remove(name))
		put(t, name, text)
	},
}

func TestW1_EveryWayToSave(t *testing.T) {
	t.Parallel()
	everywhere(t, small, func(t *testing.T, p *probe) {
		for way, save := range ways {
			for i := range 100 {
				want := fmt.Sprintf("package main\n\nconst version = \"%s %d\"\n", way, i)
				save(t, p.path("main.go"), want)
				// The number may be closed before the last part is written on a busy
				// machine; then another one must follow.
				p.awaits(want, "main.go")
			}
		}
	})
}

// A file that has been emptied is waited for: the number that its loss raised is closed by what is
// written next. If nothing is, it counts as empty when it has been quiet once more (how long that
// is, TestSettle says).
func TestW1_EmptiedFileIsWaitedFor(t *testing.T) {
	w, err := New(Config{Root: plant(t, small)})
	must(t, err)
	defer w.release()
	main := filepath.Join(w.cfg.Root, "main.go")
	write := func(text string) {
		put(t, main, text)
		w.notice(fsnotify.Event{Name: main, Op: fsnotify.Write})
	}
	closed := func() int {
		return len(slices.DeleteFunc(slices.Clone(w.early), func(e Event) bool { _, raised := e.(Pending); return raised }))
	}
	write("")
	if w.finish(); closed() != 0 || !w.round.blank {
		t.Fatalf("an emptied file is taken for what was to be saved: %#v", w.early)
	}
	write("package main // new\n")
	w.finish()
	want := Batch{N: 1, Changes: []Change{{Path: main, Action: Rebuild}}}
	if got, ok := w.early[len(w.early)-1].(Batch); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, want %#v", w.early, want)
	}
	write("") // for good
	w.finish()
	if w.finish(); closed() != 2 {
		t.Errorf("got %#v", w.early)
	}
}

func TestW2_TwoFilesAreOneBatch(t *testing.T) {
	p := watch(t, plant(t, small), Config{})
	p.save("main.go", "package main // new\n")
	p.save("config.yaml", "a: 2\n")
	batch, ok := p.end().(Batch)
	if want := []string{"config.yaml restart", "main.go rebuild"}; !ok || !slices.Equal(p.lines(batch), want) {
		t.Errorf("saw %q, want %q", p.lines(batch), want)
	}
}

// What comes while Run is busy is not lost: it gets the next number.
func TestRule1_SaveWhileANumberIsClosed(t *testing.T) {
	root := plant(t, small)
	w, err := New(Config{Root: root})
	must(t, err)
	name := filepath.Join(root, "main.go")
	put(t, name, "package main // between New and Run\n")
	p := run(t, w)
	p.sees("main.go rebuild")
	for i := range 20 {
		p.save("main.go", fmt.Sprint("package main // ", i))
		for p.next() != (Pending{uint64(2*i + 2)}) {
		}
		p.end()
		p.save("other.go", fmt.Sprint("package main // ", i))
		p.sees("other.go rebuild")
	}
}

func TestRule1_LockedByGitIsWaitedForButNotForEver(t *testing.T) {
	t.Parallel()
	p := watch(t, plant(t, small+"-- .git/index.lock --\n"), Config{})
	begun := time.Now()
	must(t, os.Chtimes(p.path(".git/index.lock"), begun, begun.Add(time.Second))) // young for long enough
	p.save("main.go", "package main // new\n")
	p.sees("main.go rebuild")
	if took := time.Since(begun); took < settleLimit {
		t.Errorf("closed after %v with the lock in place", took)
	}
}

// What else there is to wait for after the limit waits for the next number.
func TestRule1_ClosedAtTheLimit(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(w *Watcher, main string)
		next    mode // of the walk that the next number begins with
	}{
		"emptied file": {prepare: func(_ *Watcher, main string) { must(t, os.Truncate(main, 0)) }},
		"lost events":  {prepare: func(w *Watcher, _ string) { w.round.walkLater(everything) }},
		"folder left": {func(w *Watcher, _ string) {
			w.cfg.Ignore = []string{"static"}
			w.rules = w.newRules()
			w.round.walkLater(saved)
		}, saved},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := New(Config{Root: plant(t, small)})
			must(t, err)
			defer w.release()
			main := filepath.Join(w.cfg.Root, "main.go")
			put(t, main, "package main // 2\n")
			w.touch(main, rules.Verdict{Action: Rebuild})
			test.prepare(w, main)
			w.round.first = w.round.first.Add(-settleLimit)
			w.finish()
			if _, ok := w.early[len(w.early)-1].(Batch); !ok || w.round.open {
				t.Errorf("not closed: %#v", w.early)
			}
			if r := w.round; r.walk != test.next || r.first.IsZero() != (test.next == baseline) {
				t.Errorf("left for the next number: %+v", r)
			}
		})
	}
}

// A batch tells of all files of its number.
func TestS3_BatchTellsOfUnchangedFilesToo(t *testing.T) {
	w, err := New(Config{Root: plant(t, small)})
	must(t, err)
	defer w.release()
	var touched []Change
	for _, name := range []string{"main.go", "go.mod", "other.go"} {
		change := Change{Path: filepath.Join(w.cfg.Root, name), Action: Rebuild}
		w.touch(change.Path, rules.Verdict{Action: Rebuild})
		touched = append(touched, change)
	}
	put(t, touched[0].Path, "package main // 2\n")
	w.finish()
	got, ok := w.early[len(w.early)-1].(Batch)
	if !ok || !slices.Equal(got.Changes, touched[:1]) || !slices.Equal(got.Touched, touched[1:]) {
		t.Errorf("got %#v", w.early)
	}
}

func TestBigFileIsKnownBySizeAndTime(t *testing.T) {
	root := plant(t, small)
	name := filepath.Join(root, "config.json")
	put(t, name, "{}")
	must(t, os.Truncate(name, bigFile+1))
	p := watch(t, root, Config{})
	later := time.Now().Add(time.Minute)
	must(t, os.Chtimes(name, later, later))
	p.sees("config.json restart")
}
