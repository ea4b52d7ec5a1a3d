package running

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// None says that no watcher runs for a folder or, unless it is empty, a package.
type None struct{ Dir, Package string }

func (n None) Error() string {
	if n.Package != "" {
		return fmt.Sprintf("no watcher runs for %s in %s: start it there with \"watcher %s\"", n.Package, n.Dir, n.Package)
	}
	return fmt.Sprintf("no watcher runs for %s: start one there with \"watcher\"", n.Dir)
}

// Starting says that the one that is meant has not opened its front.
type Starting struct{ PID int }

func (s Starting) Error() string {
	return fmt.Sprintf("watcher (pid %d) is just starting: try again in a moment", s.PID)
}

// Several says that more than one does, and how to name one in Dir.
type Several struct {
	Dir   string
	Found []Instance
}

func (s Several) Error() string {
	var list []string
	for _, i := range s.Found {
		list = append(list, i.path(s.Dir))
	}
	return fmt.Sprintf("several watchers run here, for %s: name one of them behind the command", strings.Join(list, ", "))
}

// Find returns the watcher that a call in dir, an absolute folder, means. pkg, unless it is
// empty, is its package. The error is a [None], a [Several] or a [Starting], or that of a folder
// without locks.
func Find(dir, pkg string) (Instance, error) { return find(dir, pkg, look) }

func find(dir, pkg string, look func(*os.File) error) (Instance, error) {
	dir = real(dir)
	var best []Instance
	var unknown error // whether one of them runs
	rank := stranger + 1
	for _, folder := range folders(dir) {
		i, held, err := holder(folder, look)
		unknown = cmp.Or(unknown, err)
		if !held || pkg != "" && !i.named(dir, pkg) {
			continue
		}
		r := i.rank(dir)
		if r > stranger && i.at(dir, pkg) {
			r += own // a folder says more than a name of several modules, as "." is
		}
		if r > rank {
			best, rank = nil, r
		}
		if r == rank {
			best = append(best, i)
		}
	}
	switch {
	case len(best) == 0 && unknown != nil:
		return Instance{}, unknown
	case len(best) == 0:
		return Instance{}, None{dir, pkg}
	case len(best) > 1:
		return Instance{}, Several{dir, best}
	case best[0].URL == "":
		return Instance{}, Starting{best[0].PID}
	}
	return best[0], nil
}

// Await is Find, which looks again as long as one is starting, and for up to limit as long as
// none is found. The error may be ctx's, too.
func Await(ctx context.Context, dir, pkg string, limit time.Duration) (Instance, error) {
	return await(ctx, dir, pkg, limit, look)
}

func await(ctx context.Context, dir, pkg string, limit time.Duration, look func(*os.File) error) (Instance, error) {
	for late := time.Now().Add(limit); ; {
		i, err := find(dir, pkg, look)
		_, none := errors.AsType[None](err)
		_, unknown := errors.AsType[lockless](err) // of a folder, which need not be that of the one that is meant
		_, starting := errors.AsType[Starting](err)
		if !starting && (!none && !unknown || time.Now().After(late)) {
			return i, err
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return Instance{}, ctx.Err()
		}
	}
}

// lookAgain is the time between two looks for a watcher that has just been started.
const lookAgain = 50 * time.Millisecond

// How well an instance fits a call; the best ones are meant.
const (
	stranger  = iota
	neighbour // the call is made elsewhere in its workspace, as in a library of it
	above     // the call is made above its module, as at the root of a repository
	own       // the call is made in its module
)

// rank is how well an instance fits a call in dir. A module inside of another is not that.
func (i Instance) rank(dir string) int {
	module := real(i.Module)
	switch {
	case governs(dir) == module:
		return own
	case within(module, dir):
		return above
	case i.Work != "" && within(dir, real(filepath.Dir(i.Work))):
		return neighbour
	}
	return stranger
}

// governs returns the folder of the module that dir belongs to, "" if it is in none.
func governs(dir string) string {
	for {
		if info, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil && info.Mode().IsRegular() {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// named reports whether pkg, as one would type it in dir, is the instance's package.
func (i Instance) named(dir, pkg string) bool {
	pattern := path.Clean(filepath.ToSlash(i.Package))
	return !filepath.IsAbs(pkg) && path.Clean(filepath.ToSlash(pkg)) == pattern || i.at(dir, pkg)
}

// at reports whether pkg, as one would type it in dir, is the folder of the instance's package.
func (i Instance) at(dir, pkg string) bool {
	if pkg == "" {
		return false
	}
	if !filepath.IsAbs(pkg) {
		pkg = filepath.Join(dir, pkg)
	}
	return real(pkg) == filepath.Join(real(i.Module), filepath.FromSlash(i.Package))
}

// path is the instance's package as one types it in dir.
func (i Instance) path(dir string) string {
	folder := filepath.Join(real(i.Module), filepath.FromSlash(i.Package))
	rel, err := filepath.Rel(dir, folder)
	switch {
	case err != nil: // on another drive
		return folder
	case rel != "." && filepath.IsLocal(rel):
		rel = "./" + rel
	}
	return filepath.ToSlash(rel)
}

// within reports whether dir is folder or lies in it.
func within(dir, folder string) bool {
	rel, err := filepath.Rel(folder, dir)
	return err == nil && filepath.IsLocal(rel)
}

// real is a path with links followed, as far as it is there.
func real(path string) string {
	if followed, err := filepath.EvalSymlinks(path); err == nil {
		return followed
	}
	return path
}
