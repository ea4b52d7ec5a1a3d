package watcher

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"go/build"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/goleak"

	"github.com/watcher-dev/watcher/watcher/source"
)

// TestMain lets more tests run side by side than there are cores: they mostly wait.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "8"); err != nil { // the command line may still ask for another number
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// failsafe ends a test that would wait for ever. It decides nothing else.
const failsafe = 30 * time.Second

// backends are the ways in which a watcher learns of saves: every save and every tree is
// tried with each.
var backends = map[string]func(*Config){
	"events":  func(*Config) {},
	"polling": func(cfg *Config) { cfg.Poll = source.Always },
}

// graphOf is what a build of the whole tree would read, as far as folders tell.
func graphOf(t *testing.T, root string) *Graph {
	g := &Graph{Packages: []Package{{Dir: root}}, Files: []string{filepath.Join(root, "go.mod")}, Takes: takes}
	must(t, filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		_, nested := os.Stat(filepath.Join(name, "go.mod"))
		if entry.IsDir() && name != root && (nested == nil || entry.Name() == "vendor") {
			return filepath.SkipDir
		}
		if filepath.Ext(name) == ".go" {
			g.Packages = append(g.Packages, Package{Dir: filepath.Dir(name)})
		}
		return err
	}))
	return g
}

// takes asks what go build would ask.
func takes(dir, name string, src []byte) bool {
	context := build.Default
	context.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(src)), nil }
	ok, err := context.MatchFile(dir, name)
	return ok || err != nil
}

// everywhere tries a tree on each back end, with the graph known and unknown.
func everywhere(t *testing.T, tree string, try func(t *testing.T, p *probe)) {
	for name, set := range backends {
		for _, known := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/graph=%v", name, known), func(t *testing.T) {
				t.Parallel()
				root := plant(t, tree)
				cfg := Config{}
				set(&cfg)
				if known {
					cfg.Graph = graphOf(t, root)
				}
				try(t, watch(t, root, cfg))
			})
		}
	}
}

// probe is a running watcher on a real tree, and what it said.
type probe struct {
	t      *testing.T
	w      *Watcher
	root   string
	events chan Event
	told   sync.Map // path of a change → what stood there when its batch was told
	desk   string   // a folder outside of root
	closed uint64   // newest number whose closing event was taken
	stop   func()   // ends Run and waits for it
}

// plant writes the files of a txtar archive into a new folder.
func plant(t *testing.T, tree string) string {
	t.Helper()
	root := t.TempDir()
	for _, f := range txtar.Parse([]byte(tree)).Files {
		put(t, filepath.Join(root, f.Name), string(f.Data))
	}
	return root
}

func watch(t *testing.T, root string, cfg Config) *probe {
	t.Helper()
	cfg.Root = root
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return run(t, w)
}

func run(t *testing.T, w *Watcher) *probe {
	ctx, cancel := context.WithCancel(t.Context())
	p := &probe{t: t, w: w, root: w.cfg.Root, desk: t.TempDir(), events: make(chan Event, 100_000)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		check := &order{}
		w.Run(ctx, func(e Event) {
			if err := check.take(e); err != nil {
				t.Error(err)
			}
			if batch, ok := e.(Batch); ok {
				for _, c := range batch.Changes {
					text, _ := os.ReadFile(c.Path)
					p.told.Store(c.Path, string(text))
				}
			}
			p.events <- e
		})
	}()
	p.stop = func() { cancel(); <-ended }
	t.Cleanup(p.stop)
	return p
}

// order checks what must hold of any run: numbers rise by one, and each is closed
// exactly once before the next is raised.
type order struct {
	number uint64
	open   bool
}

func (o *order) take(e Event) error {
	var closed uint64
	switch e := e.(type) {
	case Pending:
		if o.open || e.N != o.number+1 {
			return fmt.Errorf("%#v raised after %+v", e, *o)
		}
		o.number, o.open = e.N, true
		return nil
	case Batch:
		closed = e.N
		if len(e.Changes) == 0 || !slices.IsSortedFunc(e.Changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) }) {
			return fmt.Errorf("changes empty or not sorted: %#v", e)
		}
	case Unchanged:
		closed = e.N
	default:
		return nil
	}
	if !o.open || closed != o.number {
		return fmt.Errorf("%#v closes what is not open: %+v", e, *o)
	}
	o.open = false
	return nil
}

