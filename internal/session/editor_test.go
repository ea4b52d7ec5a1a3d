package session

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
)

func TestEditor(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	const none = "none"
	for _, c := range []struct{ setting, visual, editor, want string }{
		{setting: "code", want: "code -g {file}:{line}:{column}"},
		{setting: "code -g", want: "code -g {file}:{line}:{column}"},
		{setting: "/opt/my-editor --at {line} {file}", visual: "code", want: "/opt/my-editor --at {line} {file}"},
		{setting: `"/opt/my editor/x" {file} "-l {line}"`, want: "/opt/my editor/x {file} -l {line}"},
		{setting: "other -n", want: "other -n {file}:{line}:{column}"},
		{visual: "/usr/bin/goland", editor: "zed", want: "/usr/bin/goland --line {line} --column {column} {file}"},
		{visual: "vim", editor: "zed --wait", want: "zed --wait {file}:{line}:{column}"},
		{editor: "nano", want: none},
		{want: none},
	} {
		command, err := editor(c.setting, []string{"VISUAL=" + c.visual, "EDITOR=" + c.editor})
		if got := strings.Join(command, " "); err == nil && got != c.want || err != nil && c.want != none {
			t.Errorf("%+v: got %q, %v", c, got, err)
		}
	}
	if err := os.WriteFile(filepath.Join(bin, "code"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if command, err := editor("", nil); err != nil || !slices.Equal(command, []string{"code", "-g", "{file}:{line}:{column}"}) {
		t.Errorf("code is installed: got %q, %v", command, err)
	}
}

// TestEditorThatDoesNotExist is one line, in the terminal and for the page.
func TestEditorThatDoesNotExist(t *testing.T) {
	var out bytes.Buffer
	s := &session{terminal: terminal.New(&out, &out, terminal.Style{})}
	err := s.openEditor("no-such-editor", proxy.Position{Path: "/a.go", Line: 3})
	if err == nil || strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), "[browser] editor") {
		t.Errorf("%v\n%s", err, &out)
	}
}
