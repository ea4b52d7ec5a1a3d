//go:build unix

package builder

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// go list sees what go build would take: with the tags of both places, and not with the
// linker's flags or those of other systems.
func TestW5_ListChoosesAsBuild(t *testing.T) {
	b, err := New(t.TempDir(), new(group).run)
	if err != nil {
		t.Fatal(err)
	}
	s := shop(t, t.TempDir(), "main.go", "package main\n\nfunc main() {}\n",
		"a.go", "//go:build a && b && race\n\npackage main\n\nimport _ \"example.com/shop/tagged\"\n",
		"tagged/t.go", "package tagged\n", "tagged/t_windows.go", "package tagged\n\nimport _ \"example.com/shop/none\"\n")
	s.Flags, s.Tags, s.Ldflags = []string{"-tags=a", "-race", "-ldflags", "-w"}, []string{"b"}, "-s"
	s.Env = append(s.Env, "GOOS=windows")
	out, err := b.List(t.Context(), s, "ImportPath")
	if err != nil {
		t.Fatal(err)
	}
	if text := string(out); !strings.Contains(text, "example.com/shop/tagged") || strings.Contains(text, "none") || strings.Contains(text, "Dir") {
		t.Errorf("got %s", text)
	}
	if left, _ := os.ReadDir(b.works()); len(left) > 0 {
		t.Errorf("%v is left behind", left)
	}
}

func TestW5_ListFailsWithAReason(t *testing.T) {
	b, err := New(t.TempDir(), new(group).run)
	if err != nil {
		t.Fatal(err)
	}
	s := shop(t, t.TempDir(), "main.go", hello)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errStop)
	if _, err := b.List(ctx, s, "Dir"); !errors.Is(err, errStop) {
		t.Errorf("got %v, want the context's cause", err)
	}
	write(t, s.Dir, filepath.Base("go.mod"), "<<<<\n")
	var failure *Failure
	if _, err := b.List(t.Context(), s, "Dir"); !errors.As(err, &failure) || !strings.Contains(failure.Text, "go.mod:1: ") {
		t.Errorf("got %v, want the place of the mistake", err)
	}
}

var errStop = errors.New("stop")
