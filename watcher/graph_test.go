package watcher

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// with adds to the graph of a tree. A name is relative to Root.
func with(t *testing.T, root string, named ...Named) Config {
	g := graphOf(t, root)
	for _, n := range named {
		n.Path = filepath.Join(root, filepath.FromSlash(n.Path))
		g.Named = append(g.Named, n)
	}
	return Config{Graph: g}
}

// The graph decides what is built.
func TestW5_Graph(t *testing.T) {
	runTree(t, true, []treeTest{
		{
			name: "package that nobody imports",
			tree: "-- main.go --\npackage main\n-- tools/gen.go --\npackage tools\n-- tools/config.yaml --\n",
			cfg:  func(root string) Config { return Config{Graph: &Graph{Packages: []Package{{Dir: root}}}} },
			do: func(p *probe) {
				p.save("tools/gen.go", "package tools // 2")
				p.save("tools/config.yaml", "2")
			},
		}, {
			name: "what the compiler does not take",
			tree: "-- main.go --\npackage main\n-- a_windows.go --\npackage main\n-- b.go --\n//go:build never\n\npackage main\n-- c_test.go --\npackage main\n",
			do: func(p *probe) {
				p.save("a_windows.go", "package main // 2")
				p.save("b.go", "//go:build never\n\npackage main // 2")
				p.save("c_test.go", "package main // 2")
				p.save("d_plan9.go", "package main")
				p.save("e.go", "//go:build never\n\npackage main")
				p.save("notes.md", "2")
				if e := p.end(); len(e.(Unchanged).Touched) > 0 {
					p.t.Errorf("touched: %#v", e)
				}
			},
		}, {
			name: "a constraint that comes and goes",
			tree: "-- main.go --\npackage main\n-- a.go --\npackage main\n-- b.go --\n//go:build never\n\npackage main\n",
			do: func(p *probe) {
				p.save("a.go", "//go:build never\n\npackage main")
				p.save("b.go", "package main")
			},
			want: []string{"a.go rebuild", "b.go rebuild"},
		}, {
			name: "C and assembly beside Go",
			tree: "-- main.go --\npackage main\n-- sum/sum.go --\npackage sum\n-- sum/sum_amd64.s --\n-- other/x.c --\n",
			do: func(p *probe) {
				p.save("sum/sum_amd64.s", "2")
				p.save("sum/new.h", "2")
				p.save("other/x.c", "2")
			},
			want: []string{"sum/sum_amd64.s rebuild", "sum/new.h rebuild"},
		}, {
			name: "embedded files, whatever git ignores",
			tree: "-- .gitignore --\ndist\n*.gen.txt\n-- ui/embed.go --\npackage ui\n//go:embed dist *.gen.txt\nvar f embed.FS\n" +
				"-- ui/dist/deep/a.js --\na\n-- ui/a.gen.txt --\na\n-- ui/b.txt --\nb\n" +
				"-- off/embed.go --\n//go:build never\n\npackage off\n//go:embed data\nvar f embed.FS\n-- off/data/a --\n",
			cfg: func(root string) Config {
				gitRun(t, root, "init", "-q")
				return Config{}
			},
			do: func(p *probe) {
				p.save("ui/dist/deep/a.js", "2")
				p.save("ui/dist/new/b.js", "2")
				p.save("ui/a.gen.txt", "2")
				p.save("ui/new.gen.txt", "2")
				p.save("ui/b.txt", "2")
				p.save("off/data/a", "2")
			},
			want: []string{"ui/dist/deep/a.js rebuild", "ui/dist/new/b.js rebuild", "ui/a.gen.txt rebuild", "ui/new.gen.txt rebuild"},
		}, {
			name: "folders outside of Root and folders that git ignores",
			tree: "-- .gitignore --\ngen\n-- main.go --\npackage main\n-- gen/api/api.go --\npackage api\n-- ../sub/lib/lib.go --\npackage lib\n",
			cfg: func(root string) Config {
				gitRun(t, root, "init", "-q")
				lib := filepath.Join(root, "..", "sub", "lib")
				put(t, filepath.Join(lib, "lib.go"), "package lib")
				cfg := with(t, root)
				cfg.Graph.Packages = append(cfg.Graph.Packages, Package{Dir: lib}, Package{Dir: filepath.Join(lib, "..", "later"), Missing: true})
				cfg.Graph.Files = append(cfg.Graph.Files, filepath.Join(lib, "..", "go.mod"))
				return cfg
			},
			do: func(p *probe) {
				p.save("gen/api/api.go", "package api // 2")
				p.save("../sub/lib/lib.go", "package lib // 2")
				p.save("../sub/lib/config.yaml", "2")
				p.save("../sub/go.mod", "module sub")
				p.save("../sub/later/x.go", "package later")
				p.save("../sub/other/x.go", "package other")
			},
			want: []string{"gen/api/api.go rebuild", "../sub/lib/lib.go rebuild", "../sub/go.mod rebuild", "../sub/later/x.go rebuild"},
		}, {
			name: "an imported package that comes",
			tree: "-- main.go --\npackage main\n",
			cfg: func(root string) Config {
				cfg := with(t, root)
				cfg.Graph.Packages = append(cfg.Graph.Packages, Package{Dir: filepath.Join(root, "internal", "new", "deep"), Missing: true})
				return cfg
			},
			do: func(p *probe) {
				p.save("internal/new/deep/x.go", "package deep")
				p.save("internal/new/y.go", "package new")
			},
			want: []string{"internal/new/deep/x.go rebuild"},
		}, {
			name: "a replaced module below Root",
			tree: "-- main.go --\npackage main\n-- lib/go.mod --\nmodule lib\n-- lib/lib.go --\npackage lib\n-- lib/config.yaml --\n-- lib/un/used.go --\npackage un\n",
			cfg: func(root string) Config {
				cfg := with(t, root)
				cfg.Graph.Packages = append(cfg.Graph.Packages, Package{Dir: filepath.Join(root, "lib")})
				cfg.Graph.Files = append(cfg.Graph.Files, filepath.Join(root, "lib", "go.mod"))
				return cfg
			},
			do: func(p *probe) {
				p.save("lib/lib.go", "package lib // 2")
				p.save("lib/go.mod", "module lib // 2")
				p.save("lib/config.yaml", "2")
				p.save("lib/un/used.go", "package un // 2")
			},
			want: []string{"lib/lib.go rebuild", "lib/go.mod rebuild"},
		},
	})
}

