package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/watcher-dev/watcher/internal/running"
	"github.com/watcher-dev/watcher/internal/session"
	"github.com/watcher-dev/watcher/watcher"
)

func (c Call) explainCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "explain PATH [package] [-- app arguments]", Short: "say what a change of PATH would do, and why",
		Long: `explain says what a change of PATH would do to the program in this folder, and
why. Of several programs it takes the one that watcher runs, unless one is named.
Files that arguments of the app name count too: give them behind --.`,
		Example: "  watcher explain conf/app.yaml",
		Args: func(cmd *cobra.Command, args []string) error {
			if n := len(beforeDash(cmd, args)); n < 1 || n > 2 {
				return session.UsageError{Err: errors.New("explain takes one path, as in: watcher explain conf/app.yaml")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			given, err := f.with(cmd, args, 1)
			if err != nil {
				return err
			}
			if i, err := running.Find(session.Absolute(c.Dir, f.Dir), given.Package); err == nil {
				given.Dir, given.Package = i.Dir, filepath.Join(i.Module, filepath.FromSlash(i.Package))
				if given.Config == "" {
					given.Config = i.Config
				}
			}
			reason, err := session.Explain(c.Call, given, args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.Stdout, "%s: %s: %s\n", args[0], first(reason)+does(reason), reason.Why)
			return err
		},
	}
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
