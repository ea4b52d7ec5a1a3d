package cli

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/watcher-dev/watcher/internal/loop"
	"github.com/watcher-dev/watcher/internal/settings"
)

// flags are the command line's; where one is given it wins over environment and file.
type flags struct {
	dir     string
	config  string
	listen  string
	swap    string
	poll    string
	debug   string // address for debuggers; "" is none
	fresh   bool
	json    bool
	quiet   bool
	noColor bool

	given   func(name string) bool
	pkg     string
	appArgs []string // nil if there was no "--"
}

// bind gives the flags of all commands to root.
func (f *flags) bind(root *cobra.Command) {
	p := root.PersistentFlags()
	p.StringVarP(&f.dir, "chdir", "C", "", "work in `DIR` instead of this folder")
	p.StringVar(&f.config, "config", "", "settings `FILE` instead of "+settings.File)
	p.BoolVar(&f.json, "json", false, "print each event as one line of JSON")
	p.BoolVar(&f.quiet, "quiet", false, "print problems only, and what the app prints")
	p.BoolVar(&f.noColor, "no-color", false, "print without colour")
	completeFlags(root, map[string]cobra.CompletionFunc{
		"chdir":  cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs),
		"config": cobra.FixedCompletions([]string{"toml"}, cobra.ShellCompDirectiveFilterFileExt),
	})
}

// bindRun gives those of the main job to a command that does it.
func (f *flags) bindRun(run *cobra.Command) {
	p := run.Flags()
	p.StringVar(&f.listen, "listen", "", "front `ADDR`: host:port, :port for all interfaces, or a port of this machine")
	p.StringVar(&f.swap, "swap", "", "`MODE` of swapping: auto, overlap, stop-first")
	p.BoolVar(&f.fresh, "fresh", true, "hold requests until what was saved before them is served")
	p.StringVar(&f.poll, "poll", "", "look for changes instead of waiting for events: `WHEN` is auto, true or false")
	p.Lookup("poll").NoOptDefVal = "true"
	p.StringVar(&f.debug, "debug", "", "run the app under Delve, which debuggers always find at `ADDR`: host:port or a port of this machine")
	p.Lookup("debug").NoOptDefVal = defaultDebug
	var modes []string
	for _, mode := range swapModes {
		modes = append(modes, string(mode))
	}
	completeFlags(run, map[string]cobra.CompletionFunc{
		"swap":   cobra.FixedCompletions(modes, cobra.ShellCompDirectiveNoFileComp),
		"poll":   cobra.FixedCompletions(settings.Autos(), cobra.ShellCompDirectiveNoFileComp),
		"listen": cobra.NoFileCompletions,
		"debug":  cobra.NoFileCompletions,
	})
}

// with completes the flags by what one command was given.
func (f flags) with(cmd *cobra.Command, args []string) (flags, error) {
	f.given = cmd.Flags().Changed
	if f.given("swap") && !slices.Contains(swapModes, loop.Swap(f.swap)) {
		return f, usageError{fmt.Errorf("--swap %q is none of auto, overlap, stop-first", f.swap)}
	}
	if f.given("poll") && !slices.Contains(settings.Autos(), f.poll) {
		return f, usageError{fmt.Errorf("--poll=%q is none of auto, true, false", f.poll)}
	}
	if f.given("listen") {
		if _, err := parseListen("front address", f.listen); err != nil {
			return f, err
		}
	}
	if f.given("debug") {
		if _, err := parseListen("debug address", f.debug); err != nil {
			return f, err
		}
	}
	if n := cmd.ArgsLenAtDash(); n >= 0 {
		f.appArgs = append([]string{}, args[n:]...)
		args = args[:n]
	}
	if len(args) > 0 {
		f.pkg = args[0]
	}
	return f, nil
}

var swapModes = []loop.Swap{loop.SwapAuto, loop.SwapOverlap, loop.SwapStopFirst}

// over puts the flags over settings, after each reading of the file.
func (f flags) over(s settings.Settings) settings.Settings {
	if f.given("listen") {
		s.Proxy.Listen = f.listen
	}
	if f.given("swap") {
		s.Run.Swap = f.swap
	}
	if f.given("fresh") {
		s.Proxy.Fresh = f.fresh
	}
	if f.given("poll") {
		s.Watch.Poll = settings.Auto(f.poll)
	}
	if f.pkg != "" {
		s.App.Package = f.pkg
	}
	if f.appArgs != nil {
		s.App.Args = f.appArgs
	}
	return s
}

// absolute resolves a path that was given relative to dir.
func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}
