// Package cli is the command line: it turns arguments into what a session, another watcher or
// a file is asked for, and says in one line what is wrong.
//
// It knows commands and flags, and no part of the main job.
package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/watcher-dev/watcher/internal/session"
	"github.com/watcher-dev/watcher/internal/terminal"
)

// Call is one call of the program: a value, so that a test can make several in one process.
type Call struct {
	Args []string // without the program's name
	session.Call
}

// The exit codes.
const (
	codeStopped = 0 // stopped by the user
	codeFailed  = 1 // could not start or run
	codeUsage   = 2 // wrong use, and no watcher to talk to
	codeOpen    = 3 // of wait: neither served nor failed
)

// ended says that all is said, and what the exit code is.
type ended struct{ code int }

func (e ended) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// Run carries out one call and returns the exit code.
func Run(c Call) int {
	if c.Dir == "" {
		dir, err := os.Getwd()
		if err != nil {
			return c.fail(err, flags{})
		}
		c.Dir = dir
	}
	var f flags
	err := c.root(&f).Execute()
	if err == nil {
		return codeStopped
	}
	if e, ok := errors.AsType[ended](err); ok {
		return e.code
	}
	if e, ok := errors.AsType[session.Interrupted](err); ok {
		return e.Code()
	}
	return c.fail(err, f)
}

// fail prints an error as its one line.
func (c Call) fail(err error, f flags) int {
	style := terminal.Style{JSON: f.JSON, Color: c.Color(c.Stderr, f.NoColor)}
	terminal.New(c.Stderr, c.Stderr, style).Print(terminal.Event{Kind: terminal.KindFailed, Text: err.Error()})
	if _, ok := errors.AsType[session.UsageError](err); ok {
		return codeUsage
	}
	return codeFailed
}

// root is the command tree. Run without a command is the main job.
func (c Call) root(f *flags) *cobra.Command {
	root := &cobra.Command{
		Use:   "watcher [flags] [package] [-- app arguments]",
		Short: "rebuilds a Go web service as you save, behind one address that never refuses",
		Long: `watcher builds the Go service in this folder, runs it, and opens one front
address for it. Each save is built and swapped in; requests wait for the new
code instead of failing. Settings are optional, in .watcher.toml.`,
		Example: `  watcher                          the service in this folder
  watcher ./cmd/api -- -v          one of several, with arguments for it
  watcher -C shop --listen :9000   another folder, another front address
  watcher --debug                  under Delve: attach to port 2345

At a terminal, h and Enter lists what can be typed.`,
		Args:              packageAndArguments,
		ValidArgsFunction: c.completePackage(f),
		SilenceUsage:      true,
		SilenceErrors:     true,
		RunE: func(cmd *cobra.Command, args []string) error {
			given, err := f.with(cmd, args, 0)
			if err != nil {
				return err
			}
			return session.Watch(c.Call, given)
		},
	}
	run := &cobra.Command{
		Use: "run [flags] [package] [-- app arguments]", Short: "the main job, as without a command",
		Args: packageAndArguments, ValidArgsFunction: root.ValidArgsFunction, RunE: root.RunE,
	}
	f.bind(root)
	f.bindRun(root)
	f.bindRun(run)
	root.Version, root.SuggestionsMinimumDistance = version(), 2
	root.SetVersionTemplate(versionLine() + "\n")
	root.AddCommand(run, c.waitCommand(f), c.statusCommand(f), c.pauseCommand(f), c.resumeCommand(f),
		c.explainCommand(f), c.initCommand(f), c.schemaCommand(), c.versionCommand())
	root.SetArgs(c.Args)
	root.SetOut(c.Stdout)
	root.SetErr(c.Stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return session.UsageError{Err: errors.New(err.Error() + `: see "watcher help"`)}
	})
	return root
}

// noArguments allows none.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return session.UsageError{Err: fmt.Errorf("unexpected %q: see \"watcher help\"", args[0])}
	}
	return nil
}

// packageAlone allows one package.
func packageAlone(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return session.UsageError{Err: errors.New("more than one package: name one")}
	}
	return nil
}

// packageAndArguments allows one package before "--". What is no path, and nearly a
// command, is taken for one that is misspelt.
func packageAndArguments(cmd *cobra.Command, args []string) error {
	args = beforeDash(cmd, args)
	if len(args) > 0 && !strings.ContainsAny(args[0], `./\`) {
		if near := cmd.Root().SuggestionsFor(args[0]); len(near) > 0 {
			return session.UsageError{Err: fmt.Errorf("no command %q: did you mean %q? a package of this name is \"./%s\"", args[0], "watcher "+near[0], args[0])}
		}
	}
	if len(args) > 1 {
		return session.UsageError{Err: errors.New(`more than one package: put arguments of the app behind "--"`)}
	}
	return nil
}
