package watcher

import (
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// verdict is what a change of a file asks for.
type verdict struct {
	action Action
	signal string // for action Signal
	askGit bool   // holds only if git does not ignore the file
}

// folder is what the files of a watched folder owe to the place they lie in.
type folder struct {
	skipped bool // the built-in rows do not look in here
	output  bool // build output that holds no Go yet: of the built-in rows only a Go file counts
	web     bool // below a package.json of its own: of the built-in rows only Go's count
	shallow bool // watched for the sake of single files: what is below is not entered
	pass    uint // last walk that came by
}

// rules decides what each file is for. It is a value: it reads nothing from disk.
type rules struct {
	graph  *Graph            // nil if it is not known
	root   string            // absolute
	named  map[string]Action // by absolute path: files that are asked for by name
	user   []Rule
	ignore []string
	embeds []embed
}

func newRules(cfg Config, embeds []embed) rules {
	r := rules{graph: cfg.Graph, root: cfg.Root, user: cfg.Rules, ignore: cfg.Ignore, embeds: embeds, named: map[string]Action{}}
	r.named[filepath.Join(cfg.Root, "vendor", "modules.txt")] = Rebuild
	for _, file := range cfg.Files {
		r.named[filepath.Clean(file)] = row(r.rel(file)).action
	}
	for _, file := range cfg.EnvFiles {
		r.named[filepath.Clean(file)] = Restart
	}
	if cfg.Settings != "" {
		r.named[filepath.Clean(cfg.Settings)] = Reload
	}
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
	brief := temporary(path.Base(rel))
	for _, rule := range r.user {
		for _, glob := range rule.Paths {
			if matches([]string{glob}, rel) && !(brief && takesAnyName(glob)) {
				return verdict{action: rule.Action, signal: rule.Signal}
			}
		}
	}
	switch {
	case named:
		return verdict{action: action}
	case r.embedded(rel):
		return verdict{action: Rebuild}
	case brief, in.skipped, in.output && path.Ext(rel) != ".go", r.ignores(rel):
		return verdict{}
	}
	v := row(rel)
	if v.action == Rebuild && !r.compiles(file) {
		return verdict{}
	}
	if in.web && v.action != Rebuild {
		return verdict{}
	}
	return v
}

// passesBy reports whether the built-in rows leave out the folder rel for its name.
func (r *rules) passesBy(rel string) bool {
	base := path.Base(rel)
	return strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata" ||
		rel == "vendor" || r.ignores(rel)
}

// opens reports whether a folder that the built-in rows leave out is entered all
// the same, as the fixed part of a user rule or embed pattern leads into it. A
// pattern that begins with a wildcard opens nothing: it would open everything.
func (r *rules) opens(rel string) bool {
	leads := func(glob string) bool { return within(fixedPart(glob), rel, "/") }
	for _, rule := range r.user {
		if rule.Action != Ignore && slices.ContainsFunc(rule.Paths, leads) {
			return true
		}
	}
	return r.embedded(rel) || slices.ContainsFunc(r.embeds, func(e embed) bool { return leads(e.pattern) })
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

// parents returns the folders of the files that are asked for by name.
func (r *rules) parents() []string {
	var dirs []string
	for file := range maps.Keys(r.named) {
		dirs = append(dirs, filepath.Dir(file))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
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

// compiles reports whether the build reads files beside this one.
func (r *rules) compiles(file string) bool {
	return r.graph == nil || slices.ContainsFunc(r.graph.Packages, func(p Package) bool { return p.Dir == filepath.Dir(file) })
}
