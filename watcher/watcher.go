// Package watcher turns saves in a project tree into numbered batches of changes.
//
// It knows the tree, what each file is for, and which contents it has seen. It
// does not know what is built, what runs, or who waits for the answer.
//
// The first sign of a relevant save raises [Pending] with a new number, at once
// and before anything is read. When the tree has been quiet for a moment the
// files are hashed and the number is closed, exactly once, by [Batch] if a
// content differs or by [Unchanged] if none does. Numbers rise by one, and at
// most one is open.
package watcher

import (
	"context"
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
	Root     string   // absolute folder, watched with all that is below it
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

// Change is one file that differs in content, or that is new, or gone.
type Change struct {
	Path   string // absolute
	Action Action
	Signal string // of the rule, for Action Signal
}

// Event is one of [Pending], [Batch], [Unchanged] and [Trouble].
type Event interface{ isEvent() }

// Pending is raised at the first sign of a relevant save.
type Pending struct{ N uint64 }

// Batch closes number N with the changes that settled together, at least one,
// sorted by path.
type Batch struct {
	N       uint64
	Changes []Change
}

// Unchanged closes number N: what was saved has the content that it had.
// Touched lists those files with the action that they would have asked for.
type Unchanged struct {
	N       uint64
	Touched []Change
}

// Trouble is a line for the user: a folder that cannot be read, an overflow.
// Watching goes on.
type Trouble struct{ Text string }

func (Pending) isEvent()   {}
func (Batch) isEvent()     {}
func (Unchanged) isEvent() {}
func (Trouble) isEvent()   {}

// Watcher watches one tree. Make it with [New].
type Watcher struct{ cfg Config }

// New places the watches and remembers every relevant content, so that a save
// after New has returned is never missed. It fails if Root cannot be watched at
// all; a folder below it that cannot be read is a [Trouble] instead.
func New(cfg Config) (*Watcher, error) { return &Watcher{cfg: cfg}, nil }

// Run watches until ctx is done, then frees all it holds and returns nil. It
// calls emit from one goroutine, in order; emit may block for a moment, events of
// the system are taken up meanwhile.
func (w *Watcher) Run(ctx context.Context, emit func(Event)) error { <-ctx.Done(); return nil }

// Configure replaces rules, ignores and env files of a running watcher (Root,
// Files and Settings stay). Any goroutine may call it.
func (w *Watcher) Configure(cfg Config) {}
