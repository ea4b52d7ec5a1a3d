package graph

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Source reads the Go files of a project's folders, each folder at most once. It is for
// one goroutine, and to be dropped when files have changed.
type Source struct {
	modules []Module
	takes   func(dir, name string, src []byte) bool
	mode    parser.Mode
	files   *token.FileSet
	folders map[string]*Folder // by path
}

// Folder is what the Go files in it say that are compiled on this machine, tests
// aside.
type Folder struct {
	Main  bool // a program
	Files []*ast.File
}

// NewSource reads the given modules with the build tags, each file as far as mode says.
func NewSource(modules []Module, tags []string, mode parser.Mode) *Source {
	return &Source{modules, Takes(tags), mode, token.NewFileSet(), map[string]*Folder{}}
}

// Position tells where a node of a file stands.
func (s *Source) Position(p token.Pos) token.Position { return s.files.Position(p) }

// Folder returns the folder in dir; one that cannot be read is empty.
func (s *Source) Folder(dir string) *Folder {
	if f := s.folders[dir]; f != nil {
		return f
	}
	f := &Folder{}
	s.folders[dir] = f
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		if !entry.IsDir() {
			s.add(f, dir, entry.Name())
		}
	}
	return f
}

func (s *Source) add(f *Folder, dir, name string) {
	if filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
		return
	}
	path := filepath.Join(dir, name)
	source, err := os.ReadFile(path)
	if err != nil || !s.takes(dir, name, source) {
		return
	}
	// All errors: a parser that gives up after ten of them returns nothing of the file.
	const mode = parser.SkipObjectResolution | parser.AllErrors
	file, err := parser.ParseFile(s.files, path, source, s.mode|mode)
	if file.Name.Name == "main" && s.mode != 0 {
		file, err = parser.ParseFile(s.files, path, source, mode)
	}
	f.Main = f.Main || file.Name.Name == "main" && (err != nil || hasMain(file))
	f.Files = append(f.Files, file)
}

func hasMain(file *ast.File) bool {
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "main" {
			return true
		}
	}
	return false
}

// Reach returns dir and the folders in the modules that it imports, itself or through
// others, there or not, nearest first.
func (s *Source) Reach(dir string) []string {
	dirs, seen := []string{dir}, map[string]bool{dir: true}
	for i := 0; i < len(dirs); i++ {
		for _, file := range s.Folder(dirs[i]).Files {
			for _, spec := range file.Imports {
				if d := s.Dir(ImportPath(spec)); d != "" && !seen[d] {
					seen[d] = true
					dirs = append(dirs, d)
				}
			}
		}
	}
	return dirs
}

// ReachFiles returns the files of the folders that Reach finds.
func (s *Source) ReachFiles(dir string) (files []*ast.File) {
	for _, dir := range s.Reach(dir) {
		files = append(files, s.Folder(dir).Files...)
	}
	return files
}

// Dir returns the folder of an import path in the modules, there or not, else "".
func (s *Source) Dir(path string) string { return dirOf(path, s.modules) }

// ImportPath is what an import line imports.
func ImportPath(spec *ast.ImportSpec) string { return strings.Trim(spec.Path.Value, "`\"") }

// Takes returns a function that reports whether a build with these tags for this machine
// takes a Go file, by name and constraints: see [Graph]. Whether it uses cgo, and its version,
// are the go command's to know: either counts, and of versions ours, a much newer one and a much
// older one. A build too many is better than one that is missing.
func Takes(tags []string) func(dir, name string, src []byte) bool {
	builds := possibleBuilds(tags)
	return func(dir, name string, src []byte) bool {
		return slices.ContainsFunc(builds, func(here build.Context) bool {
			here.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(src)), nil }
			ok, _ := here.MatchFile(dir, name)
			return ok
		})
	}
}

func possibleBuilds(tags []string) (all []build.Context) {
	host := build.Default
	host.GOOS, host.GOARCH = runtime.GOOS, runtime.GOARCH // the app is to run here, whatever GOOS says
	host.BuildTags = tags
	var older, newer []string
	for minor := 1; minor < 100; minor++ {
		newer = append(newer, fmt.Sprintf("go1.%d", minor))
	}
	for _, host.ReleaseTags = range [][]string{host.ReleaseTags, newer, older} {
		for _, host.CgoEnabled = range []bool{true, false} {
			all = append(all, host)
		}
	}
	return all
}
