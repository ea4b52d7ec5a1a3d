package watcher

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/fsnotify/fsnotify"
)

// treeTest is what is done to a tree, and what must be seen of it.
type treeTest struct {
	name  string
	tree  string
	cfg   func(root string) Config
	do    func(p *probe)
	want  []string // none: nothing may be raised
	known []string // the same where the graph is known; nil: as want
}

func TestTree(t *testing.T) {
	runTree(t, false, []treeTest{
		{
			name: "new file",
			do:   func(p *probe) { p.save("b.go", "package main") },
			want: []string{"b.go rebuild"},
		}, {
			name: "file removed",
			tree: "-- a.go --\npackage main\n",
			do:   func(p *probe) { must(p.t, os.Remove(p.path("a.go"))) },
			want: []string{"a.go rebuild"},
		}, {
			name: "file renamed",
			tree: "-- a.go --\npackage main\n",
			do:   func(p *probe) { must(p.t, os.Rename(p.path("a.go"), p.path("b.go"))) },
			want: []string{"a.go rebuild", "b.go rebuild"},
		}, {
			name:  "W4 folders and a file at once",
			do:    func(p *probe) { p.save("a/b/c/x.go", "package c") },
			want:  []string{"a/b/c/x.go rebuild"},
			known: []string{},
		}, {
			name:  "W4 folder renamed",
			tree:  "-- a/x.go --\npackage a\n-- a/b/y.css --\n",
			do:    func(p *probe) { must(p.t, os.Rename(p.path("a"), p.path("z"))) },
			want:  []string{"a/x.go rebuild", "z/x.go rebuild", "a/b/y.css refresh", "z/b/y.css refresh"},
			known: []string{"a/x.go rebuild"},
		}, {
			name: "folder removed",
			tree: "-- a/x.go --\npackage a\n-- a/b/y.go --\npackage b\n",
			do:   func(p *probe) { must(p.t, os.RemoveAll(p.path("a"))) },
			want: []string{"a/x.go rebuild", "a/b/y.go rebuild"},
		}, {
			name: "folder moved in",
			tree: "-- main.go --\npackage main\n",
			do: func(p *probe) {
				other := plant(p.t, "-- in/b/x.go --\npackage b\n")
				must(p.t, os.Rename(filepath.Join(other, "in"), p.path("in")))
			},
			want:  []string{"in/b/x.go rebuild"},
			known: []string{},
		}, {
			name: "embedded file",
			tree: "-- web/embed.go --\npackage web\n//go:embed data\nvar f embed.FS\n-- web/data/a.txt --\na\n",
			do:   func(p *probe) { p.save("web/data/a.txt", "b") },
			want: []string{"web/data/a.txt rebuild"},
		}, {
			name: "embedded file in build output",
			tree: "-- ui/embed.go --\npackage ui\n//go:embed all:dist\nvar f embed.FS\n-- ui/dist/a.js --\na\n",
			do:   func(p *probe) { p.save("ui/dist/a.js", "b") },
			want: []string{"ui/dist/a.js rebuild"},
		}, {
			name: "build output",
			tree: "-- dist/a.js --\na\n-- build/tmp/b.css --\nb\n-- node_modules/m/index.js --\nc\n-- testdata/config.yaml --\nd\n",
			do: func(p *probe) {
				p.save("dist/a.js", "2")
				p.save("build/tmp/b.css", "2")
				p.save("node_modules/m/index.js", "2")
				p.save("testdata/config.yaml", "2")
			},
		}, {
			name: "Go package named like build output",
			tree: "-- build/steps/x.go --\npackage steps\n",
			do:   func(p *probe) { p.save("build/steps/x.go", "package steps // 2") },
			want: []string{"build/steps/x.go rebuild"},
		}, {
			name: "Go file that comes into build output",
			tree: "-- build/Dockerfile --\nFROM scratch\n",
			do: func(p *probe) {
				p.save("build/steps/app.js", "2")
				p.save("build/steps/x.go", "package steps")
			},
			want:  []string{"build/steps/x.go rebuild"},
			known: []string{},
		}, {
			name: "build output that comes",
			cfg: func(root string) Config {
				must(t, os.Mkdir(filepath.Join(root, "dist"), 0o755))
				return Config{}
			},
			do: func(p *probe) { p.save("dist/a.js", "1") },
		}, {
			name: "folder with a package.json of its own",
			tree: "-- front/package.json --\n{}\n-- front/src/a.css --\n-- front/embed.go --\npackage front\n",
			do: func(p *probe) {
				p.save("front/src/a.css", "2")
				p.save("front/embed.go", "package front // 2")
			},
			want: []string{"front/embed.go rebuild"},
		}, {
			name: "package.json beside go.mod",
			tree: "-- package.json --\n{}\n-- static/a.css --\n",
			do:   func(p *probe) { p.save("static/a.css", "2") },
			want: []string{"static/a.css refresh"},
		}, {
			name: "nested module",
			tree: "-- tools/go.mod --\nmodule tools\n-- tools/main.go --\npackage main\n",
			do:   func(p *probe) { p.save("tools/main.go", "package main // 2") },
		}, {
			name: "file of a nested module, asked for by name",
			tree: "-- tools/go.mod --\nmodule tools\n-- tools/main.go --\npackage main\n",
			cfg:  func(root string) Config { return Config{Files: []string{filepath.Join(root, "tools", "go.mod")}} },
			do: func(p *probe) {
				p.save("tools/main.go", "package main // 2")
				p.save("tools/go.mod", "module tools // 2")
			},
			want: []string{"tools/go.mod rebuild"},
		}, {
			name:  "folder that becomes a nested module",
			tree:  "-- tools/main.go --\npackage main\n",
			do:    func(p *probe) { p.save("tools/go.mod", "module tools") },
			want:  []string{"tools/go.mod rebuild"},
			known: []string{},
		}, {
			name: "vendor",
			tree: "-- vendor/modules.txt --\n-- vendor/x/x.go --\npackage x\n",
			do: func(p *probe) {
				p.save("vendor/x/x.go", "package x // 2")
				p.save("vendor/modules.txt", "2")
			},
			want: []string{"vendor/modules.txt rebuild"},
		}, {
			name: "vendor that comes",
			do:   func(p *probe) { p.save("vendor/modules.txt", "2") },
			want: []string{"vendor/modules.txt rebuild"},
		}, {
			name: "named files outside of Root",
			tree: "-- main.go --\npackage main\n",
			cfg: func(root string) Config {
				return Config{
					Files:    []string{filepath.Join(root, "..", "go.work")},
					EnvFiles: []string{filepath.Join(root, "..", "secrets")},
					Settings: filepath.Join(root, "..", "settings.toml"),
				}
			},
			do: func(p *probe) {
				for _, name := range []string{"../go.work", "../secrets", "../settings.toml", "../other.go", "../sub/x.go"} {
					p.save(name, "new")
				}
			},
			want: []string{"../go.work rebuild", "../secrets restart", "../settings.toml reload"},
		}, {
			name: "settings and env file in a folder that is passed by",
			tree: "-- .config/w.toml --\n-- .config/vars --\n-- .config/app.yaml --\n",
			cfg: func(root string) Config {
				return Config{Settings: filepath.Join(root, ".config", "w.toml"), EnvFiles: []string{filepath.Join(root, ".config", "vars")}}
			},
			do: func(p *probe) {
				p.save(".config/app.yaml", "2")
				p.save(".config/w.toml", "2")
				p.save(".config/vars", "2")
			},
			want: []string{".config/w.toml reload", ".config/vars restart"},
		}, {
			name: "user rule that leads into build output",
			tree: "-- web/dist/deep/a.css --\n-- web/node_modules/a.css --\n",
			cfg: func(string) Config {
				return Config{Rules: []Rule{{Paths: []string{"web/dist/**", "web/**/*.css"}, Action: Signal, Signal: "SIGHUP"}}}
			},
			do: func(p *probe) {
				p.save("web/node_modules/a.css", "2")
				p.save("web/dist/deep/a.css", "2")
			},
			want: []string{"web/dist/deep/a.css signal SIGHUP"},
		}, {
			name: "Config.Ignore",
			tree: "-- data/config.yaml --\n-- gen/x.go --\npackage gen\n",
			cfg:  func(string) Config { return Config{Ignore: []string{"data/**", "gen"}} },
			do: func(p *probe) {
				p.save("data/config.yaml", "2")
				p.save("gen/x.go", "package gen // 2")
			},
			known: []string{"gen/x.go rebuild"},
		}, {
			name: "editor's temporary files",
			do: func(p *probe) {
				for _, name := range []string{"4913", "main.go~", ".main.go.swp", "#main.go#", ".#main.go", "a.css___jb_tmp___"} {
					p.save(name, "x")
				}
			},
		}, {
			name: "links",
			tree: "-- real/config.yaml --\na\n",
			do: func(p *probe) {
				must(p.t, os.Symlink(p.path("real/config.yaml"), p.path("app.yaml")))
				must(p.t, os.Symlink(p.root, p.path("loop")))
			},
			want: []string{"app.yaml restart"},
		},
	})
}

