package builder

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestR14_WhatIsRead: whichever way package os is asked for a file, it is told, and what for.
func TestR14_WhatIsRead(t *testing.T) {
	binary := beaconApp(t, "reads")
	for way, want := range map[string]string{
		"os.ReadFile":     "reads a.yaml",
		"os.Open":         "reads a.yaml",
		"os.OpenFile":     "",
		"os.Create":       "writes a.db",
		"os.WriteFile":    "writes a.json",
		"os.Stat":         "looks a.yaml",
		"os.DirFS":        "reads sub/a.yaml",
		"os.Root":         "reads sub/a.yaml",
		"http.Dir":        "reads sub/a.yaml",
		"template":        "reads a.tmpl",
		"os.Chdir":        "goes DIR/sub, reads a.yaml",
		"twice":           "reads a.yaml",
		"a strange name":  `reads a\n\\b.yaml`,
		"all descriptors": "",
		"ten thousand":    "reads a.yaml",
	} {
		t.Run(way, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"a.yaml", "a.tmpl", "sub/a.yaml"} {
				write(t, dir, name, "x")
			}
			got := filesOf(t, binary, dir, way)
			got = slices.DeleteFunc(got, func(line string) bool { return strings.Contains(line, "/sys/") || strings.HasSuffix(line, " sub") })
			if !slices.Contains(got, "reads init.yaml") {
				t.Errorf("what is read by a package that is initialised is not told: %q", got)
			}
			got = slices.DeleteFunc(got, func(line string) bool { return line == "reads init.yaml" })
			if text := strings.ReplaceAll(strings.Join(got, ", "), dir, "DIR"); text != want {
				t.Errorf("%q, want %q", text, want)
			}
			if text, _ := os.ReadFile(filepath.Join(dir, "a.db")); len(text) > 0 {
				t.Errorf("a file of the app's holds %q", text)
			}
		})
	}
}

// filesOf returns what the program tells when it is run so.
func filesOf(t *testing.T, binary, dir string, args ...string) []string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	var stat syscall.Stat_t
	if err := syscall.Fstat(int(write.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.ExtraFiles = dir, []*os.File{write}
	cmd.Env = append(os.Environ(), fmt.Sprintf("WATCHER_BEACON=3,%d,%d,0", stat.Dev, stat.Ino))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	write.Close()
	text, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}
