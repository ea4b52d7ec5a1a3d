package source

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"
)

// youth is how long the time of a file may stand for two contents, where a mount counts
// in whole seconds: FAT counts in pairs of them.
const youth = 2 * time.Second

// list looks at a folder and all that lies in it. Links in it are not followed.
func list(dir string) (listing, error) {
	self, err := nodeOf(dir)
	if err != nil {
		return listing{}, err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return listing{}, err
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return listing{}, err
	}
	slices.Sort(names)
	now := time.Now()
	entries := make([]entry, 0, len(names))
	for _, name := range names {
		e, changed, err := entryIn(folder, name)
		if errors.Is(err, fs.ErrNotExist) { // it went meanwhile
			continue
		}
		if err != nil {
			return listing{}, err
		}
		if e.mode.IsDir() {
			e.size = 0
		} else {
			e.time = changed.UnixNano()
			e.young = changed.Nanosecond() == 0 && now.Sub(changed).Abs() < youth
		}
		entries = append(entries, e)
	}
	return listing{self, entries}, nil
}

// nodeOf says which folder is at the path.
func nodeOf(dir string) (node, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return node{}, err
	}
	if !info.IsDir() {
		return node{}, &fs.PathError{Op: "watch", Path: dir, Err: syscall.ENOTDIR}
	}
	return nodeIn(info), nil
}

// take looks at folders again. One that cannot be looked at for another reason than that it is gone
// counts as unchanged: a server may be slow, or a folder closed for a while.
func take(old snapshot) snapshot {
	now := make(snapshot, len(old))
	for dir, was := range old {
		l, err := list(dir)
		switch {
		case err == nil:
			now[dir] = l
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
			now[dir] = was
		}
	}
	return now
}
