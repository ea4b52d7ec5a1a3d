package session

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
)

// TestR14_WhatConfigures: each cell of the table of configures, and what it leaves out.
func TestR14_WhatConfigures(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "deploy"), 0o755); err != nil {
		t.Fatal(err)
	}
	read := runner.Opened{Read: true}
	for _, c := range []struct {
		path  string
		ev    runner.Opened
		later bool
		is    kind
		want  bool
	}{
		{"deploy/app.properties", read, false, regular, true},
		{"deploy/data", read, false, regular, true},
		{"deploy/data.tsv", read, false, regular, true},
		{"deploy/page.tmpl", read, false, regular, true},
		{"static/logo.svg", read, false, regular, true},
		{"app.db", read, false, regular, false},
		{"app.log", read, false, regular, false},
		{"main.go", read, false, regular, false},
		{".git/HEAD", read, false, regular, false},
		{"deploy", read, false, other, false},
		{"deploy/a.yaml", runner.Opened{}, false, regular, false},
		{"deploy/a.yaml", read, true, regular, true},
		{".env.local", read, true, regular, true},
		{"static/logo.svg", read, true, regular, false},
		{"deploy/data", read, true, regular, false},
		{"deploy/a.yaml", runner.Opened{}, false, nothing, true},
		{"deploy/a.yaml", read, false, nothing, true},
		{"deploy/.env", read, true, nothing, true},
		{"deploy/a.txt", read, false, nothing, false},
		{"none/a.yaml", read, false, nothing, false},
		{"/srv/app.ini", read, false, regular, true},
		{"/srv/.env", read, false, regular, true},
		{"/srv/app.ini", read, true, regular, false},
		{"/srv/app.ini", read, false, nothing, false},
		{"/srv/app.txt", read, false, regular, false},
		{"/etc/app/a.yaml", read, false, regular, true},
		{"/etc/resolv.conf", read, false, regular, false},
		{"/usr/share/a.json", read, false, regular, false},
		{"/proc/self/a.conf", read, false, regular, false},
	} {
		c.ev.Path = c.path
		if !filepath.IsAbs(c.path) {
			c.ev.Path = filepath.Join(root, c.path)
		}
		if got := configures(c.ev, root, c.later, c.is); got != c.want {
			t.Errorf("%+v, later: %v, is: %d: %v", c.ev, c.later, c.is, got)
		}
	}
}

// TestR14_NewestCounts: what the newest process that is ready has read is told and kept; what it writes is its own.
func TestR14_NewestCounts(t *testing.T) {
	root, kept := t.TempDir(), t.TempDir()
	var told []string
	open := func() *opened {
		return recallOpened(kept, root, func(g watcher.Graph, _ time.Time) {
			told = nil
			for _, file := range g.Opened {
				told = append(told, filepath.Base(file))
			}
		})
	}
	o := open()
	want := func(when, files string) {
		t.Helper()
		if got := strings.Join(told, " "); got != files {
			t.Errorf("%s: %q, want %q", when, got, files)
		}
	}
	reads := func(generation int, names ...string) {
		for _, name := range names {
			path := filepath.Join(root, name)
			if err := os.WriteFile(path, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			o.note(runner.Opened{Generation: generation, Path: path, Read: true})
		}
	}
	writes := func(generation int, name string) {
		o.note(runner.Opened{Generation: generation, Path: filepath.Join(root, name), Written: true})
	}
	o.learn(watcher.Graph{}, time.Time{})
	reads(1, "b.yaml", "a.yaml", "state.json")
	writes(1, "state.json")
	want("before it is ready", "")
	o.take(1, time.Time{})
	want("ready", "a.yaml b.yaml")
	reads(1, "late.yaml")
	want("read later", "a.yaml b.yaml late.yaml")
	writes(1, "late.yaml")
	want("written later", "a.yaml b.yaml")
	reads(2, "c.yaml")
	want("while another starts", "a.yaml b.yaml")
	o.learn(watcher.Graph{}, time.Time{})
	want("with a new graph", "a.yaml b.yaml")
	o.take(2, time.Time{})
	want("the other is ready", "c.yaml")
	reads(1, "old.yaml")
	want("the old one reads on", "c.yaml")
	o = open()
	if g := o.in(watcher.Graph{}); !slices.Equal(g.Opened, []string{filepath.Join(root, "c.yaml")}) {
		t.Errorf("kept: %q", g.Opened)
	}
}
