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
}

// TestX7_BrokenEnvFileTellsNoValue: the line is told, and nothing of what stands in it.
func TestX7_BrokenEnvFileTellsNoValue(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".env")
	for text, line := range map[string]string{
		"no equals sign in sesame\n":                  "line 1",
		"A=1\n\n# note\nB sesame\nC=sesame\n":         "line 4",
		"A=1\nB=\"sesame\nC=sesame\n":                 "line 2",
		"A=\"sesame\nsesame\"\nB='sesame\n":           "line 3",
		"A=\"sesame\nsesame\"\r\nB=1\r\nC sesame\r\n": "line 4",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := environment(nil, []string{file})
		if want := "env file .env: " + line + " is not NAME=value, or its quotes do not end"; err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