// What the code names, with no settings.
func TestW12_WhatTheCodeNames(t *testing.T) {
	runTree(t, true, []treeTest{
		{
			name: "templates, static files, a config file",
			tree: "-- main.go --\npackage main\n-- pages/index.html --\n-- pages/part/head.html --\n-- pages/notes.md --\n" +
				"-- site/about.html --\n-- site/app.css --\n-- site/deep/a.svg --\n-- site/data.json --\n-- prices.yaml --\n-- greeting.txt --\n" +
				"-- tuning/a.yaml --\n-- tuning/readme.txt --\n-- tuning/deep/b.yaml --\n-- app.db --\n",
			cfg: func(root string) Config {
				return with(t, root, Named{Path: "pages/*", Use: Templates}, Named{Path: "site", Use: Static},
					Named{Path: "prices.yaml"}, Named{Path: "greeting.txt"}, Named{Path: "tuning"}, Named{Path: "app.db"},
					Named{Path: "."}, Named{Path: "robots.txt", Use: Static})
			},
			do: func(p *probe) {
				for _, name := range []string{"pages/index.html", "pages/part/head.html", "site/about.html", "site/app.css", "site/deep/a.svg",
					"site/data.json", "prices.yaml", "greeting.txt", "tuning/a.yaml", "tuning/readme.txt", "tuning/deep/b.yaml", "app.db", "robots.txt",
					"site/.DS_Store", "site/index.html~", "other.yaml"} {
					p.save(name, "2")
				}
			},
			want: []string{"pages/index.html restart", "pages/part/head.html restart", "site/about.html refresh", "site/app.css refresh",
				"site/deep/a.svg refresh", "prices.yaml restart", "greeting.txt restart", "tuning/a.yaml restart", "robots.txt refresh"},
		}, {
			name: "a config file outside of the project, given by an argument",
			tree: "-- main.go --\npackage main\n",
			cfg:  func(root string) Config { return with(t, root, Named{Path: "../sub/etc/service.yaml"}) },
			do: func(p *probe) {
				p.save("../sub/etc/service.yaml", "2")
				p.save("../sub/etc/other.yaml", "2")
			},
			want: []string{"../sub/etc/service.yaml restart"},
		}, {
			name: "what no app reads",
			tree: "-- main.go --\npackage main\n-- config/a.yaml --\n",
			do: func(p *probe) {
				for _, name := range []string{"docker-compose.yml", "compose.yaml", "package-lock.json", "yarn.lock", "coverage.html", ".golangci.yml",
					".github/workflows/ci.yml", "README.md", "Makefile", "data/rows.json", "docs/index.html", "deploy/config/x.yaml"} {
					p.save(name, "2")
				}
			},
		}, {
			name: "usual names, without being named",
			tree: "-- main.go --\npackage main\n-- internal/http/http.go --\npackage http\n-- internal/http/templates/deep/a.html --\n-- locales/de.json --\n" +
				"-- web/static/site.css --\n-- web/node_modules/x/x.css --\n-- public/dist/a.js --\n-- config.yaml --\n-- cmd/api/main.go --\npackage main\n-- cmd/api/conf/a.toml --\n",
			do: func(p *probe) {
				for _, name := range []string{"internal/http/templates/deep/a.html", "locales/de.json", "web/static/site.css", "web/node_modules/x/x.css",
					"public/dist/a.js", "config.yaml", "cmd/api/conf/a.toml", "static/new.css", ".env"} {
					p.save(name, "2")
				}
			},
			want: []string{"internal/http/templates/deep/a.html restart", "locales/de.json restart", "web/static/site.css refresh",
				"config.yaml restart", "cmd/api/conf/a.toml restart", "static/new.css refresh", ".env restart"},
		}, {
			name: "rules",
			tree: "-- main.go --\npackage main\n-- db/queries/a.sql --\n-- view/page.templ --\n-- web/src/deep/a.ts --\n",
			cfg: func(string) Config {
				return Config{Rules: []Rule{{Paths: []string{"db/**/*.sql", "web/src/**"}, Action: Rebuild}, {Paths: []string{"**/*.templ"}, Action: Restart}}}
			},
			do: func(p *probe) {
				p.save("db/queries/a.sql", "2")
				p.save("view/page.templ", "2")
				p.save("web/src/deep/a.ts", "2")
			},
			want: []string{"db/queries/a.sql rebuild", "view/page.templ restart", "web/src/deep/a.ts rebuild"},
		},
	})
}

