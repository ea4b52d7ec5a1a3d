package watcher

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/watcher-dev/watcher/watcher/rules"
)

// What lies behind a link is watched where it really lies, and told of by the names that
// it has in the project: a folder may have several, and so may a file.

// called returns the names that the project has for what the system calls real.
func (w *Watcher) called(real string) []string {
	names := slices.Concat(w.names[real], w.links[real])
	for _, dir := range w.names[filepath.Dir(real)] {
		if name := filepath.Join(dir, filepath.Base(real)); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// real is where a name leads; itself, if it leads nowhere.
func (w *Watcher) real(name string) string {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		return target
	}
	return name
}

// leads reports whether the link to the folder real is followed. One that leads to a folder
// that it lies in would never end. And where everything below Root is watched, there may
// be links to the caches of other tools: they are followed only by what is known.
func (w *Watcher) leads(link, real string) bool {
	known := w.rules.Asked(link) || slices.ContainsFunc(strings.Split(w.rules.Rel(link), "/"), rules.ResourceFolder)
	if !isDir(link) || w.rules.Deep(w.cfg.Root) && !known {
		return false
	}
	for dir := filepath.Dir(link); ; dir = filepath.Dir(dir) {
		in, known := w.folders[dir]
		if known && rules.Within(in.real, real, string(filepath.Separator)) {
			return false
		}
		if !known || dir == filepath.Dir(dir) {
			return true
		}
	}
}

// follow notes where a link to a file leads, if it asks for anything.
func (w *Watcher) follow(name string) {
	real := w.real(name)
	if w.judge(name, w.folders[filepath.Dir(name)]).Action != Ignore && real != name && !slices.Contains(w.links[real], name) {
		w.links[real] = append(w.links[real], name)
		w.arrivals.forget()
	}
}

// watchLinked watches the folders of files that only links lead to.
func (w *Watcher) watchLinked() {
	for file := range w.links {
		dir := filepath.Dir(file)
		in, known := w.folders[dir]
		if len(w.names[dir]) > 0 && (!known || in.pass == w.pass) {
			continue // by a name of the project
		}
		if err := w.watch(dir, folder{real: dir, Place: rules.Place{Skipped: true}}); err != nil {
			w.complain(dir, err)
		}
	}
}

// relink looks at the links of a folder anew: one that came, or leads elsewhere now, may
// be what others go through. Kubernetes replaces mounted configuration in this way.
func (w *Watcher) relink(dir string) {
	in, known := w.folders[dir]
	if !known {
		return
	}
	for name, f := range w.files {
		if filepath.Dir(name) == dir && isLink(name) {
			w.touch(name, f.Verdict)
		}
	}
	for name, child := range w.folders {
		if filepath.Dir(name) == dir && isLink(name) && child.real != w.real(name) {
			w.forget(name)
		}
	}
	_ = w.visit(dir, in, saved)
	w.watchLinked()
}

func isLink(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && info.Mode()&os.ModeSymlink != 0
}
