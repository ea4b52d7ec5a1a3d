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
// Only folders are watched, and of these only the ones that can matter: those of the
// [Graph] wherever they lie, those that a name in the code, a user rule, a go:embed line
// or an env file leads to, and beside them those with usual names for configuration,
// templates and static files. Links are followed. As long as no graph is known, all
// folders below Root can hold Go files that matter, but for those that git ignores,
// hidden ones, node_modules and other modules. Package source has the folders watched by
// events, or polls them where events do not tell.
package watcher

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/watcher-dev/watcher/watcher/git"
	"github.com/watcher-dev/watcher/watcher/rules"
	"github.com/watcher-dev/watcher/watcher/source"
)

// What the rules of a project are made of, and what they say.
type (
	Action  = rules.Action
	Rule    = rules.Rule
	Graph   = rules.Graph
	Package = rules.Package
	Named   = rules.Named
	Use     = rules.Use
)

const (
	Ignore  = rules.Ignore
	Run     = rules.Run
	Refresh = rules.Refresh
	Signal  = rules.Signal
	Restart = rules.Restart
	Rebuild = rules.Rebuild
	Reload  = rules.Reload

	Read      = rules.Read
	Templates = rules.Templates
	Static    = rules.Static
)

// Config says what is watched. The zero value of each field but Root is useful.
type Config struct {
	Root     string   // absolute folder of the project
	Graph    *Graph   // what the build reads; nil if that is not known: then every Go file below Root counts
	Files    []string // absolute paths of further files that the build reads (go.work)
	Settings string   // absolute path of the settings file, inside or outside of Root; "" for none; it asks for Reload
	EnvFiles []string // absolute paths of the env files; they ask for Restart whatever their name
	Rules    []Rule   // asked before the built-in rows, first match wins
	Ignore   []string // doublestar globs relative to Root, on slashes; what matches is left out of the built-in rows
	Poll     source.Poll
	Marks    string // absolute path of a folder of our own, by which [Watcher.Saved] is exact; "" for none
}

// Change is one file that differs in content, or that is new, or gone. An asset (a
// file for action Refresh) or a file above 32 MiB counts as different when its size
// or time differ: an asset until its first save is seen, the large file always.
type Change struct {
	Path   string // absolute
	Action Action
	Signal string // of the rule, for Action Signal
	Run    string // of the rule
}

// Event is one of [Pending], [Batch], [Unchanged], [Synced] and [Trouble].
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
// by path. It is empty if a walk after lost events found nothing at all, and if the
// compiler takes none of the files.
type Unchanged struct {
	N       uint64
	Touched []Change
}

// Synced answers [Watcher.Sync]: what was saved before that call is in number N, or in
// an older one.
type Synced struct {
	ID int
	N  uint64 // 0 if no number was ever raised
}

// Trouble is a line for the user: a folder that cannot be read, a limit of the system, a
// rule against the build, a Root that is gone. Watching goes on.
type Trouble struct{ Text string }

func (Pending) isEvent()   {}
func (Batch) isEvent()     {}
func (Unchanged) isEvent() {}
func (Synced) isEvent()    {}
func (Trouble) isEvent()   {}

// Watcher watches one tree. Make it with [New].
type Watcher struct {
	inbox    *inbox // shared with the goroutine that drains fs, and with Configure
	arrivals arrivals
	newest   atomic.Uint64 // number, for who asks

	// The goroutine of Run owns all that follows.
	cfg    Config
	emit   func(Event)
	early  []Event // of New, for Run
	fs     *source.Source
	git    *git.Tree
	seed   maphash.Seed
	lost   bool // Root is gone
	number uint64
	owed   bool // another number will be raised, whatever happens
	round  round

	rules   rules.Set
	before  *rules.Set               // the old ones, while Configure is carried out
	embeds  map[string][]rules.Embed // by Go file
	learned bool                     // embeds differ from those in rules

	pass    uint      // of the walks
	since   time.Time // of Learn or Configure, while it is carried out
	folders map[string]folder
	names   map[string][]string // of folders, by the place where they really lie
	links   map[string][]string // names of links, by the file that they lead to
	files   map[string]file
	told    map[string]bool // what the user has been told: lines, and folders
}

// rootRetry is the time between two looks for a Root that is gone.
const rootRetry = time.Second

