package watcher

import (
	"path/filepath"
	"testing"
)

const templ = `
-- go.mod --
module example.com/m
-- main.go --
package main
-- page.templ --
one
-- page_templ.go --
package main
-- static/site.css --
body {}
`

var templRule = []Rule{{Paths: []string{"**/*.templ"}, Run: "templ generate"}}

// TestW11_SyncFindsWhatNoEventToldOf: the watches are taken away, so that only looking
// can find what was written, made and removed.
func TestW11_SyncFindsWhatNoEventToldOf(t *testing.T) {
	for name, c := range map[string]struct {
		write func(p *probe)
		want  int // changes
	}{
		"nothing":  {func(p *probe) {}, 0},
		"written":  {func(p *probe) { p.save("page_templ.go", "package main // 2") }, 1},
		"made":     {func(p *probe) { p.save("sub/other_templ.go", "package sub") }, 1},
		"an asset": {func(p *probe) { p.save("static/site.css", "body { color: red }") }, 1},
		"several":  {func(p *probe) { p.save("page_templ.go", "package main // 2"); p.save("main.go", "package main // 2") }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := New(Config{Root: plant(t, templ), Rules: templRule})
			must(t, err)
			for _, dir := range w.fs.WatchList() {
				w.fs.Remove(dir)
			}
			p := run(t, w)
			c.write(p)
			w.Sync(7)
			got := p.synced()
			if got.ID != 7 || got.N != uint64(min(c.want, 1)) {
				t.Fatalf("%+v", got)
			}
			if c.want == 0 {
				return
			}
			if b, ok := p.end().(Batch); !ok || b.N != got.N || len(b.Changes) != c.want {
				t.Errorf("%+v", b)
			}
		})
	}
}

// synced waits for the answer to Sync and passes Pending by.
func (p *probe) synced() Synced {
	p.t.Helper()
	for {
		switch e := p.next().(type) {
		case Synced:
			return e
		case Pending:
		default:
			p.t.Fatalf("%#v before Synced", e)
		}
	}
}

func TestW11_ChangeNamesItsCommand(t *testing.T) {
	p := watch(t, plant(t, templ), Config{Rules: append(templRule,
		Rule{Paths: []string{"static/**"}, Action: Refresh, Run: "npm run build"},
		Rule{Paths: []string{"ui/src/*.ts"}, Action: Ignore, Run: "npm run build"})})
	for _, c := range []struct {
		file string
		want Change
	}{
		{"page.templ", Change{Action: Run, Run: "templ generate"}},
		{"static/site.css", Change{Action: Refresh, Run: "npm run build"}},
		{"ui/src/a.ts", Change{Action: Run, Run: "npm run build"}},
		{"main.go", Change{Action: Rebuild}},
	} {
		p.save(c.file, "new")
		c.want.Path = p.path(c.file)
		if b, ok := p.end().(Batch); !ok || len(b.Changes) != 1 || b.Changes[0] != c.want {
			t.Errorf("%+v, want %+v", b, c.want)
		}
	}
}

// TestW11_AnotherCommandHasSeenNothing: with a command that is new or mended, its files
// count as changed; with the old one they do not.
func TestW11_AnotherCommandHasSeenNothing(t *testing.T) {
	p := watch(t, plant(t, templ), Config{})
	for _, run := range []string{"tmpl generate", "templ generate"} {
		p.w.Configure(Config{Rules: []Rule{{Paths: []string{"**/*.templ"}, Run: run}}})
		if b, ok := p.end().(Batch); !ok || len(b.Changes) != 1 || b.Changes[0].Run != run || filepath.Base(b.Changes[0].Path) != "page.templ" {
			t.Fatalf("%q: %+v", run, b)
		}
	}
	p.w.Configure(Config{Rules: templRule})
	p.w.Sync(1)
	if got := p.synced(); got.N != 2 {
		t.Errorf("the same command again: %+v", got)
	}
}