// runTree runs the table on each back end, with the graph unknown and, unless only the
// known graph is asked for, known.
func runTree(t *testing.T, onlyKnown bool, table []treeTest) {
	for name, set := range backends {
		for _, known := range []bool{false, true} {
			if onlyKnown && !known {
				continue
			}
			for _, test := range table {
				t.Run(fmt.Sprintf("%s/graph=%v/%s", name, known, test.name), func(t *testing.T) {
					t.Parallel()
					test.run(t, known, set)
				})
			}
		}
	}
}

func (test treeTest) run(t *testing.T, known bool, set func(*Config)) {
	root := filepath.Join(plant(t, ""), "root") // so that nothing else is in its parent
	for _, dir := range []string{root, filepath.Join(filepath.Dir(root), "sub")} {
		must(t, os.MkdirAll(dir, 0o755))
	}
	must(t, os.CopyFS(root, os.DirFS(plant(t, test.tree))))
	var cfg Config
	if test.cfg != nil {
		cfg = test.cfg(root)
	}
	set(&cfg)
	if want := test.want; known {
		if test.known != nil {
			want = test.known
		}
		test.want = want
		if cfg.Graph == nil {
			cfg.Graph = graphOf(t, root)
		}
	}
	p := watch(t, root, cfg)
	if len(test.want) == 0 {
		p.ignores(func() { test.do(p) })
		return
	}
	test.do(p)
	p.sees(test.want...)
	p.ignores(func() {}) // and no more of it
}

