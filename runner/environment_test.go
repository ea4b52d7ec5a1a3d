package runner

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEnvironment(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	base := file("base", "A=base\nB=base\n# a comment\nexport C='it is'\n")
	local := file("local", "B=local\n")
	got, err := environment([]string{"A=shell"}, []string{base, filepath.Join(dir, "missing"), local})
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]string{} // as os/exec sees them
	for _, entry := range got {
		name, value, _ := strings.Cut(entry, "=")
		last[name] = value
	}
	for name, want := range map[string]string{"A": "shell", "B": "local", "C": "it is"} {
		if last[name] != want {
			t.Errorf("%s is %q, want %q", name, last[name], want)
		}
	}
	if slices.Contains(got, "A=base") {
		t.Error("the shell's value is overridden")
	}

	_, err = environment(nil, []string{file("broken", "no equals sign here\n")})
	if err == nil || !strings.Contains(err.Error(), "env file broken: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a broken file gives %v", err)
	}
}