// Beside much that nobody names, few folders are watched and none of the rest is listed.
func TestW12_UnrelatedFoldersAreNotWatched(t *testing.T) {
	root := plant(t, "-- .gitignore --\nnode_modules\n-- go.mod --\n-- main.go --\npackage main\n-- internal/a/a.go --\npackage a\n-- static/a.css --\n")
	for i := range 200 {
		put(t, filepath.Join(root, "node_modules", fmt.Sprint(i), "index.js"), "")
		put(t, filepath.Join(root, "data", fmt.Sprint(i), "config.json"), "")
	}
	w, err := New(with(t, root).at(root))
	must(t, err)
	defer w.release()
	watched := w.fs.WatchList()
	want := []string{root, filepath.Join(root, "internal"), filepath.Join(root, "internal", "a"), filepath.Join(root, "static")}
	if slices.Sort(watched); !slices.Equal(watched, want) {
		t.Errorf("watched are %q", watched)
	}
}

func (cfg Config) at(root string) Config {
	cfg.Root = root
	return cfg
}

// A package that is imported by the save before is taken up when the new graph is known,
// and what was written to it meanwhile counts.
func TestW5_LearnedPackage(t *testing.T) {
	t.Parallel()
	root := plant(t, small)
	p := watch(t, root, with(t, root))
	for i := range 100 {
		name := fmt.Sprintf("a/b%d/c/x.go", i)
		p.ignores(func() { p.save(name, "package c") })
		if i%2 == 0 {
			p.learn(*graphOf(t, p.root), time.Now().Add(time.Minute))
		} else { // it was written after the graph was read
			p.w.Learn(*graphOf(t, p.root), time.Now().Add(-time.Minute))
			p.sees(name + " rebuild")
		}
		p.save(name, fmt.Sprint("package c // 2", i))
		p.sees(name + " rebuild")
	}
	p.learn(Graph{Packages: []Package{{Dir: p.root}}, Takes: takes}, time.Time{})
	p.ignores(func() { p.save("a/b0/c/x.go", "package c // 3") })
}

