package source

import (
	"cmp"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/fsnotify/fsnotify"
)

// snapshot is what was seen of some folders, by path. A folder that is missing is gone.
type snapshot map[string]listing

// listing is what was seen of one folder.
type listing struct {
	self    node
	entries []entry // sorted by name
}

// entry is a name in a folder, and what can be known of the file without reading it. Of
// a folder, size and time are zero: they tell of what happens in it.
type entry struct {
	name string
	node
	size  int64
	time  int64 // of the last change, in nanoseconds since 1970
	mode  fs.FileMode
	young bool // it may change once more without another time
}

// node is which file it is, whatever its name; zero where the system has no such number.
type node struct{ device, inode uint64 }

// differences tells what happened between two looks at the same folders, in events as the system
// would send them: for a folder that is gone or another one by now, only if the folder that
// it lay in does not tell.
func differences(old, now snapshot) []fsnotify.Event {
	var events []fsnotify.Event
	for _, dir := range slices.Sorted(maps.Keys(old)) {
		was := old[dir]
		is, there := now[dir]
		if there && was.self == is.self {
			events = append(events, compare(dir, was.entries, is.entries)...)
		} else if _, tells := old[filepath.Dir(dir)]; !tells || filepath.Dir(dir) == dir {
			events = append(events, fsnotify.Event{Name: dir, Op: fsnotify.Remove})
			if there {
				events = append(events, fsnotify.Event{Name: dir, Op: fsnotify.Create})
			}
		}
	}
	return events
}

// compare walks through two lists of one folder side by side.
func compare(dir string, old, now []entry) (events []fsnotify.Event) {
	tell := func(name string, ops ...fsnotify.Op) {
		for _, op := range ops {
			events = append(events, fsnotify.Event{Name: filepath.Join(dir, name), Op: op})
		}
	}
	for len(old)+len(now) > 0 {
		switch order(old, now) {
		case -1:
			tell(old[0].name, fsnotify.Remove)
			old = old[1:]
		case +1:
			tell(now[0].name, fsnotify.Create)
			now = now[1:]
		default:
			tell(now[0].name, change(old[0], now[0])...)
			old, now = old[1:], now[1:]
		}
	}
	return events
}

// order says which list has the lesser name in front; the end is behind every name.
func order(a, b []entry) int {
	if len(a) == 0 || len(b) == 0 {
		return cmp.Compare(len(b), len(a))
	}
	return cmp.Compare(a[0].name, b[0].name)
}

// change says what happened to a name that is still there.
func change(was, is entry) []fsnotify.Op {
	switch {
	case was == is:
		return nil
	case was.node != is.node || was.mode.Type() != is.mode.Type():
		return []fsnotify.Op{fsnotify.Remove, fsnotify.Create}
	case was.size == is.size && was.time == is.time && was.young == is.young:
		return []fsnotify.Op{fsnotify.Chmod}
	}
	return []fsnotify.Op{fsnotify.Write}
}
