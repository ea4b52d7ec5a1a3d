//go:build unix

package session

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/watcher-dev/watcher/proxy"
)

// TestEditorOutlivesTheInterrupt: ^C in our terminal goes to our group; the editor, whose
// path and file may have blanks in them, has another one.
func TestEditorOutlivesTheInterrupt(t *testing.T) {
	dir := t.TempDir()
	command, out, end := filepath.Join(dir, "my editor"), filepath.Join(dir, "out"), filepath.Join(dir, "end")
	for _, pipe := range []string{out, end} {
		if err := unix.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	script := fmt.Sprintf("#!/bin/sh\necho $$ \"$1\" >%s\nread wait <%s\n", out, end)
	if err := os.WriteFile(command, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	s := &session{}
	if err := s.openEditor(`"`+command+`" {file}:{line}`, proxy.Position{Path: "/my project/a.go", Line: 3}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out) // waits for it
	var pid int
	if _, scan := fmt.Sscan(string(text), &pid); err != nil || scan != nil || string(text) != fmt.Sprintf("%d /my project/a.go:3\n", pid) {
		t.Fatalf("the editor got %q, %v", text, err)
	}
	if group, err := unix.Getpgid(pid); err != nil || group != pid {
		t.Errorf("the editor is in group %d, %v; want its own, %d", group, err, pid)
	}
	if err := os.WriteFile(end, []byte("\n"), 0o600); err != nil {
		t.Error(err)
	}
}
