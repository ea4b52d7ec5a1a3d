package cli

import (
	"github.com/spf13/cobra"

	"github.com/watcher-dev/watcher/internal/session"
	"github.com/watcher-dev/watcher/internal/settings"
)

// flags are the command line's.
type flags struct{ session.Options }

// bind gives the flags of all commands to root.
func (f *flags) bind(root *cobra.Command) {
	p := root.PersistentFlags()
	p.StringVarP(&f.Dir, "chdir", "C", "", "work in `DIR` instead of this folder")
	p.StringVar(&f.Config, "config", "", "settings `FILE` instead of "+settings.File)
	p.BoolVar(&f.JSON, "json", false, "print each event as one line of JSON")
	p.BoolVar(&f.Quiet, "quiet", false, "print problems only, and what the app prints")
	p.BoolVar(&f.NoColor, "no-color", false, "print without colour")
	completeFlags(root, map[string]cobra.CompletionFunc{
		"chdir":  cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs),
		"config": cobra.FixedCompletions([]string{"toml"}, cobra.ShellCompDirectiveFilterFileExt),
	})
}

// bindRun gives those of the main job to a command that does it.
func (f *flags) bindRun(run *cobra.Command) {
	p := run.Flags()
	p.StringVar(&f.Listen, "listen", "", "front `ADDR`: host:port, :port for all interfaces, or a port of this machine")
	p.StringVar(&f.Swap, "swap", "", "`MODE` of swapping: auto, overlap, stop-first")
	p.BoolVar(&f.Fresh, "fresh", true, "hold requests until what was saved before them is served")
	p.StringVar(&f.Poll, "poll", "", "look for changes instead of waiting for events: `WHEN` is auto, true or false")
	p.Lookup("poll").NoOptDefVal = "true"
	p.StringVar(&f.Debug, "debug", "", "run the app under Delve, which debuggers always find at `ADDR`: host:port or a port of this machine")
	p.Lookup("debug").NoOptDefVal = session.DefaultDebug
	completeFlags(run, map[string]cobra.CompletionFunc{
		"swap":   cobra.FixedCompletions(settings.Swaps(), cobra.ShellCompDirectiveNoFileComp),
		"poll":   cobra.FixedCompletions(settings.Autos(), cobra.ShellCompDirectiveNoFileComp),
		"listen": cobra.NoFileCompletions,
		"debug":  cobra.NoFileCompletions,
	})
}

// with completes the flags by what one command was given. The first args, own of them, are the
// command's alone.
func (f flags) with(cmd *cobra.Command, args []string, own int) (session.Options, error) {
	o := f.Options
	o.Given = cmd.Flags().Changed
	if n := cmd.ArgsLenAtDash(); n >= 0 {
		o.AppArgs = append([]string{}, args[n:]...)
	}
	if args = beforeDash(cmd, args); len(args) > own {
		o.Package = args[own]
	}
	return o, o.Check()
}

// beforeDash are the arguments that are not the app's.
func beforeDash(cmd *cobra.Command, args []string) []string {
	if n := cmd.ArgsLenAtDash(); n >= 0 {
		return args[:n]
	}
	return args
}
