package session

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/watcher-dev/watcher/internal/air"
	"github.com/watcher-dev/watcher/internal/plan"
	"github.com/watcher-dev/watcher/internal/settings"
)

// Options are what the command line asks for; where one is given it wins over environment
// and file.
type Options struct {
	Dir     string // to work in instead of the call's; "" for that
	Config  string // settings file; "" for the one that is found
	Listen  string // front address
	Swap    string
	Poll    string
	Debug   string // address for debuggers; "" is none
	Fresh   bool
	JSON    bool
	Quiet   bool
	NoColor bool
	Package string   // "" finds it
	AppArgs []string // nil if none are said

	Given func(flag string) bool // whether a flag was given, by its name
}

// Check says what is wrong with the values.
func (o Options) Check() error {
	if o.Given("swap") && !slices.Contains(settings.Swaps(), o.Swap) {
		return UsageError{fmt.Errorf("--swap %q is none of auto, overlap, stop-first", o.Swap)}
	}
	if o.Given("poll") && !slices.Contains(settings.Autos(), o.Poll) {
		return UsageError{fmt.Errorf("--poll=%q is none of auto, true, false", o.Poll)}
	}
	for _, address := range []struct{ flag, what, value string }{{"listen", "front address", o.Listen}, {"debug", "debug address", o.Debug}} {
		if !o.Given(address.flag) {
			continue
		}
		if _, err := plan.ParseListen(address.what, address.value); err != nil {
			return UsageError{err}
		}
	}
	return nil
}

// over puts the flags over settings, after each reading of the file.
func (o Options) over(s settings.Settings) settings.Settings {
	if o.Given("listen") {
		s.Proxy.Listen = o.Listen
	}
	if o.Given("swap") {
		s.Run.Swap = o.Swap
	}
	if o.Given("fresh") {
		s.Proxy.Fresh = o.Fresh
	}
	if o.Given("poll") {
		s.Watch.Poll = settings.Auto(o.Poll)
	}
	if o.Package != "" {
		s.App.Package = o.Package
	}
	if o.AppArgs != nil {
		s.App.Args = o.AppArgs
	}
	return s
}

// Absolute resolves a path that was given relative to dir.
func Absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// SettingsPath is where the settings file is looked for, or to be written.
func (o Options) SettingsPath(start string) string {
	if o.Config != "" {
		return Absolute(start, o.Config)
	}
	return filepath.Join(Absolute(start, o.Dir), settings.File)
}

// settingsInUse is the settings file to read: one of air's is read in its place, so that one
// person can change over while the others stay.
func (o Options) settingsInUse(start string) string {
	own := o.SettingsPath(start)
	if _, err := os.Stat(own); o.Config != "" || !os.IsNotExist(err) {
		return own
	}
	if other := o.AirPath(start); other != "" {
		return other
	}
	return own
}

// AirPath is the settings file of air, "" if there is none.
func (o Options) AirPath(start string) string {
	for _, name := range air.Names() {
		path := filepath.Join(Absolute(start, o.Dir), name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}
