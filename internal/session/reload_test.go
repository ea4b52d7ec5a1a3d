package session

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/watcher-dev/watcher/internal/settings"
)

// TestRule33_SocketUnderADebugger: what is refused at the start is refused in an edit too.
func TestRule33_SocketUnderADebugger(t *testing.T) {
	dir := t.TempDir()
	s := &session{Call: Call{Dir: dir}, options: Options{Debug: DefaultDebug, Given: func(string) bool { return false }}}
	s.site.Settings = filepath.Join(dir, settings.File)
	if err := os.WriteFile(s.site.Settings, []byte("[run]\nsocket = true\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := s.takeSettings(); r.Err == nil || !strings.Contains(r.Err.Error(), "--debug cannot go with [run] socket") {
		t.Errorf("%+v", r)
	}
}
