// Package settings reads .watcher.toml: defaults, file, environment, checks.
//
// It knows keys, kinds and bounds of values, and says file, line and column of what
// is wrong. It does not know what a value is used for.
package settings

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"
)

// File is the name looked for in the folder in which watcher works.
const File = ".watcher.toml"

// Settings is one whole set; [Default] is what holds without a file.
type Settings struct {
	App     App     `toml:"app"`
	Build   Build   `toml:"build"`
	Watch   Watch   `toml:"watch"`
	Rules   []Rule  `toml:"rule"`
	Run     Run     `toml:"run"`
	Proxy   Proxy   `toml:"proxy"`
	Browser Browser `toml:"browser"`
}

// App is [app]: what is built and how it is called.
type App struct {
	Package  string            `toml:"package"`   // pattern of the main package; "" finds it
	Dir      string            `toml:"dir"`       // folder of the module, relative to where watcher works
	Args     []string          `toml:"args"`      // arguments of the app
	Env      map[string]string `toml:"env"`       // variables of the app
	EnvFiles []string          `toml:"env_files"` // files of variables, relative to dir; a missing one is passed over
}

// Build is [build]: how go build is called.
type Build struct {
	Flags   []string          `toml:"flags"`
	Ldflags string            `toml:"ldflags"`
	Tags    []string          `toml:"tags"`
	Env     map[string]string `toml:"env"`
}

// Watch is [watch].
type Watch struct {
	Ignore []string `toml:"ignore"` // globs relative to dir
	Poll   Auto     `toml:"poll"`
}

// Rule is one [[rule]].
type Rule struct {
	Paths   []string `toml:"paths"`
	Action  string   `toml:"action"`  // rebuild, restart, signal, refresh, ignore
	Signal  string   `toml:"signal"`  // for action signal
	Run     []string `toml:"run"`     // program and arguments, run first; with it Action may be "", which adds nothing
	Timeout Duration `toml:"timeout"` // of Run; 0 means a minute
	At      Position `toml:"-"`       // of Run
}

// Position is where something stands in the settings file, as it is shown; both from 1.
type Position struct {
	File         string
	Line, Column int
}

// Run is [run]: how the app is started and stopped.
type Run struct {
	Swap         string   `toml:"swap"` // auto, overlap, stop-first
	PortEnv      string   `toml:"port_env"`
	Port         int      `toml:"port"` // the app's own fixed port; absent (0) means not told
	Remap        Auto     `toml:"remap"`
	Socket       bool     `toml:"socket"`   // hand the app a listening socket
	WaitFor      []string `toml:"wait_for"` // what must be there before a start
	Ready        string   `toml:"ready"`    // "" or notify
	ReadyPath    string   `toml:"ready_path"`
	ReadyTimeout Duration `toml:"ready_timeout"`
	LivePath     string   `toml:"live_path"`
	LiveInterval Duration `toml:"live_interval"`
	LiveFailures int      `toml:"live_failures"`
	StopSignal   string   `toml:"stop_signal"`
	StopTimeout  Duration `toml:"stop_timeout"`
	DrainTimeout Duration `toml:"drain_timeout"`
	Restart      string   `toml:"restart"` // on-failure, always, never
	Prefix       string   `toml:"prefix"`  // of each line of output; {generation} is the number of the process
}

// Proxy is [proxy]: the front.
type Proxy struct {
	Listen           string   `toml:"listen"` // host:port, ":port" for all interfaces, or a port for loopback; "" finds it
	StrictPort       bool     `toml:"strict_port"`
	Fresh            bool     `toml:"fresh"`
	HoldTimeout      Duration `toml:"hold_timeout"`
	AllowedHosts     []string `toml:"allowed_hosts"`
	AllowedClients   []string `toml:"allowed_clients"` // addresses and networks, for [ParseNetwork]
	GenerationHeader bool     `toml:"generation_header"`
}

