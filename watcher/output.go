package watcher

import (
	"os"
	"path/filepath"
)

// Folders of build output can be huge, and where a watch is a descriptor for each
// file (kqueue), a full one must not be watched: the Go file that may come is
// waited for, and looked for, in this many folders of at most so many entries.
const (
	outputFolders = 64
	outputEntries = 256
)

// room reports whether the folder of build output can be watched too.
func (w *Watcher) room(dir string) bool {
	if len(glance(dir)) == outputEntries {
		return false
	}
	others := 0
	for name, in := range w.folders {
		if in.output && name != dir {
			others++
		}
	}
	return others < outputFolders
}

// holdsGo reports whether a Go file lies in or below dir, as far as it looks: what
// is near to dir first, as packages seldom lie deep.
func holdsGo(dir string) bool {
	dirs := []string{dir}
	for i := 0; i < min(len(dirs), outputFolders); i++ {
		for _, entry := range glance(dirs[i]) {
			name := filepath.Join(dirs[i], entry.Name())
			if entry.IsDir() {
				dirs = append(dirs, name)
			} else if filepath.Ext(name) == ".go" {
				return true
			}
		}
	}
	return false
}

// glance returns some entries of the folder, in no order; none if it cannot be read.
func glance(dir string) []os.DirEntry {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	entries, _ := f.ReadDir(outputEntries)
	return entries
}
