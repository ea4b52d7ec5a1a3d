// Package plan says in the words of the parts what settings and code ask for: what is built, run
// and watched, and where the front opens.
//
// It knows settings, the project and what the parts are told, and of the world env files and
// whether there is a home; it must not know calls, terminals, sockets, processes and debuggers.
package plan

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/internal/loop"
	"github.com/watcher-dev/watcher/internal/project"
	"github.com/watcher-dev/watcher/internal/settings"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
	"github.com/watcher-dev/watcher/watcher/source"
)

// Site is where the work is done: what stays the same as long as watcher runs.
type Site struct {
	Start    string   // folder in which watcher was started; paths are shown relative to it
	Dir      string   // working folder of the app
	Settings string   // the settings file, there or not
	Cache    string   // binaries and work folders
	Env      []string // of watcher itself
	Module   project.Module
	URL      string // of the front
	Beacon   bool   // builds have the beacon
	Debug    bool   // it is built for a debugger
	Learned  int    // the app's own port, as an earlier run has seen it; 0 if none has
}

// Plan says in the words of the parts what settings ask for.
func (p Site) Plan(s settings.Settings, pkg project.Package, code project.Address) loop.Plan {
	plan := loop.Plan{
		Build: p.Build(s, pkg),
		Run: runner.Spec{
			Args: s.App.Args, Dir: p.Dir, URL: p.URL,
			Env: Over(PassedOn(p.Env), s.App.Env), EnvFiles: p.envFiles(s),
			PortEnv: s.Run.PortEnv, Port: p.fixedPort(s, code), Socket: s.Run.Socket,
			ReadyPath: s.Run.ReadyPath, ReadyTimeout: time.Duration(s.Run.ReadyTimeout), StopSignal: SignalNumber(s.Run.StopSignal),
			WaitFor: s.Run.WaitFor, Notify: s.Run.Ready == "notify",
			Live: runner.Liveness{
				Path: s.Run.LivePath, Interval: time.Duration(s.Run.LiveInterval), Failures: s.Run.LiveFailures,
			},
		},
		Commands: p.commands(s),
		Swap:     loop.Swap(s.Run.Swap), Restart: loop.Restart(s.Run.Restart),
		StopTimeout:  time.Duration(s.Run.StopTimeout),
		DrainTimeout: time.Duration(s.Run.DrainTimeout),
	}
	plan.Beacon = p.Beacon
	if p.BindsItself(s, code) {
		plan.OwnPort = true
		plan.Run.Likely = p.ownPort(s, code)
	}
	if code.TLS {
		plan.TLS = code.Port
	}
	return plan
}

// Build says what is built, and how.
func (p Site) Build(s settings.Settings, pkg project.Package) builder.Spec {
	return builder.Spec{
		Dir: p.Module.Dir, Package: pkg.Pattern, Name: pkg.Name,
		Debug: p.Debug, Flags: s.Build.Flags, Tags: s.Build.Tags, Ldflags: s.Build.Ldflags,
		Env: buildEnvironment(p.Env, s.Build.Env, p.Cache), Base: p.Start,
	}
}

// BindsItself reports whether the app is known to listen on ports of its own.
func (p Site) BindsItself(s settings.Settings, code project.Address) bool {
	return !s.Run.Socket && (p.fixedPort(s, code) != 0 || p.learnedPort(s, code) != 0 || (code.Port != 0 || code.Several) && !code.ReadsEnv)
}

// ownPort is the port on which the app listens by itself, as far as that is told, seen or
// named.
func (p Site) ownPort(s settings.Settings, code project.Address) int {
	return cmp.Or(p.fixedPort(s, code), p.learnedPort(s, code), code.Port)
}

// learnedPort is the port that an earlier run has seen the app take, unless something that
// is told says otherwise; else 0.
func (p Site) learnedPort(s settings.Settings, code project.Address) int {
	if s.Run.Socket || s.Run.Port != 0 || s.Run.Remap == "false" || code.Several || code.Port != 0 && !code.ReadsEnv {
		return 0
	}
	return p.Learned
}

