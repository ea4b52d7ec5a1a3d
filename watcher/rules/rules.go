// Package rules says what each file of a project is for, and in which folders one may lie
// that matters (rule 30).
//
// It knows names: of the graph, of what the code names, of the user's rules, and those that
// files usually have. It reads nothing from disk, and does not know what git ignores: a
// [Verdict] says where that is to be asked.
package rules

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Action says what a change asks for. Greater is stronger, and a stronger action
// does all that a weaker one does.
type Action uint8

const (
	Ignore  Action = iota // nothing happens; the zero value
	Run                   // the command of the rule is run; what it writes asks for the rest
	Refresh               // browsers show the file anew
	Signal                // the running process is told by a signal
	Restart               // a new process of the newest binary
	Rebuild               // go build, then a new process if the binary differs
	Reload                // the settings file itself
)

// String is the action in the words of the settings.
func (a Action) String() string {
	return [...]string{"ignore", "run", "refresh", "signal", "restart", "rebuild", "reload"}[a]
}

// Rule gives the files that match one of Paths an action of the user's choice. With Run and
// Action Ignore they keep the one that they have where no rule is about them.
type Rule struct {
	Paths  []string // doublestar globs relative to Root, on slashes
	Action Action
	Signal string // name of the signal, as in "SIGHUP"; for Action Signal only
	Run    string // what is to be run first, by any name; "" for nothing
}

// Config says what the rules are made of. All paths are absolute.
type Config struct {
	Root     string
	Graph    *Graph   // nil if it is not known: then names of files tell what the build reads
	Files    []string // further files that the build reads
	Settings string   // the settings file; "" for none
	EnvFiles []string
	Rules    []Rule   // the user's, first match wins
	Ignore   []string // globs of what is left out of the built-in rows
}

// Verdict is what a change of a file asks for. The zero value is nothing.
type Verdict struct {
	Action   Action
	Signal   string // for action Signal
	AskGit   bool   // holds only if git does not ignore the file
	Compiled bool   // holds only if the compiler took the file before or takes it now
	Run      string // of the rule
	Rule     int    // number of the user rule that says so, from 1; 0 for none
}

// Rest is what is left of v where AskGit or Compiled does not hold: the command of its rule.
func (v Verdict) Rest() Verdict {
	if v.Run == "" {
		return Verdict{}
	}
	return Verdict{Action: Run, Run: v.Run, Rule: v.Rule}
}

// with adds the command of a rule that leaves the action to v.
func (v Verdict) with(rule Verdict) Verdict {
	v.Action, v.Run, v.Rule = max(v.Action, Run), rule.Run, rule.Rule
	return v
}

// Place is what the files of a folder owe to where they lie. The zero value is a folder
// of the project like any other, of which only its own files count.
type Place struct {
	Deep    bool // what is below is entered too
	Skipped bool // the built-in rows do not look in here
	GoOnly  bool // build output, or below a package.json of its own: of the built-in rows only Go's count
}

// Set decides what each file is for. Make it with [New]. A file or dir is absolute, a rel is
// what Rel makes of it. All methods but Watch may be called from any goroutine.
type Set struct {
	root     string            // absolute
	graph    *Graph            // nil if it is not known
	packages map[string]bool   // folders of graph that are compiled
	named    map[string]Action // by absolute path: files that are asked for by name
	uses     []use             // of graph, those that lie deepest first
	user     []Rule
	ignore   []string
	embeds   []Embed
	places   map[string]bool // see markPlaces
	ways     map[string]bool
}

// New makes the rules of cfg, and of what go:embed lines take in.
func New(cfg Config, embeds []Embed) Set {
	r := Set{
		root: cfg.Root, graph: cfg.Graph, user: cfg.Rules, ignore: cfg.Ignore, embeds: embeds,
		packages: map[string]bool{}, named: map[string]Action{}, places: map[string]bool{}, ways: map[string]bool{},
	}
	files := append(slices.Clone(cfg.Files), filepath.Join(cfg.Root, "vendor", "modules.txt"))
	if g := cfg.Graph; g != nil {
		files = append(files, g.Files...)
		for _, p := range g.Packages {
			r.packages[p.Dir] = true
		}
		r.uses = r.usesOf(g.Named)
	}
	for _, file := range files {
		r.named[filepath.Clean(file)] = Rebuild
	}
	for _, file := range cfg.EnvFiles {
		r.named[filepath.Clean(file)] = Restart
	}
	if cfg.Settings != "" {
		r.named[filepath.Clean(cfg.Settings)] = Reload
	}
	r.markPlaces()
	return r
}

