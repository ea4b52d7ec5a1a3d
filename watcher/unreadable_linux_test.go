package watcher

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A folder that cannot be read is one line, and the rest is watched. Root may read
// everything, so the thread takes the file rights of another user meanwhile.
func TestUnreadableFolderIsOneTrouble(t *testing.T) {
	root := plant(t, small+"-- locked/x.go --\npackage locked\n")
	must(t, os.Chmod(filepath.Dir(root), 0o755))
	must(t, os.Chmod(filepath.Join(root, "locked"), 0))
	w, err := newAsNobody(Config{Root: root})
	must(t, err)
	p := run(t, w)
	e, ok := p.next().(Trouble)
	if !ok || !strings.Contains(e.Text, filepath.Join(root, "locked")) || !strings.Contains(e.Text, "permission denied") {
		t.Errorf("got %#v", e)
	}
	p.ignores(func() {}) // nothing more is said, and the rest is watched
	must(t, os.Chmod(filepath.Join(root, "locked"), 0o755))
	p.sees("locked/x.go rebuild") // taken up as it can be read now
	p.save("locked/x.go", "package locked // 2")
	p.sees("locked/x.go rebuild")
}

func newAsNobody(cfg Config) (*Watcher, error) {
	if os.Getuid() == 0 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		_ = unix.Setfsuid(65534)
		defer func() { _ = unix.Setfsuid(0) }()
	}
	return New(cfg)
}
