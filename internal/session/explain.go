package session

import (
	"context"
	"os"
	"os/exec"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/internal/plan"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/watcher"
)

// Explain says what a change of path would do, as a watcher would that starts now. It has a
// folder of its own for all that it writes, as one may be running.
func Explain(c Call, o Options, path string) (watcher.Reason, error) {
	cache, err := os.MkdirTemp("", "watcher-explain-")
	if err != nil {
		return watcher.Reason{}, err
	}
	defer os.RemoveAll(cache)
	s := &session{Call: c, options: o, terminal: terminal.New(c.Stderr, c.Stderr, terminal.Style{JSON: o.JSON})}
	s.site.Cache = cache
	if err := s.find(); err != nil {
		return watcher.Reason{}, err
	}
	if s.builder, err = builder.New(cache, func(_ context.Context, cmd *exec.Cmd) error { return cmd.Run() }); err != nil {
		return watcher.Reason{}, err
	}
	watch := s.site.Watch(s.settings)
	watch.Graph = plan.Watched(s.graph.Exact(context.Background()))
	return watcher.Explain(watch, Absolute(c.Dir, path))
}
