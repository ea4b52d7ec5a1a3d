package session

import (
	"context"
	"time"

	"github.com/watcher-dev/watcher/builder/graph"
	"github.com/watcher-dev/watcher/internal/project"
	"github.com/watcher-dev/watcher/internal/settings"
	"github.com/watcher-dev/watcher/watcher"
)

// project says of what the graph is read.
func (s *session) project(want settings.Settings, pkg project.Package) graph.Project {
	spec := s.site.build(want, pkg)
	return graph.Project{
		Dir: s.site.module.Dir, Work: s.site.module.Work, Package: pkg.Pattern, Tags: pkg.Tags,
		App: s.site.dir, Args: want.App.Args,
		List: func(ctx context.Context) ([]byte, error) { return s.builder.List(ctx, spec, graph.Fields...) },
	}
}

// learn hands a new graph to the watcher.
func (s *session) learn(g graph.Graph, since time.Time) { s.watcher.Learn(*watched(&g), since) }

// watched is a graph in the watcher's words.
func watched(g *graph.Graph) *watcher.Graph {
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
