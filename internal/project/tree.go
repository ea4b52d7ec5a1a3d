package project

import (
	"bytes"
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

// tree reads the module's folders, each at most once.
type tree struct {
	module  Module
	host    build.Context
	mode    parser.Mode
	files   *token.FileSet
	folders map[string]*folder // by pattern
}

// folder is what the Go files in it say that are compiled on this machine, tests
// aside.
type folder struct {
	main  bool // a program
	files []*ast.File
}

func newTree(m Module, tags string, mode parser.Mode) *tree {
	host := build.Default
	host.GOOS, host.GOARCH = runtime.GOOS, runtime.GOARCH // the app is to run here, whatever GOOS says
	host.BuildTags = strings.Split(tags, ",")
	return &tree{module: m, host: host, mode: mode, files: token.NewFileSet(), folders: map[string]*folder{}}
}

// read returns the folder of a pattern; one that cannot be read is empty.
func (t *tree) read(pattern string) *folder {
	if f := t.folders[pattern]; f != nil {
		return f
	}
	f := &folder{}
	t.folders[pattern] = f
	dir := filepath.Join(t.module.Dir, pattern)
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		name := entry.Name()
		if !entry.IsDir() && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			t.add(f, dir, name)
		}
	}
	return f
}

func (t *tree) add(f *folder, dir, name string) {
	path := filepath.Join(dir, name)
	source, err := os.ReadFile(path)
	if err != nil {
		return
	}
	t.host.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(source)), nil }
	if ok, _ := t.host.MatchFile(dir, name); !ok {
		return
	}
	// All errors: a parser that gives up after ten of them returns nothing of the file.
	const mode = parser.SkipObjectResolution | parser.AllErrors
	file, err := parser.ParseFile(t.files, path, source, t.mode|mode)
	if file.Name.Name == "main" && t.mode != 0 {
		file, err = parser.ParseFile(t.files, path, source, mode)
	}
	f.main = f.main || file.Name.Name == "main" && (err != nil || hasMain(file))
	f.files = append(f.files, file)
}

func hasMain(file *ast.File) bool {
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "main" {
			return true
		}
	}
	return false
}

// reach returns the files of a pattern's folder and of those in the module that it
// imports, itself or through others, nearest first.
func (t *tree) reach(pattern string) (files []*ast.File) {
	queue, seen := []string{pattern}, map[string]bool{pattern: true}
	for i := 0; i < len(queue); i++ {
		for _, file := range t.read(queue[i]).files {
			files = append(files, file)
			for _, spec := range file.Imports {
				if p := t.own(importPath(spec)); p != "" && !seen[p] {
					seen[p] = true
					queue = append(queue, p)
				}
			}
		}
	}
	return files
}

func imports(file *ast.File, path string) bool {
	return slices.ContainsFunc(file.Imports, func(spec *ast.ImportSpec) bool { return importPath(spec) == path })
}

func importPath(spec *ast.ImportSpec) string { return strings.Trim(spec.Path.Value, "`\"") }

// own returns the pattern of an import path that lies in the module, else "".
func (t *tree) own(path string) string {
	rest, ok := strings.CutPrefix(path+"/", t.module.Path+"/")
	switch {
	case !ok || t.module.Path == "":
		return ""
	case rest == "":
		return "."
	}
	return "./" + strings.TrimSuffix(rest, "/")
}
