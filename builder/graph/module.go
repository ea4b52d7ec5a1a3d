package graph

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Module is a module on disk.
type Module struct {
	Dir  string // absolute folder of go.mod
	Path string // as in "example.com/shop"; "" if go.mod cannot be understood
}

// Modules returns the modules of a project: the one in dir, the ones of the go.work
// file work ("" for none), and the targets of local replace lines of all these.
func Modules(dir, work string) []Module {
	var found []Module
	seen := map[string]bool{}
	add := func(dir string) {
		file := filepath.Join(dir, "go.mod")
		if _, err := os.Stat(file); !seen[dir] && (err == nil || len(found) == 0) {
			seen[dir] = true
			found = append(found, Module{dir, ModulePath(file)})
		}
	}
	add(dir) // also without a go.mod, which may come back
	for _, dir := range folders(work) {
		add(dir)
	}
	for _, m := range found { // and not of those replaced, whose own replace lines do not count
		for _, dir := range folders(filepath.Join(m.Dir, "go.mod")) {
			add(dir)
		}
	}
	return found
}

// folders returns the folders that a go.mod or go.work names. A local path is told
// from a module's by its beginning, in use and replace lines alike.
func folders(file string) (dirs []string) {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "//")
		for _, word := range strings.Fields(line) {
			word = filepath.FromSlash(strings.Trim(word, "\"`"))
			switch {
			case filepath.IsAbs(word):
				dirs = append(dirs, filepath.Clean(word))
			case word == ".", word == "..", strings.HasPrefix(word, "."+sep), strings.HasPrefix(word, ".."+sep):
				dirs = append(dirs, filepath.Join(filepath.Dir(file), word))
			}
		}
	}
	return dirs
}

const sep = string(filepath.Separator)

// ModulePath reads the path out of a go.mod, or "" if it is not there.
func ModulePath(file string) string {
	text, _ := os.ReadFile(file)
	found := regexp.MustCompile("(?m)^[ \t]*module[ \t]+[\"`]?([^\\s\"`]+)").FindSubmatch(text)
	if found == nil {
		return ""
	}
	return string(found[1])
}

// dirOf returns the folder of an import path that lies in one of the modules, there or
// not, else "".
func dirOf(path string, modules []Module) string {
	best := Module{}
	for _, m := range modules {
		if len(m.Path) > len(best.Path) && (path == m.Path || strings.HasPrefix(path, m.Path+"/")) {
			best = m
		}
	}
	if best.Path == "" {
		return ""
	}
	return filepath.Join(best.Dir, filepath.FromSlash(path[len(best.Path):]))
}

// filesOf lists the files that lead the go command in a project of these modules.
func filesOf(modules []Module, work string) (files []string) {
	roots := []string{modules[0].Dir}
	if work != "" {
		files = append(files, work, work+".sum")
		roots = append(roots, filepath.Dir(work))
	}
	for _, m := range modules {
		files = append(files, filepath.Join(m.Dir, "go.mod"), filepath.Join(m.Dir, "go.sum"))
	}
	for _, dir := range roots {
		files = append(files, filepath.Join(dir, "vendor", "modules.txt"))
	}
	return files
}

// within reports whether name is dir or lies below it.
func within(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, sep)+sep)
}
