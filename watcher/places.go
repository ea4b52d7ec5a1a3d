package watcher

import (
	"path"
	"path/filepath"
	"strings"
)

// markPlaces finds out where anything can lie that matters. A place is a file or a
// folder that is asked for, whether it is there or not; the value says whether all that
// is below matters too. The ways are the folders that lead to a place: each is watched,
// so that the next one is seen when it comes.
func (r *rules) markPlaces() {
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
func (r *rules) markGlob(glob string, deep bool) {
	fixed := fixedPart(glob)
	rest := strings.TrimPrefix(strings.TrimPrefix(glob, fixed), "/")
	r.mark(filepath.Join(r.root, filepath.FromSlash(fixed)), deep || strings.Contains(rest, "/") || strings.Contains(rest, "**"))
}

func (r *rules) mark(name string, deep bool) {
	r.places[name] = r.places[name] || deep
	for dir := filepath.Dir(name); name != r.root && !r.ways[dir]; dir = filepath.Dir(dir) {
		r.ways[dir] = true
		if dir == r.root {
			return
		}
	}
}

// asked reports whether the folder is entered whatever its name, and git, say of it.
func (r *rules) asked(dir string) bool {
	_, place := r.places[dir]
	return place || r.ways[dir]
}

// passesBy reports whether the built-in rows leave out the folder rel for its name.
func (r *rules) passesBy(rel string) bool {
	base := path.Base(rel)
	return strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata" ||
		rel == "vendor" || r.ignores(rel)
}

// admit says whether a folder below parent is entered, and how it is looked at.
func (w *Watcher) admit(dir string, parent folder) (folder, bool) {
	rel := w.rules.rel(dir)
	base := path.Base(rel)
	asked := w.rules.asked(dir) || parent.deep && w.rules.embedded(rel)
	led := parent.deep || resourceFolder(base) && !parent.skipped && !parent.goOnly
	passed := w.rules.passesBy(rel)
	if !asked && (passed || !led) {
		return folder{}, false
	}
	in := folder{deep: w.rules.places[dir] || led, skipped: parent.skipped, goOnly: parent.goOnly || outputFolder(base)}
	if !in.skipped && (passed || w.ignored(dir)) {
		in.skipped, in.deep = true, w.rules.places[dir] || parent.deep && w.rules.embedded(rel)
		return in, asked
	}
	return in, true
}

// ignored reports whether git ignores a file or folder. Of what lies outside of Root it
// is not asked.
func (w *Watcher) ignored(name string) bool {
	rel := w.rules.rel(name)
	return filepath.IsLocal(rel) && w.git.Ignored(rel)
}
