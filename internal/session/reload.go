package session

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/internal/loop"
	"github.com/watcher-dev/watcher/internal/project"
	"github.com/watcher-dev/watcher/internal/settings"
	"github.com/watcher-dev/watcher/watcher"
)

// reload reads the settings file again while the loop runs (rule 33). What is wrong
// changes nothing. The front and the watcher take theirs here; the loop takes the plan.
func (s *session) reload() loop.Reloaded {
	var saved time.Time
	if info, err := os.Stat(s.site.Settings); err == nil {
		saved = info.ModTime()
	}
	r := s.takeSettings()
	s.watcher.Configure(s.site.Watch(s.settings), saved) // also where they cannot be read: it waits for a word
	return r
}

// takeSettings is reload, but for the watcher.
func (s *session) takeSettings() loop.Reloaded {
	next, warnings, err := s.load()
	if err != nil {
		return unread(err)
	}
	var r loop.Reloaded
	for _, w := range warnings {
		r.Notes = append(r.Notes, w.Error())
	}
	running := settings.Diff(s.settings, next)
	for _, d := range settings.Diff(s.read, next) {
		if d.Effect == settings.Never {
			if slices.Contains(running, d) { // else it is as it runs again
				r.Notes = append(r.Notes, d.Key+" takes effect when watcher is started anew: the old value stays")
			}
			continue
		}
		r.Keys = append(r.Keys, d.Key)
		switch d.Effect {
		case settings.Restart:
			r.Actions = append(r.Actions, watcher.Restart)
		case settings.Rebuild:
			r.Actions = append(r.Actions, watcher.Rebuild)
		}
	}
	pkg, err := project.FindPackage(s.site.Module, s.site.Dir, s.wanted(next), s.site.Tagged(next))
	if err != nil {
		return unread(err)
	}
	s.read = next
	keepStarted(&next, s.settings)
	s.settings, s.pkg = next, pkg
	s.prefix.Store(&next.Run.Prefix)
	s.code = project.ScanAddress(s.site.Module, project.Source(s.site.Module, pkg), pkg, next.Run.PortEnv)
	s.front.Configure(s.proxyConfig(next))
	s.graph.Configure(s.project(next, pkg))
	r.Plan = s.site.Plan(next, pkg, s.code)
	r.Notes = append(r.Notes, missing(r.Plan.Commands)...)
	return r
}

// wanted is the package that settings name. Where none was named and none is, it stays the one
// that was found, or chosen, at the start: no other takes its place unasked.
func (s *session) wanted(next settings.Settings) string {
	if next.App.Package == "" && s.settings.App.Package == "" {
		return filepath.Join(s.site.Module.Dir, s.pkg.Pattern)
	}
	return next.App.Package
}

// unread is what came of settings that cannot be taken: the old ones hold.
func unread(err error) loop.Reloaded {
	r := loop.Reloaded{Err: err}
	if p, ok := errors.AsType[*settings.Problem](err); ok {
		message := strings.TrimPrefix(p.Text, fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column))
		r.Where = builder.Diagnostic{File: p.File, Line: p.Line, Column: p.Column, Message: message}
	}
	return r
}

// keepStarted puts back what only a new watcher can change.
func keepStarted(next *settings.Settings, old settings.Settings) {
	next.Proxy.Listen, next.Proxy.StrictPort = old.Proxy.Listen, old.Proxy.StrictPort
	next.App.Dir, next.Watch.Poll, next.Run.Remap = old.App.Dir, old.Watch.Poll, old.Run.Remap
}
