package watcher

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
)

// TestRule36_SavedFindsWhatNoEventToldOf: the watches are taken away, so that only looking
// can find what was saved.
func TestRule36_SavedFindsWhatNoEventToldOf(t *testing.T) {
	w, err := New(Config{Root: plant(t, small)})
	must(t, err)
	for _, dir := range w.fs.WatchList() {
		w.fs.Remove(dir)
	}
	p := run(t, w)
	if n, ok := w.Saved(t.Context()); n != 0 || !ok {
		t.Fatalf("number %d, %v before anything was saved", n, ok)
	}
	for n := range uint64(20) {
		p.save("main.go", fmt.Sprint("package main // ", n))
		if got, ok := w.Saved(t.Context()); got != n+1 || !ok {
			t.Fatalf("save %d: number %d, %v", n+1, got, ok)
		}
		p.end()
	}
}

// TestRule36_SavedWaitsForEvents: what has the size and time that it had can be known by its
// event alone, which may still be on its way when somebody asks.
func TestRule36_SavedWaitsForEvents(t *testing.T) {
	p := watch(t, plant(t, small), Config{Marks: t.TempDir()})
	at := time.Now().Add(-time.Hour)
	p.save("main.go", "package main // 0000")
	must(t, os.Chtimes(p.path("main.go"), at, at))
	before, _ := p.w.Saved(t.Context())
	p.end()
	for n := range 300 {
		next := p.path("next")
		must(t, os.WriteFile(next, fmt.Appendf(nil, "package main // %04d", n+1), 0o644))
		must(t, os.Chtimes(next, at, at))
		must(t, os.Rename(next, p.path("main.go")))
		got, ok := p.w.Saved(t.Context())
		if got != before+1 || !ok {
			t.Fatalf("save %d: number %d, and before it %d", n+1, got, before)
		}
		before = got
		if _, ok := p.end().(Batch); !ok {
			t.Fatalf("save %d is not told as a change", n+1)
		}
	}
}

// TestRule36_ManyAskAtOnce: each gets an answer, also when the watcher ends meanwhile, and no
// mark is left.
func TestRule36_ManyAskAtOnce(t *testing.T) {
	marks := t.TempDir()
	p := watch(t, plant(t, small), Config{Marks: marks})
	p.save("main.go", "package main // 2")
	answers := make(chan uint64)
	const askers = 200
	for i := range askers {
		if i == askers/2 {
			p.stop()
		}
		go func() {
			n, _ := p.w.Saved(t.Context())
			answers <- n
		}()
	}
	for range askers {
		if n := <-answers; n > 1 {
			t.Fatalf("number %d", n)
		}
	}
	if left, err := os.ReadDir(marks); err != nil || len(left) > 0 {
		t.Fatalf("marks are left: %v %v", left, err)
	}
}

// TestRule36_NothingIsKnownLate: an answer that comes too late is none.
func TestRule36_NothingIsKnownLate(t *testing.T) {
	p := watch(t, plant(t, small), Config{Marks: t.TempDir()})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for n := range 50 {
		p.save("main.go", fmt.Sprint("package main // ", n))
		if n, ok := p.w.Saved(over); ok {
			t.Fatalf("number %d is told to be the newest", n)
		}
	}
}
