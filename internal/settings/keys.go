package settings

import (
	"reflect"
	"slices"
	"strings"
)

// Effect says what an edit of a key needs to take effect (rule 33).
type Effect uint8

const (
	Live    Effect = iota // nothing: it holds from the next use on
	Restart               // a new process
	Rebuild               // go build and a new process
	Never                 // a new watcher; the old value stays
)

// Key describes one key for documentation: the README's table and the commented
// file are checked against it.
type Key struct {
	Name    string // "run.stop_timeout"
	Default string // as written in the file; "" if there is none
	Meaning string // one line
	Effect  Effect
}

// row is what is said of a key besides its Go type.
type row struct {
	name    string
	effect  Effect
	meaning string
	example string   // for the commented file, where there is no default
	words   []string // the only values, or nil
	check   check    // nil takes any
}

// rows lists every key in the order of the file. Kinds and defaults come from the
// structs, so that they are written once.
func rows() []row {
	return []row{
		{name: "app.package", effect: Rebuild, meaning: `the main package, as "./cmd/api"; empty finds it`},
		{name: "app.dir", effect: Never, meaning: "folder of the module, relative to where watcher works"},
		{name: "app.args", effect: Restart, meaning: "arguments of the app"},
		{name: "app.env", effect: Restart, meaning: "variables of the app"},
		{name: "app.env_files", effect: Restart, meaning: "files of variables, relative to dir; a missing one is passed over"},

		{name: "build.flags", effect: Rebuild, meaning: "more flags of go build", check: checkFlag},
		{name: "build.ldflags", effect: Rebuild, meaning: "flags of the linker, after our own"},
		{name: "build.tags", effect: Rebuild, meaning: "build tags"},
		{name: "build.env", effect: Rebuild, meaning: "variables of go build"},

		{name: "watch.ignore", effect: Live, meaning: "globs of files that start nothing, relative to the module", check: checkGlob},
		{name: "watch.poll", effect: Never, meaning: `look for changes instead of waiting for events: "auto" where events cannot be trusted, true everywhere, false nowhere`, words: Autos()},

		{name: "rule.paths", effect: Live, meaning: "globs of files, relative to the module; the first rule that matches wins", example: `["conf/**/*.yaml"]`, check: checkGlob},
		{name: "rule.action", effect: Live, meaning: "what a change of them does: " + list(actions()) + "; with run and without it, what it does without the rule", example: `"signal"`, words: actions()},
		{name: "rule.signal", effect: Live, meaning: `what the app is sent by action "signal"`, example: `"SIGHUP"`, check: checkSignal},
		{name: "rule.run", effect: Live, meaning: "program and arguments to run first, once a batch; what it writes belongs to the same save", example: `["templ", "generate"]`},
		{name: "rule.timeout", effect: Live, meaning: "how long that may take before it is killed: a minute, if not told", example: `"60s"`, check: checkPositive},

		{name: "run.swap", effect: Live, meaning: "how a new process takes over: " + list(Swaps()), words: Swaps()},
		{name: "run.port_env", effect: Restart, meaning: "variable by which the app is told its port", check: checkName},
		{name: "run.port", effect: Restart, meaning: "the app's own fixed port that the front leads to, where it cannot be told one", example: "9090", check: checkPort},
		{name: "run.remap", effect: Never, meaning: "fixed ports of the app are moved out of the way, so that two processes can run at a time: " + list(Autos()) + "; auto does it where needed", words: Autos()},
		{name: "run.socket", effect: Restart, meaning: "hand the app an open socket as file 3 (LISTEN_FDS) to serve on, as with gin's RunFd(3)"},
		{name: "run.wait_for", effect: Live, meaning: `what must be there before each start, as ["tcp://db:5432", "http://search/health", "file:run/socket"]`, check: checkNeed},
		{name: "run.ready", effect: Restart, meaning: `"notify": the app tells that it is ready, by sd_notify; empty: we look`, words: readies()},
		{name: "run.ready_path", effect: Restart, meaning: "path that must answer below 500; empty: listening is enough", check: checkPath},
		{name: "run.ready_timeout", effect: Live, meaning: "how long a start may take", check: checkPositive},
		{name: "run.live_path", effect: Restart, meaning: "path that must go on to answer below 500, or the app is restarted; empty: nothing is asked", check: checkPath},
		{name: "run.live_interval", effect: Restart, meaning: "how long it is not asked after an answer", check: checkPositive},
		{name: "run.live_failures", effect: Restart, meaning: "how often in a row it may fail to answer until the app is restarted", check: checkCount},
		{name: "run.stop_signal", effect: Live, meaning: "signal that asks the app to stop; holds for processes started from now on", check: checkSignal},
		{name: "run.stop_timeout", effect: Live, meaning: "how long the app may take to stop before it is killed"},
		{name: "run.drain_timeout", effect: Live, meaning: "how long an old process may finish its requests"},
		{name: "run.restart", effect: Live, meaning: "when an app that ends by itself is started again: " + list(restarts()), words: restarts()},
		{name: "run.prefix", effect: Live, meaning: `text before each line of the app, as "api #{generation} | "; holds for processes started from now on`},

		{name: "proxy.listen", effect: Never, meaning: `the address people open: "8080" for this machine only, ":8080" for all, or host:port; empty finds it`, check: checkListen},
		{name: "proxy.strict_port", effect: Never, meaning: "a taken address is an error; else the next free port is used"},
		{name: "proxy.fresh", effect: Live, meaning: "requests after a save wait for the new code"},
		{name: "proxy.hold_timeout", effect: Live, meaning: "how long they wait at most"},
		{name: "proxy.allowed_hosts", effect: Live, meaning: `names under which the front answers, beside localhost, addresses, names without a dot and *.test, *.local, *.internal; "*.example.org" takes all below it`, check: checkHost},
		{name: "proxy.allowed_clients", effect: Live, meaning: `addresses and networks, as ["192.168.1.7"], from which pages are loaded anew and what is wrong is told, with your code around it; without it that is for this machine alone`, check: checkClient},
		{name: "proxy.generation_header", effect: Live, meaning: "every answer names its generation in Watcher-Generation"},

		{name: "browser.reload", effect: Live, meaning: "open pages load themselves anew when there is a newer version"},
		{name: "browser.overlay", effect: Live, meaning: "open pages show what is wrong with the newest version"},
		{name: "browser.pill", effect: Live, meaning: "open pages show a small mark while the next version is built"},
		{name: "browser.editor", effect: Live, meaning: `command that opens a place, as "code -g {file}:{line}:{column}"; empty finds one`, check: checkEditor},
	}
}

