package watcher

import (
	"os"
	"path/filepath"
	"time"
)

// Learn replaces the graph of a running watcher. Any goroutine may call it. It returns
// at once; what is newly relevant is remembered as it is then, but files in newly watched
// folders that were written since count as saved (none, if it is zero).
func (w *Watcher) Learn(g Graph, since time.Time) {
	w.inbox.put(func() { w.inbox.post.graph, w.inbox.post.graphSince = &g, since })
}

// settleSlack is how much older than the moment of its writing the time of a file may
// be: systems take it from a clock that ticks.
const settleSlack = 20 * time.Millisecond

// takeGraph carries out Learn.
func (w *Watcher) takeGraph(g Graph, since time.Time) {
	w.cfg.Graph = w.homed(g)
	w.rule(since)
}

// homed gives what lies in Root the name that Root has for us, which may be a link.
func (w *Watcher) homed(g Graph) *Graph {
	root, real := w.cfg.Root, w.real(w.cfg.Root)
	home := func(name string) string {
		if rel, err := filepath.Rel(real, name); err == nil && filepath.IsLocal(rel) {
			return filepath.Join(root, rel)
		}
		return filepath.Clean(name)
	}
	h := Graph{Takes: g.Takes}
	for _, p := range g.Packages {
		p.Dir = home(p.Dir)
		h.Packages = append(h.Packages, p)
	}
	for _, file := range g.Files {
		h.Files = append(h.Files, home(file))
	}
	for _, n := range g.Named {
		n.Path = home(n.Path)
		h.Named = append(h.Named, n)
	}
	return &h
}

// late reports whether a file that Learn or Configure brings in was written since what they are made of.
func (w *Watcher) late(name string) bool {
	if w.since.IsZero() {
		return false
	}
	info, err := os.Stat(name)
	return err == nil && info.ModTime().After(w.since)
}

// lookAnew asks the new graph whether the compiler takes a file that is known, as long as
// it is what is remembered.
func (w *Watcher) lookAnew(name string, f file) {
	if c := w.read(name); c.same(f.content) {
		f.content = c
		w.files[name] = f
	}
}
