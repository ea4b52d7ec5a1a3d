package graph

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// look tells what lies under a path: a file, a folder or nothing.
type look func(path string) kind

type kind uint8

const (
	nothing kind = iota
	file
	folder
)

// onDisk looks at the real thing; links are followed.
func onDisk(path string) kind {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nothing
	case info.IsDir():
		return folder
	case info.Mode().IsRegular():
		return file
	}
	return nothing
}

// resolver finds out which literals name something.
type resolver struct {
	app    string // working folder of the app, to which paths are relative
	module string // folder of the main module, to which they are by mistake, or in tests
	look   look
}

// named returns what the literals and the app's arguments name, sorted by path. Where
// several name the same, the one that says more of its use counts.
func (r resolver) named(literals []literal, args []string) (all []Named) {
	for _, l := range literals {
		if path, ok := r.resolve(l); ok {
			all = append(all, Named{path, l.use, l.where})
		}
	}
	for _, arg := range args {
		if _, value, ok := strings.Cut(arg, "="); ok && strings.HasPrefix(arg, "-") {
			arg = value
		}
		if path := r.from(r.app, arg); r.look(path) == file {
			all = append(all, Named{path, Read, "argument"})
		}
	}
	slices.SortFunc(all, func(a, b Named) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(b.Use, a.Use), strings.Compare(a.Where, b.Where))
	})
	return slices.CompactFunc(all, func(n, before Named) bool {
		return n.Path == before.Path && (n.Use == before.Use || n.Use == Read)
	})
}

// wild are the wildcards of path/filepath.
const wild = "*?["

// from is a path of the code as the app sees it from a folder.
func (r resolver) from(dir, text string) string {
	path := filepath.FromSlash(text)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// resolve returns the absolute path that a literal names. Most strings with a slash in
// them are routes: they name nothing, as nothing lies there.
func (r resolver) resolve(l literal) (string, bool) {
	for _, dir := range []string{r.app, r.module} {
		path := r.from(dir, l.text)
		if filepath.IsAbs(l.text) && !within(path, r.module) && !configKind(path) {
			return "", false
		}
		if r.names(path, l.asked) {
			return path, true
		}
	}
	// What a call asks for may come later; but a name alone is too little to wait for.
	path := r.from(r.app, l.text)
	later := l.asked && strings.ContainsAny(l.text, `./\`) && !filepath.IsAbs(l.text) && !strings.ContainsAny(l.text, wild)
	return path, later && r.look(filepath.Dir(path)) == folder && !around(path, r.module)
}

// names reports whether something lies under path that a developer may save.
func (r resolver) names(path string, asked bool) bool {
	fixed := path
	if i := strings.IndexAny(path, wild); i >= 0 {
		if fixed = filepath.Dir(path[:i] + "x"); strings.Trim(path[len(fixed):], sep+"*") != "" && asked {
			return r.look(fixed) == folder // and not "*", which is the folder itself
		}
	}
	switch r.look(fixed) {
	case file:
		return fixed == path
	case folder:
		return asked && !around(fixed, r.module)
	}
	return false
}

// around reports whether dir holds the whole module: naming that says nothing.
func around(dir, module string) bool { return within(module, dir) }

// configKind reports whether files with such an ending are usually configuration.
func configKind(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".yaml", ".yml", ".toml", ".json", ".ini", ".conf", ".properties", ".env":
		return true
	}
	return false
}
