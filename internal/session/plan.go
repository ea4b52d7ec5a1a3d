package session

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/joho/godotenv"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/internal/loop"
	"github.com/watcher-dev/watcher/internal/project"
	"github.com/watcher-dev/watcher/internal/settings"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
	"github.com/watcher-dev/watcher/watcher/source"
)

// site is where the work is done: what stays the same as long as watcher runs.
type site struct {
	start    string   // folder in which watcher was started; paths are shown relative to it
	dir      string   // working folder of the app
	settings string   // the settings file, there or not
	cache    string   // binaries and work folders
	env      []string // of watcher itself
	module   project.Module
	url      string // of the front
	remap    bool   // the app's own ports may be moved
	moved    bool   // and are, from the first build on
	debug    bool   // it is built for a debugger
	learned  int    // the app's own port, as an earlier run has seen it; 0 if none has
}

// plan says in the words of the parts what settings ask for.
func (p site) plan(s settings.Settings, pkg project.Package, code project.Address) loop.Plan {
	plan := loop.Plan{
		Build: p.build(s, pkg),
		Run: runner.Spec{
			Args: s.App.Args, Dir: p.dir, URL: p.url,
			Env: over(passedOn(p.env), s.App.Env), EnvFiles: p.envFiles(s),
			PortEnv: s.Run.PortEnv, Port: p.fixedPort(s, code), Socket: s.Run.Socket,
			ReadyPath: s.Run.ReadyPath, ReadyTimeout: time.Duration(s.Run.ReadyTimeout), StopSignal: signalNumber(s.Run.StopSignal),
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
	plan.Remap, plan.Moved = p.remap, p.moved
	if p.bindsItself(s, code) {
		plan.OwnPort = true
		plan.Run.Likely = p.ownPort(s, code)
	}
	if code.TLS {
		plan.TLS = code.Port
	}
	return plan
}

// build says what is built, and how.
func (p site) build(s settings.Settings, pkg project.Package) builder.Spec {
	return builder.Spec{
		Dir: p.module.Dir, Package: pkg.Pattern, Name: pkg.Name,
		Debug: p.debug, Flags: s.Build.Flags, Tags: s.Build.Tags, Ldflags: s.Build.Ldflags,
		Env: buildEnvironment(p.env, s.Build.Env, p.cache), Base: p.start,
	}
}

// bindsItself reports whether the app is known to listen on ports of its own.
func (p site) bindsItself(s settings.Settings, code project.Address) bool {
	return !s.Run.Socket && (p.fixedPort(s, code) != 0 || p.learnedPort(s, code) != 0 || (code.Port != 0 || code.Several) && !code.ReadsEnv)
}

// chooseRemap decides whether the app's ports are moved, may be once they are seen, or
// never are; refused says why Go would not have it.
func (p *site) chooseRemap(s settings.Settings, code project.Address, build builder.Spec) (refused error) {
	p.remap = s.Run.Remap != "false"
	if p.remap && (s.Run.Remap == "true" || p.bindsItself(s, code)) {
		refused = builder.Movable(context.Background(), build)
		p.remap = refused == nil
		p.moved = p.remap
	}
	return refused
}

// ownPort is the port on which the app listens by itself, as far as that is told, seen or
// named.
func (p site) ownPort(s settings.Settings, code project.Address) int {
	return cmp.Or(p.fixedPort(s, code), p.learnedPort(s, code), code.Port)
}

// fixedPort is [run] port; 0 where the app takes that one only as long as it is told no other,
// which it is.
func (p site) fixedPort(s settings.Settings, code project.Address) int {
	if code.ReadsEnv && (s.Run.Port == cmp.Or(code.Port, defaultPort) || s.Run.Port == p.userPort(s)) {
		return 0
	}
	return s.Run.Port
}

// watch says what the watcher watches.
func (p site) watch(s settings.Settings) watcher.Config {
	c := watcher.Config{
		Root: p.module.Dir, Settings: p.settings,
		EnvFiles: p.envFiles(s), Ignore: s.Watch.Ignore, Poll: polls[s.Watch.Poll],
		Marks: filepath.Join(p.cache, "marks"),
	}
	if p.module.Work != "" {
		c.Files = append(c.Files, p.module.Work)
	}
	for _, r := range s.Rules {
		rule := watcher.Rule{Paths: r.Paths, Action: actions[r.Action], Signal: r.Signal}
		if len(r.Run) > 0 {
			rule.Run = p.command(s, r).String()
		}
		c.Rules = append(c.Rules, rule)
	}
	return c
}

// commands are those of the rules by their names, which are what one would type: the
// same command in two rules is one, which does not run beside itself.
func (p site) commands(s settings.Settings) map[string]builder.Command {
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

func (p site) command(s settings.Settings, r settings.Rule) builder.Command {
	return builder.Command{
		Args: r.Run, Dir: p.module.Dir, Env: buildEnvironment(p.env, s.Build.Env, p.cache),
		Base: p.start, Timeout: time.Duration(r.Timeout),
		Where: builder.Diagnostic{File: r.At.File, Line: r.At.Line, Column: r.At.Column},
	}
}

// missing tells, a line each, of commands of rules whose program is not there.
func missing(commands map[string]builder.Command) []string {
	var lines []string
	for _, c := range commands {
		if what := c.Missing(); what != "" {
			lines = append(lines, fmt.Sprintf("%s:%d:%d: rule.run: %s", c.Where.File, c.Where.Line, c.Where.Column, what))
		}
	}
	slices.Sort(lines)
	return lines
}

// polls are the values of [watch] poll.
var polls = map[settings.Auto]source.Poll{"auto": source.Auto, "true": source.Always, "false": source.Never}

// actions are the words of [[rule]] action.
var actions = map[string]watcher.Action{
	"ignore": watcher.Ignore, "refresh": watcher.Refresh, "signal": watcher.Signal,
	"restart": watcher.Restart, "rebuild": watcher.Rebuild,
}

func (s *session) proxyConfig(want settings.Settings) proxy.Config {
	c := proxy.Config{
		Hold: want.Proxy.Fresh, HoldTimeout: time.Duration(want.Proxy.HoldTimeout),
		GenerationHeader: want.Proxy.GenerationHeader, Hosts: s.hosts(want),
		Browser: proxy.Browser{Reload: want.Browser.Reload, Overlay: want.Browser.Overlay, Pill: want.Browser.Pill},
		Project: proxy.Project{Root: s.site.module.Dir, Base: s.site.start},
		Open:    func(at proxy.Position) error { return s.openEditor(want.Browser.Editor, at) },
		Warn:    s.warnWith, Panicked: s.panicked,
	}
	if s.debugger != nil {
		c.Debugged = s.debugger.Attached
	}
	if s.running != nil { // and with it the others
		c.Own, c.Look, c.Saved = s.runner.Owns, s.watcher.Look, s.saved
		c.Pause, c.Resume = s.running.Pause, s.running.Resume
	}
	return c
}

// hosts are the names under which the front answers beside the common ones: the user's,
// and the one that it listens on.
func (s *session) hosts(want settings.Settings) []string {
	hosts := want.Proxy.AllowedHosts
	if listen, err := parseListen("front address", want.Proxy.Listen); err == nil && listen.host != "" {
		hosts = append(slices.Clip(hosts), listen.host)
	}
	return hosts
}

func (p site) envFiles(s settings.Settings) []string {
	var files []string
	for _, f := range s.App.EnvFiles {
		files = append(files, Absolute(p.dir, f))
	}
	return files
}

// address chooses where the front listens: asked for, else PORT, else the port that
// the code names, else the one that an earlier run has learned, else Gin's. An app that binds its port itself and cannot be moved
// keeps it; so does one that speaks TLS there, which the front does not.
func (p site) address(s settings.Settings, code project.Address) address {
	if s.Proxy.Listen != "" {
		listen, _ := parseListen("front address", s.Proxy.Listen) // checked when it was read
		return listen
	}
	if n := p.userPort(s); n != 0 && (p.moved || n != p.fixedPort(s, code)) {
		return address{port: n}
	}
	switch own := p.ownPort(s, code); {
	case code.TLS && s.Run.Port == 0:
		if own == defaultPort {
			return address{port: own + 1, why: "the app speaks TLS on port " + strconv.Itoa(own)}
		}
	case code.ReadsEnv && code.Port != 0 && p.fixedPort(s, code) == 0: // whatever was learned
		return address{port: code.Port}
	case p.bindsItself(s, code) && own != 0 && p.moved:
		return address{port: own}
	case p.bindsItself(s, code) && own != 0:
		why := "the app binds port " + strconv.Itoa(own) + " itself"
		if code.Where != "" && s.Run.Port == 0 {
			why += " (" + code.Where + ")"
		}
		return address{port: own + 1, why: why}
	case code.Port != 0:
		return address{port: code.Port}
	}
	return address{port: defaultPort}
}

// userPort is the port that the user's own environment gives the app, which is where
// people look for it; 0 if it gives none.
func (p site) userPort(s settings.Settings) int {
	port := cmp.Or(s.App.Env[s.Run.PortEnv], lookup(p.env, s.Run.PortEnv))
	if port == "" {
		for _, file := range p.envFiles(s) {
			if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
				continue // what is wrong with it is told when the app starts
			}
			variables, _ := godotenv.Read(file)
			port = cmp.Or(variables[s.Run.PortEnv], port)
		}
	}
	n, _ := strconv.ParseUint(port, 10, 16)
	return int(n)
}

// tagged is the environment in which go build looks for files: with the build tags of
// the settings where the go command reads those of the environment.
func (p site) tagged(s settings.Settings) []string {
	env := over(p.env, s.Build.Env)
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
	flags := strings.TrimSpace(lookup(env, "GOFLAGS") + " -tags=" + strings.Join(tags, ","))
	return over(env, map[string]string{"GOFLAGS": flags})
}

// signalNumber is the number of a signal whose name has been checked.
func signalNumber(name string) syscall.Signal {
	n, _ := settings.ParseSignal(name)
	return n
}