// New places the watches and remembers every relevant content, so that a save
// after New has returned is never missed. It fails if Root cannot be watched at
// all; a folder below it that cannot be read is a [Trouble] instead. What it holds is
// freed by Run.
func New(cfg Config) (*Watcher, error) {
	cfg.Root = filepath.Clean(cfg.Root)
	w := &Watcher{
		inbox: newInbox(), cfg: cfg, git: git.Open(cfg.Root), seed: maphash.MakeSeed(),
		embeds: map[string][]rules.Embed{}, folders: map[string]folder{}, names: map[string][]string{},
		links: map[string][]string{}, files: map[string]file{}, told: map[string]bool{},
	}
	if cfg.Graph != nil {
		w.cfg.Graph = w.homed(*cfg.Graph)
	}
	w.emit = func(e Event) { w.early = append(w.early, e) }
	var err error
	if w.fs, err = source.New(cfg.Poll, func(line string) { w.emit(Trouble{line}) }); err != nil {
		w.git.Close()
		return nil, err
	}
	if cfg.Marks != "" {
		_ = w.fs.Mark(cfg.Marks) // without it looking has to do
	}
	w.rules = w.newRules()
	go w.inbox.drain(w.fs)
	if err := w.walk(baseline); err != nil {
		w.release()
		return nil, fmt.Errorf("watch %s: %w", cfg.Root, err)
	}
	if w.learned {
		w.learn()
	}
	return w, nil
}

// newRules makes the rules of cfg, and of git's files of ignores outside of Root, which are to
// be watched though they ask for nothing.
func (w *Watcher) newRules() rules.Set {
	r := rules.New(rules.Config{
		Root: w.cfg.Root, Graph: w.cfg.Graph, Files: w.cfg.Files, Settings: w.cfg.Settings,
		EnvFiles: w.cfg.EnvFiles, Rules: w.cfg.Rules, Ignore: w.cfg.Ignore,
	}, slices.Concat(slices.Collect(maps.Values(w.embeds))...))
	for _, file := range w.git.Excludes() {
		r.Watch(file)
	}
	return r
}

// Run watches until ctx is done, then frees all it holds. It calls emit from one
// goroutine, in order; emit may block for a moment, events of the system are taken up
// meanwhile. It must be called once; a number that is open when ctx is done stays open.
func (w *Watcher) Run(ctx context.Context, emit func(Event)) {
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
			done, wait := settle(w.round.burst(w.git.Locked()), time.Now())
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
			return
		case <-w.inbox.ready:
		case <-wake:
			w.regain()
		}
	}
}

// Saved returns the newest number when every save made before the call has been seen,
// on whatever mount: events are waited for, then everything that matters is looked at
// (rule 36), 0 if no number was ever raised. ok is false if ctx is done before, or Run has
// ended: then nothing is known. Any goroutine may call it while Run runs.
func (w *Watcher) Saved(ctx context.Context) (n uint64, ok bool) {
	w.fs.Flush(ctx)
	return w.ask(ctx, &w.inbox.post.counts)
}

// ask puts a question for the newest number into the inbox and waits for the answer.
func (w *Watcher) ask(ctx context.Context, questions *[]chan uint64) (n uint64, ok bool) {
	number := make(chan uint64, 1)
	w.inbox.put(func() { *questions = append(*questions, number) })
	select {
	case n = <-number:
		return n, ctx.Err() == nil
	case <-ctx.Done():
	case <-w.inbox.ended:
	}
	return 0, false
}

// Configure replaces rules, ignores and env files of a running watcher (Root, Files,
// Settings and Poll stay). Any goroutine may call it. It returns at once; what is
// newly relevant is remembered as it is then, but what has another Run counts as changed, and what was written
// since the given time as saved (none, if it is zero). A save of the settings file is owed a call, with
// what holds if that cannot be read: see [Watcher.owe].
func (w *Watcher) Configure(cfg Config, since time.Time) {
	w.inbox.put(func() { w.inbox.post.cfg, w.inbox.post.cfgSince = &cfg, since })
}

// Sync has everything that matters looked at, whether an event told of it or not, and
// [Synced] with the same id emitted. Any goroutine may call it; it returns at once.
func (w *Watcher) Sync(id int) {
	w.inbox.put(func() { w.inbox.post.syncs = append(w.inbox.post.syncs, id) })
}

// release frees what New made and ends its goroutine.
func (w *Watcher) release() {
	w.fs.Close()
	<-w.inbox.ended
	w.git.Close()
}
