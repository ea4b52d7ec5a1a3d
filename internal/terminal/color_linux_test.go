package terminal

import (
	"os"
	"path/filepath"
	"testing"
)

func TestT3_UseColor(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, c := range []struct {
		name string
		file *os.File
		flag bool
		env  map[string]string
		want bool
	}{
		{"terminal", tty, false, nil, true},
		{"terminal with a common TERM", tty, false, map[string]string{"TERM": "xterm"}, true},
		{"file", file, false, nil, false},
		{"flag", tty, true, nil, false},
		{"NO_COLOR", tty, false, map[string]string{"NO_COLOR": "1"}, false},
		{"dumb", tty, false, map[string]string{"TERM": "dumb"}, false},
	} {
		if got := UseColor(c.file, c.flag, func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}