// Rel returns the path of a file relative to Root, on slashes: the form that globs
// are about. It begins with "../" for a file outside.
func (r *Set) Rel(file string) string {
	rel, err := filepath.Rel(r.root, file)
	if err != nil { // another volume
		rel = file
	}
	return filepath.ToSlash(rel)
}

// Classify says what a change of file asks for; in is the folder that it lies in.
// First match wins, but a rule that names a command and no action only adds that (rule 30).
func (r *Set) Classify(file string, in Place) Verdict {
	if r.named[file] == Reload {
		return Verdict{Action: Reload}
	}
	switch rule := r.ruled(r.Rel(file)); {
	case rule.Rule > 0 && rule.Run != "" && rule.Action == Ignore:
		return r.unruled(file, in).with(rule)
	case rule.Rule > 0:
		return rule
	}
	return r.unruled(file, in)
}

// unruled is Classify without the user's rules, for what is not the settings file.
func (r *Set) unruled(file string, in Place) Verdict {
	rel := r.Rel(file)
	if action, named := r.named[file]; named {
		return Verdict{Action: action}
	}
	if v := r.Built(file, in); v.Action == Rebuild {
		return v
	}
	if v, _ := r.Used(rel); v.Action != Ignore {
		return v
	}
	if in.Skipped || in.GoOnly || Temporary(path.Base(rel)) || r.Ignores(rel) {
		return Verdict{}
	}
	return Row(rel)
}

// ruled asks the user's rules.
func (r *Set) ruled(rel string) Verdict {
	brief := Temporary(path.Base(rel))
	for i, rule := range r.user {
		for _, glob := range rule.Paths {
			if matches([]string{glob}, rel) && !(brief && takesAnyName(glob)) {
				return Verdict{Action: rule.Action, Signal: rule.Signal, Run: rule.Run, Rule: i + 1}
			}
		}
	}
	return Verdict{}
}

// Named says what a change of the file asks for because it is named in [Config].
func (r *Set) Named(file string) (a Action, ok bool) {
	a, ok = r.named[file]
	return a, ok
}

// Compiles reports whether a package of the graph lies in the folder.
func (r *Set) Compiles(dir string) bool { return r.packages[dir] }

// Built says whether go build reads the file: by the graph or, where that is not
// known, by name.
func (r *Set) Built(file string, in Place) Verdict {
	rel := r.Rel(file)
	base := path.Base(rel)
	switch {
	case r.Embedded(rel):
		return Verdict{Action: Rebuild}
	case r.graph != nil:
		if r.packages[filepath.Dir(file)] && SourceFile(base) && r.Takes(file, []byte("package p\n")) {
			return Verdict{Action: Rebuild, Compiled: true}
		}
	case !in.Skipped && !r.Ignores(rel) && (SourceFile(base) && !underscored(rel) || ModuleFile(base) && !in.GoOnly):
		return Verdict{Action: Rebuild}
	}
	return Verdict{}
}

// Takes reports whether the compiler would take a file with the source src.
func (r *Set) Takes(file string, src []byte) bool {
	return r.graph == nil || r.graph.Takes == nil || filepath.Ext(file) != ".go" ||
		r.graph.Takes(filepath.Dir(file), filepath.Base(file), src)
}

// Embedded reports whether a go:embed line takes rel in.
func (r *Set) Embedded(rel string) bool {
	return slices.ContainsFunc(r.embeds, func(e Embed) bool { return e.Covers(rel) })
}

// Ignores reports whether Config.Ignore matches rel or a folder that it lies in.
func (r *Set) Ignores(rel string) bool {
	for ; rel != "." && rel != "/" && rel != ".."; rel = path.Dir(rel) {
		if matches(r.ignore, rel) {
			return true
		}
	}
	return false
}

// takesAnyName reports whether the last element of a glob is all wildcard. Whoever
// writes "data/**" does not mean what an editor puts there for a moment.
func takesAnyName(glob string) bool { return strings.Trim(path.Base(glob), "*") == "" }

func matches(globs []string, rel string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		ok, _ := doublestar.Match(glob, rel) // bad globs are found when settings are read
		return ok
	})
}

// Within reports whether name is dir or lies below it.
func Within(name, dir, separator string) bool {
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, separator)+separator)
}
