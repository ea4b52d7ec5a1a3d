package rules

import (
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// markPlaces finds out where anything can lie that matters. A place is a file or a
// folder that is asked for, whether it is there or not; the value says whether all that
// is below matters too. The ways are the folders that lead to a place: each is watched,
// so that the next one is seen when it comes.
func (r *Set) markPlaces() {
	r.mark(r.root, r.graph == nil)
	for dir := range r.packages {
		r.mark(dir, false)
	}
	for file := range r.named {
		r.mark(file, false)
	}
	for _, u := range r.uses {
		r.markGlob(u.glob, u.Use != Read)
	}
	for _, rule := range r.user {
		for _, glob := range rule.Paths {
			if rule.Action != Ignore || rule.Run != "" {
				r.markGlob(glob, false)
			}
		}
	}
	for _, e := range r.embeds {
		// A folder is embedded with all that is below; "*.html" hardly means one.
		r.markGlob(e.pattern, path.Ext(e.pattern) == "")
	}
}

// markGlob marks where the files lie that a glob, relative to Root, matches. deep says
// that what lies below a match counts too.
func (r *Set) markGlob(glob string, deep bool) {
	fixed := fixedPart(glob)
	rest := strings.TrimPrefix(strings.TrimPrefix(glob, fixed), "/")
	r.mark(filepath.Join(r.root, filepath.FromSlash(fixed)), deep || strings.Contains(rest, "/") || strings.Contains(rest, "**"))
}

func (r *Set) mark(name string, deep bool) {
	r.places[name] = r.places[name] || deep
	for dir := filepath.Dir(name); name != r.root && !r.ways[dir]; dir = filepath.Dir(dir) {
		r.ways[dir] = true
		if dir == r.root {
			return
		}
	}
}

// Asked reports whether the folder is entered whatever its name, and git, say of it.
func (r *Set) Asked(dir string) bool {
	_, place := r.places[dir]
	return place || r.ways[dir]
}

// PassesBy reports whether the built-in rows leave out the folder rel for its name.
func (r *Set) PassesBy(rel string) bool {
	base := path.Base(rel)
	return strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata" ||
		rel == "vendor" || r.Ignores(rel)
}

// Places returns what is asked for, in the order of paths.
func (r *Set) Places() []string { return slices.Sorted(maps.Keys(r.places)) }

// Deep reports whether dir is asked for with all that is below it.
func (r *Set) Deep(dir string) bool { return r.places[dir] }

// Watch has a file watched that asks for nothing.
func (r *Set) Watch(file string) {
	r.named[file] = Ignore
	r.mark(file, false)
}