// fixedPort is [run] port; 0 where the app takes that one only as long as it is told no other,
// which it is.
func (p Site) fixedPort(s settings.Settings, code project.Address) int {
	if code.ReadsEnv && (s.Run.Port == cmp.Or(code.Port, DefaultPort) || s.Run.Port == p.userPort(s)) {
		return 0
	}
	return s.Run.Port
}

// Watch says what the watcher watches.
func (p Site) Watch(s settings.Settings) watcher.Config {
	c := watcher.Config{
		Root: p.Module.Dir, Settings: p.Settings,
		EnvFiles: p.envFiles(s), Ignore: s.Watch.Ignore, Poll: polls[s.Watch.Poll],
	}
	if p.Module.Work != "" {
		c.Files = append(c.Files, p.Module.Work)
	}
	for _, r := range s.Rules {
		rule := watcher.Rule{Paths: r.Paths, Action: actions[r.Action], Signal: r.Signal}
		if len(r.Run) > 0 {
			rule.Run = p.command(s, r).String()
			if r.Action != "" { // of which "ignore" leaves the command
				rule.Action = max(rule.Action, watcher.Run)
			}
		}
		c.Rules = append(c.Rules, rule)
	}
	return c
}

// commands are those of the rules by their names, which are what one would type: the
// same command in two rules is one, which does not run beside itself.
func (p Site) commands(s settings.Settings) map[string]builder.Command {
	commands := map[string]builder.Command{}
	for _, r := range s.Rules {
		if len(r.Run) == 0 {
			continue
		}
		c := p.command(s, r)
		if _, known := commands[c.String()]; !known {
			commands[c.String()] = c
		}
	}
	return commands
}

func (p Site) command(s settings.Settings, r settings.Rule) builder.Command {
	return builder.Command{
		Args: r.Run, Dir: p.Module.Dir, Env: buildEnvironment(p.Env, s.Build.Env, p.Cache),
		Base: p.Start, Timeout: time.Duration(r.Timeout),
		Where: builder.Diagnostic{File: r.At.File, Line: r.At.Line, Column: r.At.Column},
	}
}

// polls are the values of [watch] poll.
var polls = map[settings.Auto]source.Poll{"auto": source.Auto, "true": source.Always, "false": source.Never}

// actions are the words of [[rule]] action.
var actions = map[string]watcher.Action{
	"ignore": watcher.Ignore, "refresh": watcher.Refresh, "signal": watcher.Signal,
	"restart": watcher.Restart, "rebuild": watcher.Rebuild,
}

func (p Site) envFiles(s settings.Settings) []string {
	var files []string
	for _, f := range s.App.EnvFiles {
		if !filepath.IsAbs(f) {
			f = filepath.Join(p.Dir, f)
		}
		files = append(files, filepath.Clean(f))
	}
	return files
}

// Tagged is the environment in which go build looks for files: with the build tags of
// the settings where the go command reads those of the environment.
func (p Site) Tagged(s settings.Settings) []string {
	env := Over(p.Env, s.Build.Env)
	tags := slices.Clone(s.Build.Tags)
	for i, flag := range s.Build.Flags {
		name := strings.TrimLeft(flag, "-")
		value, ok := strings.CutPrefix(name, "tags")
		switch {
		case name == "race", name == "msan", name == "asan": // which are tags too
			tags = append(tags, name)
		case ok && strings.HasPrefix(value, "="):
			tags = append(tags, value[1:])
		case ok && value == "" && i+1 < len(s.Build.Flags):
			tags = append(tags, s.Build.Flags[i+1])
		}
	}
	if len(tags) == 0 {
		return env
	}
	flags := strings.TrimSpace(Lookup(env, "GOFLAGS") + " -tags=" + strings.Join(tags, ","))
	return Over(env, map[string]string{"GOFLAGS": flags})
}

// SignalNumber is the number of a signal whose name has been checked.
func SignalNumber(name string) syscall.Signal {
	n, _ := settings.ParseSignal(name)
	return n
}
