package session

import (
	"context"
	"time"

	"github.com/watcher-dev/watcher/builder/graph"
	"github.com/watcher-dev/watcher/internal/plan"
	"github.com/watcher-dev/watcher/internal/project"
	"github.com/watcher-dev/watcher/internal/settings"
)

// project says of what the graph is read.
func (s *session) project(want settings.Settings, pkg project.Package) graph.Project {
	spec := s.site.Build(want, pkg)
	return graph.Project{
		Dir: s.site.Module.Dir, Work: s.site.Module.Work, Package: pkg.Pattern, Tags: pkg.Tags,
		App: s.site.Dir, Args: want.App.Args,
		List: func(ctx context.Context) ([]byte, error) { return s.builder.List(ctx, spec, graph.Fields...) },
	}
}

// learn hands a new graph to the watcher.
func (s *session) learn(g graph.Graph, since time.Time) { s.watcher.Learn(*plan.Watched(&g), since) }
