package session

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
)

// mostOpened bounds what is remembered of one process.
const mostOpened = 10_000

// opened are the files that the newest process which became ready has read as its configuration, or has looked for. They
// are kept in the program's cache folder, for explain and for the next run. Any goroutine may use it.
type opened struct {
	file string // where they are kept
	root string // of the project
	tell func(watcher.Graph, time.Time)

	mu      sync.Mutex
	graph   *watcher.Graph // the last one, without them; nil while none is known
	files   []string       // sorted
	process map[int]*reads // by generation, of those that are not ready yet, and of the newest that is
	ready   int            // generation of that one; 0 for none
}

// reads is what one process has opened so far.
type reads struct{ read, written map[string]bool }

// recallOpened reads what an earlier run has kept. What cannot be understood counts as nothing.
func recallOpened(folder, root string, tell func(watcher.Graph, time.Time)) *opened {
	o := &opened{file: filepath.Join(folder, "opened.json"), root: root, tell: tell, process: map[int]*reads{}}
	if text, err := os.ReadFile(o.file); err == nil {
		_ = json.Unmarshal(text, &o.files)
	}
	return o
}

// in returns a graph with them.
func (o *opened) in(g watcher.Graph) watcher.Graph {
	o.mu.Lock()
	defer o.mu.Unlock()
	g.Opened = o.files
	return g
}

// learn takes a new graph.
func (o *opened) learn(g watcher.Graph, since time.Time) {
	o.mu.Lock()
	o.graph = &g
	o.mu.Unlock()
	o.tell(o.in(g), since)
}

// note takes that a process has asked for a file.
func (o *opened) note(ev runner.Opened) {
	o.mu.Lock()
	p := o.process[ev.Generation]
	if p == nil {
		p = &reads{map[string]bool{}, map[string]bool{}}
		o.process[ev.Generation] = p
	}
	isReady := ev.Generation == o.ready
	switch {
	case ev.Written:
		p.written[ev.Path] = true
		delete(p.read, ev.Path)
	case len(p.read) < mostOpened && !p.written[ev.Path] && configures(ev, o.root, isReady, there(ev.Path)):
		p.read[ev.Path] = true
	}
	o.mu.Unlock()
	if isReady {
		o.take(ev.Generation, time.Now())
	}
}

// take takes what a process that is ready has read since it was started.
func (o *opened) take(generation int, since time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ready = max(o.ready, generation)
	maps.DeleteFunc(o.process, func(gen int, _ *reads) bool { return gen < o.ready })
	var files []string
	if p := o.process[o.ready]; p != nil {
		files = slices.Sorted(maps.Keys(p.read))
	}
	if generation != o.ready || slices.Equal(files, o.files) {
		return
	}
	o.files = files
	if text, err := json.Marshal(files); err == nil {
		_ = os.WriteFile(o.file, text, 0o600) // that it cannot be written is no matter: it is told anew
	}
	if o.graph != nil {
		g := *o.graph
		g.Opened = files
		o.tell(g, since)
	}
}

// kind is what lies at a path.
type kind uint8

const (
	nothing kind = iota
	regular
	other
)

func there(path string) kind {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nothing
	case info.Mode().IsRegular():
		return regular
	}
	return other
}

// configures reports whether a save of a file that a process has asked for asks for a restart:
//
//	                    in the project                elsewhere
//	read at the start   all but records of an app     configuration, by its kind
//	read later          configuration, by its kind    nothing
//	not there           configuration, by its kind    nothing
//
// What is only looked at, and is there, tells nothing.
func configures(ev runner.Opened, root string, later bool, is kind) bool {
	inside := strings.HasPrefix(ev.Path, root+string(filepath.Separator))
	config := configKind(ev.Path)
	switch {
	case is == other, is == regular && !ev.Read, !inside && left(ev.Path), strings.Contains(ev.Path, "/.git/"):
		return false
	case is == nothing:
		return inside && config && there(filepath.Dir(ev.Path)) == other
	case inside && !later:
		return !recordKind(ev.Path)
	}
	return config && (inside || !later)
}

// configKind reports whether files of such a name are usually configuration.
func configKind(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".yaml", ".yml", ".toml", ".json", ".ini", ".conf", ".properties", ".env":
		return true
	}
	return strings.HasPrefix(filepath.Base(path), ".env")
}

// recordKind reports whether apps write files of such a name all the time; nor is Go source configuration.
func recordKind(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".db", ".sqlite", ".sqlite3", ".log", ".pid", ".lock", ".sock", ".tmp", ".go":
		return true
	}
	return false
}

// left reports whether a place outside of the project is the system's, or a cache.
func left(path string) bool {
	return slices.ContainsFunc([]string{"/proc/", "/sys/", "/dev/", "/usr/", "/lib/", "/run/", "/var/", os.TempDir() + "/",
		"/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf"}, func(at string) bool { return strings.HasPrefix(path, at) })
}