// learn waits until the graph is taken up.
func (p *probe) learn(g Graph, since time.Time) {
	p.w.Learn(g, since)
	p.ignores(func() {})
}

// The graph narrows what was taken for granted before it was known.
func TestW5_FirstGraph(t *testing.T) {
	p := watch(t, plant(t, small+"-- tools/x.go --\npackage tools\n//go:embed a.txt\n-- tools/a.txt --\n-- b.go --\n//go:build never\n\npackage main\n"), Config{})
	p.save("tools/x.go", "package tools // 2\n//go:embed a.txt\n")
	p.sees("tools/x.go rebuild")
	p.save("tools/a.txt", "2")
	p.sees("tools/a.txt rebuild")
	p.learn(Graph{Packages: []Package{{Dir: p.root}}, Takes: takes}, time.Now())
	p.ignores(func() {
		p.save("tools/x.go", "package tools // 3\n//go:embed a.txt\n")
		p.save("tools/a.txt", "3")
	})
	p.save("b.go", "//go:build never\n\npackage main // 2")
	if e, ok := p.end().(Unchanged); !ok || len(e.Touched) > 0 {
		t.Errorf("got %#v", e)
	}
}

// A rule that is weaker than a build on what is built is told once.
func TestRule30_WeakRuleOnCompiledFile(t *testing.T) {
	root := plant(t, small+"-- note.txt --\n-- e.go --\npackage main\n//go:embed note.txt\n")
	cfg := with(t, root)
	cfg.Rules = []Rule{{Paths: []string{"main.go", "static/*"}, Action: Refresh}, {Paths: []string{"*.txt"}, Action: Ignore}}
	w, err := New(cfg.at(root))
	must(t, err)
	defer w.release()
	must(t, w.walk(saved))
	var got []string
	for _, e := range w.early {
		if trouble, ok := e.(Trouble); ok {
			got = append(got, trouble.Text)
		}
	}
	slices.Sort(got)
	if len(got) != 2 || !strings.HasPrefix(got[0], "rule 1 makes main.go a refresh, but the build reads it") || !strings.HasPrefix(got[1], "rule 2 makes note.txt ignored") {
		t.Errorf("got %q", got)
	}
}

