// Package settings reads .watcher.toml: defaults, file, environment, checks.
//
// It knows keys, kinds and bounds of values, and says file, line and column of what
// is wrong. It does not know what a value is used for.
package settings

import (
	"io"
	"time"
)

// File is the name looked for in the folder in which watcher works.
const File = ".watcher.toml"

// Settings is one whole set; [Default] is what holds without a file.
type Settings struct {
	App   App    `toml:"app"`
	Build Build  `toml:"build"`
	Watch Watch  `toml:"watch"`
	Rules []Rule `toml:"rule"`
	Run   Run    `toml:"run"`
	Proxy Proxy  `toml:"proxy"`
}

// App is [app]: what is built and how it is called.
type App struct {
	Package  string            `toml:"package"`   // pattern of the main package; "" finds it
	Dir      string            `toml:"dir"`       // folder of the module, relative to the file's
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
}

// Rule is one [[rule]].
type Rule struct {
	Paths  []string `toml:"paths"`
	Action string   `toml:"action"` // rebuild, restart, signal, refresh, ignore
	Signal string   `toml:"signal"` // for action signal
}

// Run is [run]: how the app is started and stopped.
type Run struct {
	Swap         string   `toml:"swap"` // auto, overlap, stop-first
	PortEnv      string   `toml:"port_env"`
	Port         int      `toml:"port"` // the app's own fixed port; absent (0) means not told
	ReadyPath    string   `toml:"ready_path"`
	ReadyTimeout Duration `toml:"ready_timeout"`
	StopSignal   string   `toml:"stop_signal"`
	StopTimeout  Duration `toml:"stop_timeout"`
	DrainTimeout Duration `toml:"drain_timeout"`
	Restart      string   `toml:"restart"` // on-failure, always, never
}

// Proxy is [proxy]: the front.
type Proxy struct {
	Listen           string   `toml:"listen"` // host:port, ":port" for all interfaces, or a port for loopback; "" finds it
	StrictPort       bool     `toml:"strict_port"`
	Fresh            bool     `toml:"fresh"`
	HoldTimeout      Duration `toml:"hold_timeout"`
	GenerationHeader bool     `toml:"generation_header"`
}

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
func Default() Settings { return Settings{} }

// Load reads the file at path over the defaults, then the variables of env that
// begin with WATCHER_ (as WATCHER_PROXY_LISTEN), and checks the whole. shown is the file's name in
// messages; a path of "" means that there is no file. The warnings are about unknown keys that are
// near no known one. The error is a *Problem, or one from reading the file.
func Load(path, shown string, env []string) (s Settings, warnings []Problem, err error) {
	return Settings{}, nil, nil
}

// Effect says what an edit of a key needs to take effect.
type Effect uint8

const (
	Live    Effect = iota // at once
	Restart               // a new process
	Rebuild               // go build and a new process
	Never                 // a new watcher; the old value stays
)

// Difference is a key whose value differs between two sets.
type Difference struct {
	Key    string // "proxy.listen"
	Effect Effect
}

// Diff lists the keys that differ, in the order of the file's tables.
func Diff(old, new Settings) []Difference { return nil }

// Key describes one key for documentation: the README's table and the commented
// file are checked against it.
type Key struct {
	Name    string // "run.stop_timeout"
	Default string // as written in the file
	Meaning string // one line
	Effect  Effect
}

// Keys lists every key in the order of the file.
func Keys() []Key { return nil }

// WriteCommented writes a settings file in which every key stands, commented out,
// with its default and meaning.
func WriteCommented(w io.Writer) error { return nil }
