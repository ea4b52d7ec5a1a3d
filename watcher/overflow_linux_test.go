package watcher

import (
	"context"
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

// A mark that is lost with the events before it keeps nobody waiting: the overflow is the answer.
func TestW7_MarkIsLost(t *testing.T) {
	p, goOn := stopped(t, Config{})
	lines := plant(t, "-- a.txt --\n-- b.txt --\n")
	must(t, p.w.fs.Add(lines))
	flood(t, filepath.Join(lines, "a.txt"), filepath.Join(lines, "b.txt"))
	put(t, p.path("main.go"), "package main // lost")
	answer := make(chan bool, 1)
	go func() { answer <- p.w.fs.Flush(context.Background()) }()
	marks := p.w.cfg.Marks
	for written := false; !written; {
		entries, err := os.ReadDir(marks)
		must(t, err)
		written = len(entries) > 0
	}
	goOn()
	if !<-answer {
		t.Error("waited a second for a mark that was lost")
	}
	if n := p.arrive(t.Context()); n != 1 {
		t.Errorf("number %d", n)
	}
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
