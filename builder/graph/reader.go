package graph

import (
	"context"
	"fmt"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

// Project is what a graph is read of.
type Project struct {
	Dir     string   // absolute folder of the main module
	Work    string   // absolute path of the go.work in force; "" for none
	Package string   // pattern of the built package, relative to Dir
	Tags    []string // build tags
	App     string   // absolute working folder of the app
	Args    []string // of the app

	// List returns what go list -deps -e says of the package, with [Fields].
	List func(ctx context.Context) ([]byte, error)
}

// Reader keeps the graph of a project up to date while its files change. Make it with
// [NewReader]. Rough comes first, then one goroutine calls Run; any goroutine may call the
// others meanwhile.
type Reader struct {
	learn func(Graph, time.Time)
	wake  chan struct{} // room for one

	mu    sync.Mutex
	inbox inbox

	// What follows belongs to Rough, then to Run.
	project Project
	modules []Module
	last    Graph
	known   bool               // go list has told of last
	folders map[string]outline // of the packages in last that are not vendored, by path
}

// inbox is what came since Run looked last.
type inbox struct {
	since   time.Time // of the oldest
	files   []string
	project *Project
}

// outline is what the graph takes from the files of one folder.
type outline struct {
	shape    string // the files that are compiled and what they import: see shape
	literals []literal
}

// NewReader makes a reader of p, whose Run hands each new graph to learn, with the time of
// the oldest change that led to it.
func NewReader(p Project, learn func(g Graph, since time.Time)) *Reader {
	return &Reader{
		learn: learn, wake: make(chan struct{}, 1), project: p, modules: Modules(p.Dir, p.Work),
		folders: map[string]outline{}, inbox: inbox{since: time.Now()},
	}
}

// Rough returns a first graph by following the imports that src finds, or nil where it
// cannot tell which imports are the project's own.
func (r *Reader) Rough(src *Source) *Graph {
	if r.follow(src); len(r.last.Packages) == 0 {
		return nil
	}
	r.complete()
	return r.whole()
}

// follow adds the packages that imports lead to, by syntax.
func (r *Reader) follow(src *Source) {
	if src.modules[0].Path == "" { // no import can be told from a foreign one
		return
	}
	var found []Package
	for _, dir := range src.Reach(filepath.Join(r.project.Dir, filepath.FromSlash(r.project.Package))) {
		missing := len(src.Folder(dir).Files) == 0
		found = append(found, Package{Dir: dir, Missing: missing})
		if !missing {
			r.folders[dir] = r.outline(src, dir)
		}
	}
	r.last.Packages = merge(found, r.last.Packages) // what go list has told stays
}

// Exact asks go list and returns the graph, for callers without Run. Where it gets no
// answer it is the rough one, or nil.
func (r *Reader) Exact(ctx context.Context) *Graph {
	r.known = r.ask(ctx) == nil
	if len(r.last.Packages) == 0 {
		return nil
	}
	r.complete()
	return r.whole()
}

// whole is the last graph with what cannot be compared.
func (r *Reader) whole() *Graph {
	g := r.last
	g.Takes = Takes(r.project.Tags)
	return &g
}

// Changed tells of changed files that may be Go files or lead the go command. It returns
// at once.
func (r *Reader) Changed(files []string) {
	r.put(func(in *inbox) { in.files = append(in.files, files...) })
}

// Configure replaces the project.
func (r *Reader) Configure(p Project) { r.put(func(in *inbox) { in.project = &p }) }

func (r *Reader) put(change func(*inbox)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inbox.since.IsZero() {
		r.inbox.since = time.Now()
	}
	change(&r.inbox)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *Reader) take() inbox {
	r.mu.Lock()
	defer r.mu.Unlock()
	in := r.inbox
	r.inbox = inbox{}
	return in
}

// Run reads the graph, and again after changes that matter, until ctx is done.
func (r *Reader) Run(ctx context.Context) {
	for {
		if in := r.take(); !in.since.IsZero() {
			r.read(ctx, in)
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
	}
}

// read brings the graph up to date with what came, and hands it on if it differs.
func (r *Reader) read(ctx context.Context, in inbox) {
	before := r.last
	if in.project != nil {
		r.project, r.known, r.folders = *in.project, false, map[string]outline{}
	}
	if ask := r.look(in.files); ask || !r.known {
		defer debug.FreeOSMemory()                 // given back bit by bit, what the answer took would cost time for a minute
		if r.known = r.ask(ctx) == nil; !r.known { // what is wrong is the build's to say
			r.follow(NewSource(Modules(r.project.Dir, r.project.Work), r.project.Tags, 0))
		}
	}
	r.complete()
	if len(r.last.Packages) > 0 && (in.project != nil || !reflect.DeepEqual(r.last, before)) {
		r.learn(*r.whole(), in.since)
	}
}

// look takes in the changed files, and reports whether go list may have a new answer.
func (r *Reader) look(files []string) (ask bool) {
	src := NewSource(r.modules, r.project.Tags, 0)
	for _, file := range files {
		dir := filepath.Dir(file)
		switch old, known := r.folders[dir]; {
		case leads(file):
			ask = true
		case filepath.Ext(file) != ".go":
		case !known: // vendored, or a package that was missing
			ask = true
		default:
			r.folders[dir] = r.outline(src, dir)
			ask = ask || old.shape != r.folders[dir].shape
		}
	}
	return ask
}

// leads reports whether the file leads the go command.
func leads(file string) bool {
	return slices.Contains([]string{"go.mod", "go.sum", "go.work", "go.work.sum", "modules.txt"}, filepath.Base(file))
}

// ask asks go list. Where its answer may not be whole, what was known stays beside it.
func (r *Reader) ask(ctx context.Context) error {
	modules := Modules(r.project.Dir, r.project.Work)
	out, err := r.project.List(ctx)
	if err != nil {
		return err
	}
	packages, unsure, err := parse(out, modules)
	if err != nil {
		return err
	}
	if unsure {
		packages = merge(r.last.Packages, packages)
	}
	r.modules, r.last.Packages = modules, packages
	old, src := r.folders, NewSource(modules, r.project.Tags, 0)
	r.folders = map[string]outline{}
	for _, p := range packages {
		if p.Missing || p.vendored {
			continue
		}
		known, ok := old[p.Dir]
		if !ok {
			known = r.outline(src, p.Dir)
		}
		r.folders[p.Dir] = known
	}
	return nil
}

// complete fills in what follows from the packages and the disk.
func (r *Reader) complete() {
	var literals []literal
	for _, dir := range slices.Sorted(maps.Keys(r.folders)) {
		literals = append(literals, r.folders[dir].literals...)
	}
	r.last.Files = filesOf(r.modules, r.project.Work)
	r.last.Named = resolver{r.project.App, r.project.Dir, onDisk}.named(literals, r.project.Args)
}

// outline reads a folder.
func (r *Reader) outline(src *Source, dir string) outline {
	files := src.Folder(dir).Files
	at := func(p token.Pos) string {
		pos := src.Position(p)
		name := pos.Filename
		if within(name, r.project.Dir) {
			name = strings.TrimPrefix(strings.TrimPrefix(name, r.project.Dir), sep)
		}
		return fmt.Sprintf("%s:%d", name, pos.Line)
	}
	return outline{shape(src, dir), scan(files, at)}
}

// shape is a digest of what go list sees of a folder: the files that it chooses by their
// names and constraints, their package, and what they import. What they embed is read
// from the files themselves where that is asked for.
func shape(src *Source, dir string) string {
	var b strings.Builder
	for _, file := range src.Folder(dir).Files {
		fmt.Fprintf(&b, "%s %s", src.Position(file.Package).Filename, file.Name.Name)
		for _, spec := range file.Imports {
			b.WriteString(" " + spec.Path.Value)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
