package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/internal/running"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/watcher"
)

func (c Call) explainCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "explain PATH [package]", Short: "say what a change of PATH would do, and why",
		Long: `explain says what a change of PATH would do to the program in this folder, and
why. Of several programs it takes the one that watcher runs, unless one is named.`,
		Example: "  watcher explain conf/app.yaml",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError{errors.New("explain takes one path, as in: watcher explain conf/app.yaml")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			given, err := f.with(cmd, args[1:])
			if err != nil {
				return err
			}
			if i, err := running.Find(absolute(c.Dir, f.dir), given.pkg); err == nil {
				given.pkg = i.Package
			}
			return c.explain(given, args[0])
		},
	}
}

// explain answers as a watcher would that starts now. It needs a cache of its own, as one
// may be running.
func (c Call) explain(f flags, path string) error {
	s := &session{Call: c, flags: f, terminal: terminal.New(c.Stderr, c.Stderr, terminal.Style{JSON: f.json})}
	if err := s.find(); err != nil {
		return err
	}
	cache, err := os.MkdirTemp("", "watcher-explain-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache)
	if s.builder, err = builder.New(cache, func(_ context.Context, cmd *exec.Cmd) error { return cmd.Run() }); err != nil {
		return err
	}
	watch := s.site.watch(s.settings)
	watch.Graph = watched(s.graph.Exact(context.Background()))
	reason, err := watcher.Explain(watch, absolute(c.Dir, path))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Stdout, "%s: %s: %s\n", path, first(reason)+does(reason), reason.Why)
	return err
}

// first is what runs before anything else.
func first(r watcher.Reason) string {
	switch {
	case r.Run == "":
		return ""
	case r.Action == watcher.Run:
		return "run " + r.Run + ", and what it writes decides"
	}
	return "run " + r.Run + ", then "
}

// does is what a change leads to, in words.
func does(r watcher.Reason) string {
	switch r.Action {
	case watcher.Rebuild:
		return "rebuild"
	case watcher.Restart:
		return "restart"
	case watcher.Signal:
		return "signal " + r.Signal
	case watcher.Run:
		return ""
	case watcher.Refresh:
		return "refresh"
	case watcher.Reload:
		return "settings are read again"
	}
	return "nothing"
}
