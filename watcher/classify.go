package watcher

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// verdict is what a change of a file asks for.
type verdict struct {
	action   Action
	signal   string // for action Signal
	askGit   bool   // holds only if git does not ignore the file
	compiled bool   // holds only if the compiler took the file before or takes it now
	run      string // of the rule
	rule     int    // number of the user rule that says so, from 1; 0 for none
}

// folder is what the files of a watched folder owe to the place they lie in.
type folder struct {
	real    string // where it lies when links are followed; the watch is placed there
	deep    bool   // what is below is entered too
	skipped bool   // the built-in rows do not look in here
	goOnly  bool   // build output, or below a package.json of its own: of the built-in rows only Go's count
	fresh   bool   // not watched before the walk that found it
	pass    uint   // last walk that came by
}

// rules decides what each file is for. It is a value: it reads nothing from disk.
type rules struct {
	root     string            // absolute
	graph    *Graph            // nil if it is not known
	packages map[string]bool   // folders of graph that are compiled
	named    map[string]Action // by absolute path: files that are asked for by name
	uses     []use             // of graph, those that lie deepest first
	user     []Rule
	ignore   []string
	embeds   []embed
	places   map[string]bool // see mark
	ways     map[string]bool
}

func newRules(cfg Config, embeds []embed) rules {
	r := rules{
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

// rel returns the path of a file relative to Root, on slashes: the form that globs
// are about. It begins with "../" for a file outside.
func (r *rules) rel(file string) string {
	rel, err := filepath.Rel(r.root, file)
	if err != nil { // another volume
		rel = file
	}
	return filepath.ToSlash(rel)
}

// classify says what a change of file asks for; in is the folder that it lies in.
// First match wins (rule 30).
func (r *rules) classify(file string, in folder) verdict {
	rel := r.rel(file)
	action, named := r.named[file]
	if action == Reload {
		return verdict{action: Reload}
	}
	if v := r.ruled(rel); v.rule > 0 {
		return v
	}
	if named {
		return verdict{action: action}
	}
	if v := r.built(file, in); v.action == Rebuild {
		return v
	}
	if v, _ := r.used(rel); v.action != Ignore {
		return v
	}
	if in.skipped || in.goOnly || temporary(path.Base(rel)) || r.ignores(rel) {
		return verdict{}
	}
	return row(rel)
}

// ruled asks the user's rules.
func (r *rules) ruled(rel string) verdict {
	brief := temporary(path.Base(rel))
	for i, rule := range r.user {
		for _, glob := range rule.Paths {
			if matches([]string{glob}, rel) && !(brief && takesAnyName(glob)) {
				v := verdict{action: rule.Action, signal: rule.Signal, run: rule.Run, rule: i + 1}
				if v.run != "" {
					v.action = max(v.action, Run)
				}
				return v
			}
		}
	}
	return verdict{}
}

// built says whether go build reads the file: by the graph or, where that is not
// known, by name.
func (r *rules) built(file string, in folder) verdict {
	rel := r.rel(file)
	base := path.Base(rel)
	switch {
	case r.embedded(rel):
		return verdict{action: Rebuild}
	case r.graph != nil:
		if r.packages[filepath.Dir(file)] && sourceFile(base) && r.takes(file, []byte("package p\n")) {
			return verdict{action: Rebuild, compiled: true}
		}
	case !in.skipped && !r.ignores(rel) && (sourceFile(base) && !underscored(rel) || moduleFile(base) && !in.goOnly):
		return verdict{action: Rebuild}
	}
	return verdict{}
}

// takes reports whether the compiler would take a file with the source src.
func (r *rules) takes(file string, src []byte) bool {
	return r.graph == nil || r.graph.Takes == nil || filepath.Ext(file) != ".go" ||
		r.graph.Takes(filepath.Dir(file), filepath.Base(file), src)
}

func (r *rules) embedded(rel string) bool {
	return slices.ContainsFunc(r.embeds, func(e embed) bool { return e.covers(rel) })
}

// ignores reports whether Config.Ignore matches rel or a folder that it lies in.
func (r *rules) ignores(rel string) bool {
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

// within reports whether name is dir or lies below it.
func within(name, dir, separator string) bool {
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, separator)+separator)
}
