package watcher

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

// TestW11_CommandOfWhatIsBuilt: a rule for all Go files that names a command and no action. What
// the build does not read, and what git ignores, is a matter of the command alone.
func TestW11_CommandOfWhatIsBuilt(t *testing.T) {
	root := plant(t, templ+"-- dev.go --\n//go:build dev\n\npackage main\n-- static/local.css --\n-- .gitignore --\nlocal.css\n")
	gitRun(t, root, "init", "-q")
	graph := &Graph{Packages: []Package{{Dir: root}}, Takes: func(dir, name string, src []byte) bool {
		return !strings.Contains(string(src), "go:build dev")
	}}
	cfg := Config{Root: root, Graph: graph, Rules: []Rule{{Paths: []string{"**/*.go", "**/*.css"}, Run: "swag init"}}}
	p := watch(t, root, cfg)
	for _, c := range []struct {
		file, text string
		want       Action
	}{
		{"main.go", "package main // 2", Rebuild},
		{"main_test.go", "package main // 2", Run},
		{"dev.go", "//go:build dev\n\npackage main // 2", Run},
		{"dev.go", "package main // 3", Rebuild},                   // the build reads it now
		{"dev.go", "//go:build dev\n\npackage main // 4", Rebuild}, // and did before
		{"static/site.css", "a {}", Refresh},
		{"static/local.css", "a {}", Run},
	} {
		p.save(c.file, c.text)
		want := Change{Path: p.path(c.file), Action: c.want, Run: "swag init"}
		if b, ok := p.end().(Batch); !ok || len(b.Changes) != 1 || b.Changes[0] != want {
			t.Errorf("%s: %+v, want %+v", c.file, b, want)
		}
	}
	for file, want := range map[string]string{
		"main.go":          "rebuild swag init: rule 1 of the settings, and compiled: it belongs to the program's own package",
		"main_test.go":     "run swag init: rule 1 of the settings",
		"dev.go":           "run swag init: rule 1 of the settings",
		"static/local.css": "run swag init: rule 1 of the settings",
		"static/site.css":  "refresh swag init: rule 1 of the settings, and browsers load files of its kind",
	} {
		r, err := Explain(cfg, p.path(file))
		must(t, err)
		if got := fmt.Sprintf("%s %s: %s", r.Action, r.Run, r.Why); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}

// TestW11_AnotherCommandHasSeenNothing: with a command that is new or mended, its files
// count as changed; with the old one they do not.
func TestW11_AnotherCommandHasSeenNothing(t *testing.T) {
	p := watch(t, plant(t, templ), Config{})
	for _, run := range []string{"tmpl generate", "templ generate"} {
		p.w.Configure(Config{Rules: []Rule{{Paths: []string{"**/*.templ"}, Run: run}}}, time.Time{})
		if b, ok := p.end().(Batch); !ok || len(b.Changes) != 1 || b.Changes[0].Run != run || filepath.Base(b.Changes[0].Path) != "page.templ" {
			t.Fatalf("%q: %+v", run, b)
		}
	}
	p.w.Configure(Config{Rules: templRule}, time.Time{})
	p.w.Sync(1)
	if got := p.synced(); got.N != 2 {
		t.Errorf("the same command again: %+v", got)
	}
}
