package watcher

import (
	"path"
	"path/filepath"

	"github.com/watcher-dev/watcher/watcher/rules"
)

// admit says whether a folder below parent is entered, and how it is looked at.
func (w *Watcher) admit(dir string, parent folder) (folder, bool) {
	rel := w.rules.Rel(dir)
	base := path.Base(rel)
	asked := w.rules.Asked(dir) || parent.Deep && w.rules.Embedded(rel)
	led := parent.Deep || rules.ResourceFolder(base) && !parent.Skipped && !parent.GoOnly
	passed := w.rules.PassesBy(rel)
	if !asked && (passed || !led) {
		return folder{}, false
	}
	in := folder{Place: rules.Place{Deep: w.rules.Deep(dir) || led, Skipped: parent.Skipped, GoOnly: parent.GoOnly || rules.OutputFolder(base)}}
	if !in.Skipped && (passed || w.ignored(dir)) {
		in.Skipped, in.Deep = true, w.rules.Deep(dir) || parent.Deep && w.rules.Embedded(rel)
		return in, asked
	}
	return in, true
}

// ignored reports whether git ignores a file or folder. Of what lies outside of Root it
// is not asked.
func (w *Watcher) ignored(name string) bool {
	rel := w.rules.Rel(name)
	return filepath.IsLocal(rel) && w.git.Ignored(rel)
}
