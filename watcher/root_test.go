package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

func TestRootThatCannotBeWatched(t *testing.T) {
	if _, err := New(Config{Root: filepath.Join(t.TempDir(), "none")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestRootGoesAndComesBack(t *testing.T) {
	for name, set := range backends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := Config{}
			set(&cfg)
			rootGoesAndComesBack(t, cfg)
		})
	}
}

func rootGoesAndComesBack(t *testing.T, cfg Config) {
	root := filepath.Join(t.TempDir(), "root")
	put(t, filepath.Join(root, "a", "main.go"), "package main")
	p := watch(t, root, cfg)
	must(t, os.Rename(root, root+"2"))
	var gone Batch
	var trouble Trouble
	for gone.N == 0 || trouble.Text == "" {
		switch e := p.next().(type) {
		case Batch:
			gone = e
		case Trouble:
			trouble = e
		}
	}
	if !slices.Equal(p.lines(gone), []string{"a/main.go rebuild"}) || !strings.Contains(trouble.Text, root+" is gone") {
		t.Errorf("saw %q, %q", p.lines(gone), trouble.Text)
	}
	must(t, os.Rename(root+"2", root))
	p.sees("a/main.go rebuild")
	p.save("a/main.go", "package main // 2")
	p.sees("a/main.go rebuild")
}

func TestRootThatIsALink(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	put(t, filepath.Join(dir, "real", "a", "main.go"), "package main")
	must(t, os.Symlink(filepath.Join(dir, "real"), link))
	p := watch(t, link, Config{Settings: filepath.Join(link, ".watcher.toml")})
	put(t, filepath.Join(dir, "real", "a", "main.go"), "package main // 2")
	p.sees("a/main.go rebuild")
	p.save(".watcher.toml", "x")
	p.sees(".watcher.toml reload")
}

// Lost events: a change in a folder whose watch is gone is found by the rescan
// that the overflow asks for, and the watch is placed again.
func TestW7_OverflowIsARescan(t *testing.T) {
	p := watch(t, plant(t, small), Config{})
	p.w.fs.Remove(p.root)
	p.save("main.go", "package main // 2")
	p.w.inbox.put(func() { p.w.inbox.post.lost = fsnotify.ErrEventOverflow })
	p.sees("main.go rebuild")
	p.save("main.go", "package main // 3")
	p.sees("main.go rebuild")
	p.w.inbox.put(func() { p.w.inbox.post.lost = fsnotify.ErrEventOverflow })
	if e, ok := p.end().(Unchanged); !ok {
		t.Errorf("nothing was saved: %#v", e)
	}
}

func TestConfigure(t *testing.T) {
	p := watch(t, plant(t, small+"-- data/a.txt --\n-- build/b.txt --\n"), Config{})
	p.ignores(func() { p.save("data/a.txt", "2") })
	p.w.Configure(Config{
		Rules:    []Rule{{Paths: []string{"data/*.txt", "build/*"}, Action: Restart}},
		Ignore:   []string{"static"},
		EnvFiles: []string{p.path("vars")},
	}, time.Time{})
	p.ignores(func() {}) // carried out by now
	p.save("data/a.txt", "3")
	p.sees("data/a.txt restart")
	p.save("build/b.txt", "3")
	p.sees("build/b.txt restart")
	p.save("vars", "3")
	p.sees("vars restart")
	p.ignores(func() { p.save("static/site.css", "3") })
}

// A file that is new while Configure is carried out is a change, not a baseline.
func TestConfigureLosesNoSave(t *testing.T) {
	p := watch(t, plant(t, small), Config{})
	for i := range 50 {
		name := fmt.Sprintf("new%d.go", i)
		p.save(name, "package main")
		p.w.Configure(Config{Ignore: []string{fmt.Sprint(i)}}, time.Time{})
		p.sees(name + " rebuild")
	}
}

func TestTroubleIsToldOnce(t *testing.T) {
	var got []string
	w := &Watcher{told: map[string]bool{}, emit: func(e Event) { got = append(got, e.(Trouble).Text) }}
	for range 2 {
		w.complain("/m/a", fs.ErrPermission)
		w.complain("/m/d", fs.ErrNotExist)
	}
	if len(got) != 1 || !strings.HasPrefix(got[0], "cannot watch /m/a") {
		t.Errorf("got %q", got)
	}
}
