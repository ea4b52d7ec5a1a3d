package plan

import (
	"github.com/watcher-dev/watcher/builder/graph"
	"github.com/watcher-dev/watcher/watcher"
)

// Watched is a graph in the watcher's words.
func Watched(g *graph.Graph) *watcher.Graph {
	if g == nil {
		return nil
	}
	w := &watcher.Graph{Files: g.Files, Takes: g.Takes}
	for _, p := range g.Packages {
		w.Packages = append(w.Packages, watcher.Package{Dir: p.Dir, Missing: p.Missing, By: p.By})
	}
	for _, n := range g.Named {
		w.Named = append(w.Named, watcher.Named{Path: n.Path, Use: uses[n.Use], Where: n.Where})
	}
	return w
}

var uses = map[graph.Use]watcher.Use{graph.Read: watcher.Read, graph.Templates: watcher.Templates, graph.Static: watcher.Static}