// Folders that come with a file at once, are renamed, go, and come again.
func TestW4_FoldersComeAndGo(t *testing.T) {
	t.Parallel()
	everywhere(t, small+"-- a/b/c/x.go --\n-- z/b/c/x.go --\n", func(t *testing.T, p *probe) {
		must(t, os.RemoveAll(p.path("a"))) // a folder that was known is remembered
		must(t, os.RemoveAll(p.path("z")))
		p.sees("a/b/c/x.go rebuild", "z/b/c/x.go rebuild")
		for i := range 100 {
			text := fmt.Sprint("package c // new ", i)
			p.save("a/b/c/x.go", text)
			p.awaits(text, "a/b/c/x.go")
			must(t, os.Rename(p.path("a"), p.path("z")))
			p.sees("a/b/c/x.go rebuild", "z/b/c/x.go rebuild")
			text = fmt.Sprint("package c // renamed ", i)
			p.save("z/b/c/x.go", text)
			p.awaits(text, "z/b/c/x.go")
			must(t, os.RemoveAll(p.path("z/b")))
			text = fmt.Sprint("package c // again ", i)
			p.save("z/b/c/x.go", text)
			p.awaits(text, "z/b/c/x.go")
			text = fmt.Sprint("package c // later ", i)
			p.save("z/b/c/x.go", text)
			p.awaits(text, "z/b/c/x.go")
			must(t, os.RemoveAll(p.path("z")))
			p.sees("z/b/c/x.go rebuild")
			p.settles()
		}
	})
}

// What happened to a known file while its folder was not watched is found when it is
// watched again.
func TestW4_FileSavedBetweenTwoWatches(t *testing.T) {
	w, err := New(Config{Root: plant(t, "-- a/x.go --\npackage a\n-- b/x.go --\npackage b\n")})
	must(t, err)
	defer w.release()
	dir := filepath.Join(w.cfg.Root, "a")
	w.leave(dir)
	put(t, filepath.Join(dir, "x.go"), "package a // 2\n")
	w.adopt(dir)
	if _, touched := w.round.touched[filepath.Join(dir, "x.go")]; !touched || len(w.round.touched) != 1 {
		t.Errorf("touched: %v", w.round.touched)
	}
}

// A new embed pattern counts from the save that brings it.
func TestEmbedPatternIsLearned(t *testing.T) {
	p := watch(t, plant(t, small+"-- dist/a.js --\na\n-- note.txt --\n"), Config{})
	p.ignores(func() { p.save("dist/a.js", "b") })
	p.save("main.go", "package main\n//go:embed dist note.txt\nvar files embed.FS\n")
	p.sees("main.go rebuild")
	p.save("dist/a.js", "c")
	p.sees("dist/a.js rebuild")
	p.save("note.txt", "new")
	p.sees("note.txt rebuild")
	must(t, os.Remove(p.path("main.go")))
	p.sees("main.go rebuild")
	p.ignores(func() { p.save("note.txt", "newer") })
}

// A folder is found under its new name before the event that it was renamed: its
// watch, which fsnotify knows by the old name, is placed anew.
func TestW4_RenamedFolderFoundBeforeItsEvent(t *testing.T) {
	for name, find := range map[string]func(w *Watcher) error{
		"by a walk":      func(w *Watcher) error { return w.walk(saved) },
		"in its new one": func(w *Watcher) error { w.adopt(filepath.Join(w.cfg.Root, "new")); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			w, err := New(Config{Root: plant(t, "-- a/b/x.go --\npackage b\n")})
			must(t, err)
			w.inbox.mu.Lock() // no event gets through
			for range 3 {
				put(t, filepath.Join(w.cfg.Root, "notes"), "")
			}
			must(t, os.Mkdir(filepath.Join(w.cfg.Root, "new"), 0o755))
			must(t, os.Rename(filepath.Join(w.cfg.Root, "a"), filepath.Join(w.cfg.Root, "new", "a")))
			must(t, find(w))
			w.inbox.mu.Unlock()
			p := run(t, w)
			p.sees("a/b/x.go rebuild", "new/a/b/x.go rebuild")
			p.ignores(func() {})
			p.save("new/a/b/x.go", "package b // 2")
			p.sees("new/a/b/x.go rebuild")
		})
	}
}

// The number is raised by the event itself, not by the walk at the end of the round.
func TestRule1_RenamedFolderIsASignAtOnce(t *testing.T) {
	w, err := New(Config{Root: plant(t, "-- a/b/x.go --\npackage b\n")})
	must(t, err)
	defer w.release()
	w.notice(fsnotify.Event{Name: filepath.Join(w.cfg.Root, "a"), Op: fsnotify.Rename})
	if !w.round.open {
		t.Error("no number raised")
	}
}
