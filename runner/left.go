package runner

import (
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/watcher-dev/watcher/runner/sockets"
)

// takenPath knows a Unix socket that could not be bound, in the words of package net.
var takenPath = regexp.MustCompile(`listen unix (.+?): bind: address already in use`)

// socketLeft says whether the app could not bind a Unix socket because of a file that one
// before has left, as when all was killed outright. Then the file is gone.
func (p *process) socketLeft() bool {
	if runtime.GOOS != "linux" { // where Unix sockets are not known
		return false
	}
	removed := false
	for _, m := range takenPath.FindAllStringSubmatch(strings.Join(p.output.Last(), "\n"), -1) {
		path := m[1]
		if !filepath.IsAbs(path) {
			path = filepath.Join(p.spec.Dir, path)
		}
		removed = sockets.RemoveDead(path) || removed
	}
	return removed
}
