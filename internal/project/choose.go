package project

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/watcher-dev/watcher/builder/graph"
)

// FindPackage returns the main package to build. want is what the user gave: a
// folder relative to dir or to the module, an import path, or a file of the package.
// With "" it is dir itself, then ".", the only main package, the only one that
// imports Gin, the only one that imports net/http, in this order; imports through
// packages of the module count. Of env, GOFLAGS is looked at for build tags.
// The error is a *Several, or says in one line what there is.
func FindPackage(m Module, dir, want string, env []string) (Package, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Package{}, fmt.Errorf("cannot find the folder: %w", err)
	}
	t := newTree(m, tagsOf(env))
	candidates := []string{dir, m.Dir}
	if want != "" {
		candidates = t.meant(dir, want)
	}
	candidates = slices.DeleteFunc(candidates, func(folder string) bool { return !t.holds(folder) })
	for _, folder := range candidates {
		if t.Folder(folder).Main {
			return t.named(pattern(m.Dir, folder)), nil
		}
	}
	mains := t.mains()
	switch {
	case want != "" && len(candidates) == 0:
		return Package{}, fmt.Errorf("package %s is not in the module of %s: start watcher there, as with -C %s", want, m.Dir, want)
	case len(mains) == 0:
		return Package{}, errors.New(`no main package in this module: watcher needs a folder with "package main" and a func main`)
	case want != "":
		return Package{}, fmt.Errorf("no package matches %s: there are %s", want, patterns(mains))
	}
	return t.best(mains)
}

// Mains lists the main packages of a module, those first that look most like a web service.
// Of env, GOFLAGS is looked at for build tags.
func Mains(m Module, env []string) []Package { return newTree(m, tagsOf(env)).mains() }

// tree is the module with what its files say of their imports.
type tree struct {
	*graph.Source
	module Module
	tags   []string
}

func newTree(m Module, tags []string) *tree {
	return &tree{graph.NewSource(graph.Modules(m.Dir, m.Work), tags, parser.ImportsOnly), m, tags}
}

// Source reads the code of a package of m in full.
func Source(m Module, p Package) *graph.Source {
	return graph.NewSource(graph.Modules(m.Dir, m.Work), p.Tags, 0)
}

// meant lists the folders that the user's word may mean.
func (t *tree) meant(dir, want string) []string {
	if folder := t.Dir(strings.TrimSuffix(want, "/")); folder != "" {
		return []string{folder}
	}
	if strings.HasSuffix(want, ".go") {
		want = filepath.Dir(want)
	}
	if filepath.IsAbs(want) {
		return []string{filepath.Clean(want)}
	}
	return []string{filepath.Join(dir, want), filepath.Join(t.module.Dir, want)}
}

// holds tells whether the folder, which need not exist, is of the module and not of
// one around or inside it.
func (t *tree) holds(folder string) bool {
	return upward(folder, "go.mod") == filepath.Join(t.module.Dir, "go.mod")
}

// mains lists the module's main packages, those first that look most like a web
// service.
func (t *tree) mains() []Package {
	var found []Package
	walk(t.module.Dir, func(folder string) error {
		if folder != t.module.Dir && isFile(filepath.Join(folder, "go.mod")) {
			return fs.SkipDir
		}
		if t.Folder(folder).Main {
			found = append(found, t.named(pattern(t.module.Dir, folder)))
		}
		return nil
	})
	slices.SortStableFunc(found, func(a, b Package) int { return t.rank(a) - t.rank(b) })
	return found
}

// best returns the first of the mains if it looks more like a web service than the next.
func (t *tree) best(mains []Package) (Package, error) {
	if len(mains) == 1 || t.rank(mains[0]) < t.rank(mains[1]) {
		return mains[0], nil
	}
	return Package{}, &Several{Packages: mains}
}

// rank is 0 for what uses Gin, 1 for net/http, 2 for neither.
func (t *tree) rank(p Package) int {
	rank := 2
	for _, file := range t.ReachFiles(filepath.Join(t.module.Dir, p.Pattern)) {
		switch {
		case imports(file, gin):
			return 0
		case imports(file, "net/http"):
			rank = 1
		}
	}
	return rank
}

const gin = "github.com/gin-gonic/gin"

// named makes the package of a pattern.
func (t *tree) named(pattern string) Package {
	parts := strings.Split(path.Join(filepath.Base(t.module.Dir), t.module.Path, pattern), "/")
	name := parts[len(parts)-1]
	if regexp.MustCompile(`^v([2-9]|[1-9]\d+)$`).MatchString(name) && len(parts) > 1 {
		name = parts[len(parts)-2]
	}
	return Package{Pattern: pattern, Name: name, Tags: t.tags}
}

func imports(file *ast.File, path string) bool {
	return slices.ContainsFunc(file.Imports, func(spec *ast.ImportSpec) bool { return graph.ImportPath(spec) == path })
}

// tagsOf returns the build tags that GOFLAGS sets.
func tagsOf(env []string) (tags []string) {
	for _, flag := range strings.Fields(lookup(env, "GOFLAGS")) {
		if value, ok := strings.CutPrefix(strings.TrimLeft(flag, "-"), "tags="); ok {
			tags = strings.Split(value, ",")
		}
	}
	return tags
}
