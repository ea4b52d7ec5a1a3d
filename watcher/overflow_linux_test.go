package watcher

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fsnotify/fsnotify"

	"github.com/watcher-dev/watcher/watcher/source"
)

// The kernel's queue really overflows, as nobody reads it: what was saved then is found
// by a rescan and makes one batch.
func TestW7_RealOverflow(t *testing.T) {
	w, err := New(Config{Root: plant(t, small+"-- a.txt --\n-- b.txt --\n")})
	must(t, err)
	main := filepath.Join(w.cfg.Root, "main.go")
	w.inbox.mu.Lock() // and with it the reader
	flood(t, filepath.Join(w.cfg.Root, "a.txt"), filepath.Join(w.cfg.Root, "b.txt"))
	put(t, main, "package main // lost")
	w.inbox.mu.Unlock()
	var got post
	for !errors.Is(got.lost, fsnotify.ErrEventOverflow) {
		<-w.inbox.ready
		w.inbox.mu.Lock()
		got = w.inbox.post
		w.inbox.mu.Unlock()
	}
	if slices.ContainsFunc(got.events, func(e source.Event) bool { return e.Name == main }) {
		t.Fatal("the event of main.go was not lost")
	}
	p := run(t, w)
	batch, ok := p.end().(Batch)
	if want := []string{"main.go rebuild"}; !ok || !slices.Equal(p.lines(batch), want) {
		t.Errorf("saw %q, want %q", p.lines(batch), want)
	}
	p.ignores(func() {}) // nothing was left for another number
}

// flood makes more events than the kernel and fsnotify keep together. Equal ones in a
// row would count as one.
func flood(t *testing.T, a, b string) {
	t.Helper()
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	must(t, err)
	queued, err := strconv.Atoi(strings.TrimSpace(string(text)))
	must(t, err)
	const buffered = 4096 // of fsnotify, and some more
	for range queued/2 + buffered {
		must(t, os.Chmod(a, 0o600))
		must(t, os.Chmod(b, 0o600))
	}
}