// Links are followed: to folders and to files, within and out of Root, in circles.
func TestW6_Links(t *testing.T) {
	runTree(t, true, []treeTest{
		{
			name: "folders and files",
			tree: "-- main.go --\npackage main\n-- lib/lib.go --\npackage lib\n-- elsewhere/tpl/a.html --\n-- elsewhere/shared.yaml --\n-- elsewhere/other.yaml --\n",
			cfg: func(root string) Config {
				must(t, os.Symlink("lib", filepath.Join(root, "alias")))
				must(t, os.Symlink(filepath.Join("elsewhere", "tpl"), filepath.Join(root, "templates")))
				must(t, os.Symlink(filepath.Join("elsewhere", "shared.yaml"), filepath.Join(root, "config.yaml")))
				must(t, os.Symlink(root, filepath.Join(root, "lib", "static")))
				must(t, os.Symlink("nowhere", filepath.Join(root, "app.toml")))
				cfg := with(t, root)
				cfg.Graph.Packages = append(cfg.Graph.Packages, Package{Dir: filepath.Join(root, "alias")})
				return cfg
			},
			do: func(p *probe) {
				p.save("lib/lib.go", "package lib // 2")
				p.save("elsewhere/tpl/a.html", "2")
				p.save("elsewhere/shared.yaml", "2")
				p.save("elsewhere/other.yaml", "2")
			},
			want: []string{"lib/lib.go rebuild", "alias/lib.go rebuild", "templates/a.html restart", "config.yaml restart"},
		}, {
			name: "a link to a file that comes, and one to a cache of another tool",
			tree: "-- main.go --\npackage main\n-- .cache/a.yaml --\n-- .cache/out/static/a.css --\n",
			cfg: func(root string) Config {
				must(t, os.Symlink(filepath.Join(".cache", "out"), filepath.Join(root, "tool-out")))
				return Config{Rules: []Rule{{Paths: []string{"**/*.sql"}, Action: Rebuild}}}
			},
			do: func(p *probe) {
				must(p.t, os.Symlink(filepath.Join(".cache", "a.yaml"), p.path("config.yaml")))
				p.sees("config.yaml restart")
				p.save(".cache/out/static/a.css", "2")
				p.save(".cache/a.yaml", "2")
			},
			want: []string{"config.yaml restart"},
		}, {
			name: "a folder whose name is a pattern",
			tree: "-- main.go --\npackage main\n-- [id]/{a}/x.html --\n",
			cfg:  func(root string) Config { return with(t, root, Named{Path: "[id]/{a}/x.html", Use: Templates}) },
			do:   func(p *probe) { p.save("[id]/{a}/x.html", "2") },
			want: []string{"[id]/{a}/x.html restart"},
		}, {
			name: "a link that leads elsewhere now",
			tree: "-- main.go --\npackage main\n-- v1/a.html --\n1\n-- v2/a.html --\n2\n",
			cfg: func(root string) Config {
				must(t, os.Symlink("v1", filepath.Join(root, "templates")))
				return Config{}
			},
			do: func(p *probe) {
				must(p.t, os.Symlink("v2", p.path("next")))
				must(p.t, os.Rename(p.path("next"), p.path("templates")))
				p.sees("templates/a.html restart")
				p.save("v2/a.html", "3")
				p.save("v1/a.html", "3")
			},
			want: []string{"templates/a.html restart"},
		},
	})
}

// The graph may call Root by the name that it really has.
func TestW6_LinkedRoot(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	put(t, filepath.Join(real, "a", "main.go"), "package main")
	put(t, filepath.Join(real, "b", "main.go"), "package main")
	must(t, os.Symlink(real, link))
	p := watch(t, link, Config{Graph: &Graph{Packages: []Package{{Dir: real}, {Dir: filepath.Join(real, "a")}}}})
	p.ignores(func() { p.save("b/main.go", "package main // 2") })
	put(t, filepath.Join(real, "a", "main.go"), "package main // 2")
	p.sees("a/main.go rebuild")
}

// Kubernetes mounts configuration as links through ..data, which is replaced as a whole.
func TestW6_MountedConfiguration(t *testing.T) {
	for name, set := range backends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := plant(t, small)
			version := 0
			swap := func() {
				version++
				dir := filepath.Join(root, "config", fmt.Sprintf("..2026_%d", version))
				put(t, filepath.Join(dir, "app.yaml"), fmt.Sprint("v: ", version))
				put(t, filepath.Join(dir, "sub", "deep.yaml"), fmt.Sprint("v: ", version))
				temp := filepath.Join(root, "config", "..data_tmp")
				must(t, os.Symlink(filepath.Base(dir), temp))
				must(t, os.Rename(temp, filepath.Join(root, "config", "..data")))
				_ = os.RemoveAll(filepath.Join(root, "config", fmt.Sprintf("..2026_%d", version-1)))
			}
			swap()
			for _, name := range []string{"app.yaml", "sub"} {
				must(t, os.Symlink(filepath.Join("..data", name), filepath.Join(root, "config", name)))
			}
			cfg := with(t, root)
			set(&cfg)
			p := watch(t, root, cfg)
			for range 30 {
				swap()
				swap() // at once
				p.awaits(fmt.Sprint("v: ", version), "config/app.yaml", "config/sub/deep.yaml")
			}
		})
	}
}