// Browser is [browser]: what open pages do.
type Browser struct {
	Reload  bool   `toml:"reload"`
	Overlay bool   `toml:"overlay"`
	Pill    bool   `toml:"pill"`
	Editor  string `toml:"editor"` // command with {file}, {line} and {column}; "" finds one
}

// Auto is "auto", "true" or "false"; in a file the last two may go without quotes.
type Auto string

// Duration is a length of time written as in "1m30s"; it is not negative.
type Duration time.Duration

// Problem is one thing wrong in a settings file or variable. Its text is one line:
// file:line:column: what, and what to do.
type Problem struct {
	File         string // as shown; "" for a variable of the environment
	Line, Column int    // from 1; 0 if not known
	Text         string
}

func (p *Problem) Error() string { return p.Text }

// Default returns the settings that hold without a file.
func Default() Settings {
	return Settings{
		App:   App{Dir: ".", EnvFiles: []string{".env"}},
		Watch: Watch{Poll: "auto"},
		Run: Run{
			Swap:         "auto",
			PortEnv:      "PORT",
			Remap:        "auto",
			ReadyTimeout: Duration(30 * time.Second),
			LiveInterval: Duration(10 * time.Second),
			LiveFailures: 3,
			StopSignal:   "SIGTERM",
			StopTimeout:  Duration(10 * time.Second),
			DrainTimeout: Duration(60 * time.Second),
			Restart:      "on-failure",
		},
		Proxy:   Proxy{Fresh: true, HoldTimeout: Duration(10 * time.Second)},
		Browser: Browser{Reload: true, Overlay: true, Pill: true},
	}
}

// Load reads the file at path over the defaults, then the variables of env that
// begin with WATCHER_ (as WATCHER_PROXY_LISTEN; lists are separated by commas, an
// empty variable counts as none), and checks the whole. shown is the file's name in
// messages; a path of "" means that there is no file. The warnings are about unknown
// keys that are near no known one. The error is a *Problem, the first in the file, or
// one from reading the file; the settings are then zero.
func Load(path, shown string, env []string) (s Settings, warnings []Problem, err error) {
	var text []byte // of no file, which sets as much as an empty one
	if path != "" {
		if text, err = os.ReadFile(path); err != nil {
			return Settings{}, nil, fmt.Errorf("read settings: %w", err)
		}
	}
	return Parse(text, shown, env)
}

// Parse is Load for the text of a file.
func Parse(text []byte, shown string, env []string) (s Settings, warnings []Problem, err error) {
	l := loader{settings: Default(), values: map[string]place{}}
	l.readFile(shown, text)
	if len(l.problems) == 0 {
		l.readEnvironment(env)
	}
	if len(l.problems) == 0 { // else keys are missing that the others count on
		l.checkTogether()
	}
	if len(l.problems) > 0 {
		first := slices.MinFunc(l.problems, byPosition)
		return Settings{}, l.warnings, &first
	}
	return l.settings, l.warnings, nil
}

// loader gathers settings and what is wrong with them.
type loader struct {
	settings Settings
	keys     map[string]place // where each key stands, by names as "run.port" and "rule[0].signal"
	values   map[string]place // where the value does, and elements as "app.args[0]"
	problems []Problem
	warnings []Problem
}

// place is a position in a file, or, with a line of 0, a variable of the environment.
type place struct {
	name         string
	line, column int
}

// problem is always one line, whatever it quotes.
func (p place) problem(format string, values ...any) Problem {
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, fmt.Sprintf(format, values...))
	if p.line == 0 {
		return Problem{Text: p.name + ": " + text}
	}
	text = fmt.Sprintf("%s:%d:%d: %s", p.name, p.line, p.column, text)
	return Problem{File: p.name, Line: p.line, Column: p.column, Text: text}
}

func (l *loader) complain(p place, format string, values ...any) {
	l.problems = append(l.problems, p.problem(format, values...))
}

func byPosition(a, b Problem) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}
