package rules

import (
	"cmp"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// use is a name of the code, seen from Root.
type use struct {
	Named
	glob string // relative to Root, on slashes
	dir  string // its leading part without wildcards
}

// usesOf returns what can tell of single files: a name of Root, or of a folder that it
// lies in, would tell the same of everything. The deepest come first, as they know best.
func (r *Set) usesOf(named []Named) []use {
	var uses []use
	for _, n := range named {
		if glob := r.Rel(filepath.Clean(n.Path)); !above(glob) {
			uses = append(uses, use{n, glob, fixedPart(glob)})
		}
	}
	slices.SortStableFunc(uses, func(a, b use) int {
		return cmp.Or(cmp.Compare(len(b.glob), len(a.glob)), cmp.Compare(b.Use, a.Use))
	})
	return uses
}

// above reports whether rel is Root or a folder that Root lies in.
func above(rel string) bool {
	return rel == "." || strings.Trim(rel, "./") == "" && strings.HasPrefix(rel, "..")
}

// Used says what a change of the file asks for because the code names it, or the
// folder that it lies in; and by which name.
func (r *Set) Used(rel string) (Verdict, Named) {
	for _, u := range r.uses {
		if v := u.asks(rel); v.Action != Ignore {
			return v, u.Named
		}
	}
	return Verdict{}, Named{}
}

// asks says what a change of the file rel asks for because of this name. A file that is
// named itself counts whatever its kind; of a folder, only what its use leads to expect.
func (u use) asks(rel string) Verdict {
	base := path.Base(rel)
	kind := KindOf(base)
	itself := u.glob == rel || u.dir != u.glob && matches([]string{u.glob}, rel)
	if !itself && (above(u.dir) || !Within(rel, u.dir, "/") || strings.HasPrefix(base, ".") || Temporary(base) || tooling(base)) {
		return Verdict{}
	}
	switch {
	case u.Use == Templates && (itself || markup(kind) || templateKind(kind)):
		return Verdict{Action: Restart}
	case u.Use == Static && (itself || markup(kind) || asset(kind)):
		return Verdict{Action: Refresh}
	case u.Use == Read && DataKind(kind) && (itself || path.Dir(rel) == u.dir):
		return Verdict{Action: Restart}
	case u.Use == Read && itself && !recordKind(kind) && !asset(kind):
		return Verdict{Action: Restart, AskGit: true} // what git ignores is written by the app itself, more often than not
	}
	return Verdict{}
}

// recordKind reports whether apps write files of the kind all the time.
func recordKind(kind string) bool {
	switch kind {
	case "db", "sqlite", "sqlite3", "log", "pid", "lock", "sock", "tmp", "go":
		return true
	}
	return false
}