// next returns the next event. Where folders are polled it does not wait for the next poll,
// as a request would not.
func (p *probe) next() Event {
	p.t.Helper()
	p.arrive(p.t.Context())
	select {
	case e := <-p.events:
		return e
	case <-time.After(failsafe):
		p.t.Fatal("no event came")
		return nil
	}
}

// end returns the event that closes the next number.
func (p *probe) end() Event {
	p.t.Helper()
	for {
		switch e := p.next().(type) {
		case Batch:
			p.closed = e.N
			return e
		case Unchanged:
			p.closed = e.N
			return e
		case Trouble:
			p.t.Fatal(e.Text)
		}
	}
}

// settles waits until all is told that was done before, as far as looking finds it: a busy machine
// may have told of a file by what was done to it before.
func (p *probe) settles() {
	p.t.Helper()
	n, ok := p.w.Saved(p.t.Context())
	if !ok {
		p.t.Fatal("it is not known what was saved")
	}
	for p.closed < n {
		p.end()
	}
}

// sees waits until all changes that are wanted have come, in one batch or in
// several, and fails on any other. A change is written as "main.go rebuild".
func (p *probe) sees(want ...string) {
	p.t.Helper()
	var got []string
	for !covers(got, want) {
		batch, ok := p.end().(Batch)
		if !ok {
			continue
		}
		for _, line := range p.lines(batch) {
			if !slices.Contains(want, line) {
				p.t.Fatalf("saw %q, want only %q", line, want)
			}
			got = append(got, line)
		}
	}
}

// ignores checks that what do does raises nothing: the first number after it
// belongs to another file, saved later. A busy machine may tell late of the last piece
// of a save that has been told of already.
func (p *probe) ignores(do func()) {
	p.t.Helper()
	do()
	p.save("sentinel.go", fmt.Sprint("package main // ", time.Now()))
	for {
		switch e := p.end().(type) {
		case Unchanged:
			for _, c := range e.Touched {
				if _, told := p.told.Load(c.Path); !told {
					p.t.Fatalf("%s was touched", c.Path)
				}
			}
		case Batch:
			if got := p.lines(e); !slices.Equal(got, []string{"sentinel.go rebuild"}) {
				p.t.Fatalf("saw %q", got)
			}
			return
		}
	}
}

func (p *probe) lines(b Batch) []string {
	var lines []string
	for _, c := range b.Changes {
		name := c.Path
		if rel, err := filepath.Rel(p.root, c.Path); err == nil {
			name = filepath.ToSlash(rel)
		}
		lines = append(lines, strings.TrimSpace(name+" "+c.Action.String()+" "+c.Signal))
	}
	return lines
}

func (p *probe) path(name string) string { return filepath.Join(p.root, filepath.FromSlash(name)) }

// awaits waits until a batch has told of each file, only of them, and of the right text.
func (p *probe) awaits(text string, names ...string) {
	p.t.Helper()
	for wrong := len(names); wrong > 0; {
		batch, _ := p.end().(Batch)
		for _, c := range batch.Changes {
			if name := filepath.ToSlash(p.w.rules.Rel(c.Path)); !slices.Contains(names, name) {
				p.t.Fatalf("saw %q", name)
			}
		}
		wrong = 0
		for _, name := range names {
			if got, _ := p.told.Load(p.path(name)); got != text {
				wrong++
			}
		}
	}
}

// save puts a file there in one moment, so that it is one sign: what is written in place is
// for TestW1_EveryWayToSave, and may be seen empty by a busy machine. Links are followed.
func (p *probe) save(name, text string) {
	p.t.Helper()
	written, place := filepath.Join(p.desk, "new"), p.path(name)
	put(p.t, written, text)
	if real, err := filepath.EvalSymlinks(place); err == nil {
		place = real
	}
	must(p.t, os.MkdirAll(filepath.Dir(place), 0o755))
	must(p.t, os.Rename(written, place))
}

func put(t *testing.T, name, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, []byte(text), 0o644))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func covers(got, want []string) bool {
	return !slices.ContainsFunc(want, func(s string) bool { return !slices.Contains(got, s) })
}