// find returns the row of a key.
func find(name string) (row, bool) {
	for _, r := range rows() {
		if r.name == name {
			return r, true
		}
	}
	return row{}, false
}

// isTable says whether there is a table of this name at the top level.
func isTable(name string) bool {
	return slices.ContainsFunc(rows(), func(r row) bool { return strings.HasPrefix(r.name, name+".") })
}

// Keys lists every key in the order of the file.
func Keys() []Key {
	var keys []Key
	for _, r := range rows() {
		key := Key{Name: r.name, Meaning: r.meaning, Effect: r.effect}
		if r.example == "" {
			key.Default = r.sample()
		}
		keys = append(keys, key)
	}
	return keys
}

// sample is a value of the key as it stands in a file: the default, where there is one.
func (r row) sample() string {
	if r.example != "" {
		return r.example
	}
	defaults := Default()
	return Written(lookup(&defaults, r.name).Interface())
}

// Difference is a key whose value differs between two sets.
type Difference struct {
	Key    string // "proxy.listen"; "rule" for the rules, which are compared as a whole
	Effect Effect
}

// Diff lists the keys that differ, in the order of the file's tables. An empty list
// and one that is not set are equal.
func Diff(old, new Settings) []Difference {
	var differences []Difference
	for _, r := range rows() {
		name := r.name
		if name == "rule.paths" {
			name = "rule" // stands for all keys of the rules
		} else if strings.HasPrefix(name, "rule.") {
			continue
		}
		a, b := lookup(&old, name), lookup(&new, name)
		if name == "rule" { // where they stand is no difference
			a, b = reflect.ValueOf(bare(old.Rules)), reflect.ValueOf(bare(new.Rules))
		}
		empty := (a.Kind() == reflect.Slice || a.Kind() == reflect.Map) && a.Len()+b.Len() == 0
		if !empty && !reflect.DeepEqual(a.Interface(), b.Interface()) {
			differences = append(differences, Difference{Key: name, Effect: r.effect})
		}
	}
	return differences
}

// bare returns the rules without their positions.
func bare(rules []Rule) []Rule {
	rules = slices.Clone(rules)
	for i := range rules {
		rules[i].At = Position{}
	}
	return rules
}

// lookup returns the field that a known name means, settable. For a key of a rule it
// is that of the last rule.
func lookup(s *Settings, name string) reflect.Value {
	value := reflect.ValueOf(s).Elem()
	for part := range strings.SplitSeq(name, ".") {
		if value.Kind() == reflect.Slice {
			value = value.Index(value.Len() - 1)
		}
		for i := range value.NumField() {
			if value.Type().Field(i).Tag.Get("toml") == part {
				value = value.Field(i)
				break
			}
		}
	}
	return value
}
