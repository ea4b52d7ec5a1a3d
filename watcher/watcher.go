// Package watcher turns saves in a project tree into numbered batches of changes.
//
// It knows the tree, what each file is for, and which contents it has seen. It
// does not know what is built, what runs, or who waits for the answer.
//
// The first sign of a relevant save raises [Pending] with a new number, at once
// and before anything is read. When the tree has been quiet for a moment the
// files are hashed and the number is closed, exactly once, by [Batch] if a
// content differs or by [Unchanged] if none does. Numbers rise by one, and at
// most one is open (TestRule1_NumbersUnderRandomOperations, which also holds what
// is remembered against what is on disk).
//
// Only folders are watched, and of these only the ones that can matter: what git
// ignores, node_modules and hidden folders are not entered, and build output no
// further than to see that Go files come, unless a user rule or a go:embed line leads
// there. Links to folders are not followed, other modules below Root are left out,
// and nothing is polled while Root is there.
package watcher

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Action says what a change asks for. Greater is stronger, and a stronger action
// does all that a weaker one does.
type Action uint8

const (
	Ignore  Action = iota // nothing happens; the zero value
	Refresh               // browsers show the file anew
	Signal                // the running process is told by a signal
	Restart               // a new process of the newest binary
	Rebuild               // go build, then a new process if the binary differs
	Reload                // the settings file itself
)

// Config says what is watched. The zero value of each field but Root is useful.
type Config struct {
	Root     string   // absolute folder of the project
	Graph    *Graph   // what the build reads; nil if that is not known: then every Go file below Root counts
	Files    []string // absolute paths outside of Root that are watched too (go.work, env files)
	Settings string   // absolute path of the settings file, inside or outside of Root; "" for none; it asks for Reload
	EnvFiles []string // absolute paths of the env files; they ask for Restart whatever their name
	Rules    []Rule   // asked before the built-in rows, first match wins
	Ignore   []string // doublestar globs relative to Root, on slashes; what matches is left out of the built-in rows
}

// Rule gives the files that match one of Paths an action of the user's choice.
type Rule struct {
	Paths  []string // doublestar globs relative to Root, on slashes
	Action Action
	Signal string // name of the signal, as in "SIGHUP"; for Action Signal only
}

// Change is one file that differs in content, or that is new, or gone. An asset (a
// file for action Refresh) or a file above 32 MiB counts as different when its size
// or time differ: an asset until its first save is seen, the large file always.
type Change struct {
	Path   string // absolute
	Action Action
	Signal string // of the rule, for Action Signal
}

// Event is one of [Pending], [Batch], [Unchanged] and [Trouble].
type Event interface{ isEvent() }

// Pending is raised at the first sign of a relevant save.
type Pending struct{ N uint64 }

// Batch closes number N with the changes that settled together, at least one.
// Touched lists the other files of the number, as [Unchanged] does: their content is
// what it was, though a build that ran meanwhile may have read what lay between.
// Both are sorted by path.
type Batch struct {
	N       uint64
	Changes []Change
	Touched []Change
}

// Unchanged closes number N: what was saved has the content that it had.
// Touched lists those files with the action that they would have asked for, sorted
// by path; it is empty if a walk after lost events found nothing at all.
type Unchanged struct {
	N       uint64
	Touched []Change
}

// Trouble is a line for the user: a folder that cannot be read, a link out of Root, a
// limit of the system, a Root that is gone. Watching goes on.
type Trouble struct{ Text string }

func (Pending) isEvent()   {}
func (Batch) isEvent()     {}
func (Unchanged) isEvent() {}
func (Trouble) isEvent()   {}

// Watcher watches one tree. Make it with [New].
type Watcher struct {
	inbox *inbox // shared with the goroutine that drains fs, and with Configure

	// The goroutine of Run owns all that follows.
	cfg    Config
	emit   func(Event)
	early  []Event // of New, for Run
	fs     *fsnotify.Watcher
	git    *git
	seed   maphash.Seed
	lost   bool // Root is gone
	number uint64
	round  round

	rules   rules
	before  *rules             // the old ones, while Configure is carried out
	embeds  map[string][]embed // by Go file
	learned bool               // embeds differ from those in rules

	pass    uint      // of the walks
	since   time.Time // of Learn, while it is carried out
	folders map[string]folder
	names   map[string][]string // of folders, by the place where they really lie
	links   map[string][]string // names of links, by the file that they lead to
	files   map[string]file
	told    map[string]bool // what the user has been told of, by folder
}

// rootRetry is the time between two looks for a Root that is gone.
const rootRetry = time.Second

// New places the watches and remembers every relevant content, so that a save
// after New has returned is never missed. It fails if Root cannot be watched at
// all; a folder below it that cannot be read is a [Trouble] instead. What it holds is
// freed by Run.
func New(cfg Config) (*Watcher, error) {
	fs, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch files: %w", advise(err))
	}
	cfg.Root = filepath.Clean(cfg.Root)
	w := &Watcher{
		inbox: newInbox(), cfg: cfg, fs: fs, git: newGit(cfg.Root), seed: maphash.MakeSeed(),
		embeds: map[string][]embed{}, folders: map[string]folder{}, names: map[string][]string{},
		links: map[string][]string{}, files: map[string]file{}, told: map[string]bool{},
	}
	if cfg.Graph != nil {
		w.cfg.Graph = w.homed(*cfg.Graph)
	}
	w.emit = func(e Event) { w.early = append(w.early, e) }
	w.rules = w.newRules()
	go w.inbox.drain(fs)
	if err := w.walk(baseline); err != nil {
		w.release()
		return nil, fmt.Errorf("watch %s: %w", cfg.Root, advise(err))
	}
	if w.learned {
		w.learn()
	}
	return w, nil
}

// newRules makes the rules of cfg, and of git's own file of ignores, which is to be
// watched though it asks for nothing.
func (w *Watcher) newRules() rules {
	r := newRules(w.cfg, slices.Concat(slices.Collect(maps.Values(w.embeds))...))
	if w.git.dir != "" {
		r.named[w.git.excludes()] = Ignore
		r.mark(w.git.excludes(), false)
	}
	return r
}

// Run watches until ctx is done, then frees all it holds and returns nil. It
// calls emit from one goroutine, in order; emit may block for a moment, events of
// the system are taken up meanwhile. It must be called once; a number that is open
// when ctx is done stays open.
func (w *Watcher) Run(ctx context.Context, emit func(Event)) error {
	defer w.release()
	w.emit = emit
	for _, e := range w.early {
		emit(e)
	}
	for {
		w.empty()
		var wake <-chan time.Time
		switch {
		case !w.round.first.IsZero():
			done, wait := settle(w.round.burst(w.git.locked()), time.Now())
			if done {
				w.finish()
				continue
			}
			wake = time.After(wait)
		case w.lost:
			wake = time.After(rootRetry)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-w.inbox.ready:
		case <-wake:
			w.regain()
		}
	}
}

// Configure replaces rules, ignores and env files of a running watcher (Root,
// Files and Settings stay). Any goroutine may call it. It returns at once; what is
// newly relevant is remembered as it is then.
func (w *Watcher) Configure(cfg Config) { w.inbox.put(func() { w.inbox.post.cfg = &cfg }) }

// release frees what New made and ends its goroutine.
func (w *Watcher) release() {
	_ = w.fs.Close()
	<-w.inbox.ended
	w.git.stop(gitEnd)
}
