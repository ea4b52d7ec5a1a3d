package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestW5_OwnRepository: what a change of this very program's files would do to it.
func TestW5_OwnRepository(t *testing.T) {
	for file, want := range map[string]string{
		"main.go":                          "rebuild: compiled",
		"internal/loop/step.go":            "rebuild: compiled",
		"internal/loop/step_test.go":       "nothing: tests",
		"runner/group/group_windows.go":    "nothing: the compiler leaves it out",
		"proxy/pages/client.js":            "rebuild: embedded by proxy/pages/script.go:",
		"go.sum":                           "rebuild: it leads the go command",
		"docs/check/main.go":               "nothing: no package of the program",
		"testdata/ginapp/main.go":          "nothing: no package of the program",
		"testdata/ginapp/templates/x.tmpl": "nothing",
		"README.md":                        "nothing",
	} {
		cmd := exec.Command("watcher", "explain", file)
		cmd.Env = append(os.Environ(), "WATCHER_APP_DIR=.", "WATCHER_APP_PACKAGE=.", "XDG_CACHE_HOME="+t.TempDir())
		said, err := cmd.CombinedOutput()
		if err != nil || !strings.HasPrefix(string(said), file+": "+want) {
			t.Errorf("%v: %s\nwant %s", err, said, want)
		}
	}
}
