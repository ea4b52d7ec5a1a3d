package watcher

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
)

// usesOf returns what can tell of single files: a name of Root, or of a folder that it
// lies in, would tell the same of everything. The deepest come first, as they know best.
func usesOf(named []Named, root string) []Named {
	var uses []Named
	for _, n := range named {
		n.Path = filepath.Clean(n.Path)
		if !within(root, n.Path, string(filepath.Separator)) {
			uses = append(uses, n)
		}
	}
	slices.SortStableFunc(uses, func(a, b Named) int {
		return cmp.Or(cmp.Compare(len(b.Path), len(a.Path)), cmp.Compare(b.Use, a.Use))
	})
	return uses
}

// used says what a change of the file asks for because the code names it, or the
// folder that it lies in; and by which name.
func (r *rules) used(file string) (verdict, Named) {
	for _, n := range r.uses {
		if v := n.asks(file, r.root); v.action != Ignore {
			return v, n
		}
	}
	return verdict{}, Named{}
}

// asks says what a change of the file asks for because of this name. A file that is
// named itself counts whatever its kind; of a folder, only what its use leads to expect.
func (n Named) asks(file, root string) verdict {
	const slash = string(filepath.Separator)
	base := filepath.Base(file)
	kind := kindOf(base)
	dir := filepath.FromSlash(fixedPart(filepath.ToSlash(n.Path)))
	itself := n.Path == file || dir != n.Path && matches([]string{filepath.ToSlash(n.Path)}, filepath.ToSlash(file))
	if !itself && (!within(file, dir, slash) || within(root, dir, slash) ||
		strings.HasPrefix(base, ".") || temporary(base) || tooling(base)) {
		return verdict{}
	}
	switch {
	case n.Use == Templates && (itself || markup(kind) || templateKind(kind)):
		return verdict{action: Restart}
	case n.Use == Static && (itself || markup(kind) || asset(kind)):
		return verdict{action: Refresh}
	case n.Use == Read && dataKind(kind) && (itself || filepath.Dir(file) == dir):
		return verdict{action: Restart}
	case n.Use == Read && itself && !recordKind(kind):
		return verdict{action: Restart, askGit: true} // what git ignores is written by the app itself, more often than not
	}
	return verdict{}
}

// recordKind reports whether apps write files of the kind all the time.
func recordKind(kind string) bool {
	switch kind {
	case "db", "sqlite", "sqlite3", "log", "pid", "lock", "sock", "tmp", "go":
		return true
	}
	return false
}
