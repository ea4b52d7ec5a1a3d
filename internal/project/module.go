package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/watcher-dev/watcher/builder/graph"
)

// FindModule returns the module of dir: the one that dir lies in, else the only one
// below it. Of env, GOWORK is looked at. The error says in one line what to do; a
// go.mod that is broken is none.
func FindModule(dir string, env []string) (Module, error) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		_, err = os.ReadDir(dir)
	}
	if err != nil {
		return Module{}, fmt.Errorf("cannot read the folder: %w", err)
	}
	file := upward(dir, "go.mod")
	if file == "" {
		if file, err = onlyBelow(dir); err != nil {
			return Module{}, err
		}
	}
	m := Module{Dir: filepath.Dir(file), Path: graph.ModulePath(file)}
	switch work := lookup(env, "GOWORK"); work {
	case "":
		m.Work = upward(m.Dir, "go.work")
	case "off":
	default:
		m.Work = work
	}
	return m, nil
}

// upward returns the nearest file of that name in dir or above it, or "".
func upward(dir, name string) string {
	for {
		if file := filepath.Join(dir, name); isFile(file) {
			return file
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// onlyBelow returns the go.mod of the only module below dir. Modules inside modules
// do not count: who starts above both means the outer one.
func onlyBelow(dir string) (string, error) {
	var found []string
	walk(dir, func(folder string) error {
		if !isFile(filepath.Join(folder, "go.mod")) {
			return nil
		}
		found = append(found, pattern(dir, folder))
		return fs.SkipDir
	})
	switch len(found) {
	case 0:
		return "", errors.New(`no Go module here or below: run "go mod init" first, or start watcher in your project's folder`)
	case 1:
		return filepath.Join(dir, found[0], "go.mod"), nil
	}
	return "", fmt.Errorf("several Go modules below: %s: run watcher in one of them or set [app] dir", strings.Join(found, ", "))
}

// walk calls visit for dir and each folder below it that "./..." would go into;
// node_modules, which may hold very many, and unreadable ones are passed over.
func walk(dir string, visit func(folder string) error) {
	skip := regexp.MustCompile(`^([._].*|vendor|testdata|node_modules)$`)
	// No error comes out: visit returns none but SkipDir.
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || !entry.IsDir():
			return nil
		case path != dir && skip.MatchString(entry.Name()):
			return fs.SkipDir
		}
		return visit(path)
	})
}

// lookup returns a variable's value; the last one holds, as it does for a process.
func lookup(env []string, name string) (value string) {
	for _, entry := range env {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			value = v
		}
	}
	return value
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// pattern writes a folder in dir or below for the go command.
func pattern(dir, folder string) string {
	if rel, err := filepath.Rel(dir, folder); err == nil && rel != "." {
		return "./" + filepath.ToSlash(rel)
	}
	return "."
}
