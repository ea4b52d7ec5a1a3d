package running

import (
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

// Several says that more than one does, and how to name one.
type Several struct{ Found []Instance }

func (s Several) Error() string {
	var list []string
	for _, i := range s.Found {
		list = append(list, fmt.Sprintf("%s (%s)", i.Package, i.URL))
	}
	return fmt.Sprintf("several watchers run here, for %s: name one, as in \"watcher wait %s\"", strings.Join(list, ", "), s.Found[0].Package)
}

// Find returns the watcher that a call in dir, an absolute folder, means: that of the
// innermost module around dir, else one that was started in dir or above it. pkg, unless
// it is empty, is the pattern of its package. The error is a [None] or [Several], or ctx's.
func Find(ctx context.Context, dir, pkg string) (Instance, error) {
	dir = real(dir)
	var best []Instance
	rank := -1
	for _, folder := range folders(dir) {
		i, ok := readIn(folder)
		if !ok || pkg != "" && !i.named(dir, pkg) {
			continue
		}
		r := i.rank(dir)
		if r < 0 || r < rank || !i.alive(ctx) {
			continue
		}
		if r > rank {
			best, rank = nil, r
		}
		best = append(best, i)
	}
	switch {
	case ctx.Err() != nil:
		return Instance{}, ctx.Err()
	case len(best) == 0:
		return Instance{}, None{dir, pkg}
	case len(best) > 1:
		return Instance{}, Several{best}
	}
	return best[0], nil
}

// Await is Find, which looks again for up to limit as long as there is none.
func Await(ctx context.Context, dir, pkg string, limit time.Duration) (Instance, error) {
	for late := time.Now().Add(limit); ; {
		i, err := Find(ctx, dir, pkg)
		if _, none := errors.AsType[None](err); !none || time.Now().After(late) {
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

func readIn(folder string) (Instance, bool) {
	file, err := os.Open(filepath.Join(folder, lockName))
	if err != nil {
		return Instance{}, false
	}
	defer file.Close()
	return read(file)
}

// rank is how well an instance fits a call in dir; less than 0 if it does not. A module is
// meant by who is in it, the deeper the better; the place where a watcher was started
// comes after that.
func (i Instance) rank(dir string) int {
	switch module, start := real(i.Module), real(i.Start); {
	case within(dir, module):
		return 1 + 2*len(module)
	case within(dir, start):
		return 0
	}
	return -1
}

// named reports whether pkg, as one would type it in dir, is the instance's package.
func (i Instance) named(dir, pkg string) bool {
	pattern := path.Clean(filepath.ToSlash(i.Package))
	return path.Clean(filepath.ToSlash(pkg)) == pattern || filepath.Join(dir, pkg) == filepath.Join(real(i.Module), pattern)
}

// alive reports whether the front that answers is the instance's. One that was killed
// leaves its file behind, and another program may have its port by now.
func (i Instance) alive(ctx context.Context) bool {
	status, err := i.Status(ctx)
	return err == nil && status.Run == i.Run
}

func within(dir, folder string) bool {
	rel, err := filepath.Rel(folder, dir)
	return folder != "" && err == nil && filepath.IsLocal(rel)
}

// real is a path with links followed, as far as it is there.
func real(path string) string {
	if followed, err := filepath.EvalSymlinks(path); err == nil {
		return followed
	}
	return path
}
