//go:build unix

package builder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// shell is a command that runs a script, in a folder that holds "run.sh" too.
func shell(t *testing.T, script string) (*Builder, Command) {
	t.Helper()
	dir := t.TempDir()
	b, err := New(t.TempDir(), new(group).run)
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"run.sh": 0o755, "plain.txt": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), mode); err != nil {
			t.Fatal(err)
		}
	}
	return b, Command{
		Args: []string{"sh", "-c", script}, Dir: dir, Base: filepath.Dir(dir), Env: os.Environ(),
		Where: Diagnostic{File: ".watcher.toml", Line: 3, Column: 7},
	}
}

func TestW11_CommandIsToldWhatChanged(t *testing.T) {
	b, c := shell(t, `printf '%s|%s' "$WATCHER_CHANGED" "$PWD"`)
	files := []string{filepath.Join(c.Dir, "a b.templ"), filepath.Join(c.Dir, "ui", "c.templ"), "/elsewhere/d"}
	r := b.Generate(t.Context(), c, files)
	if want := "a b.templ\nui/c.templ\n/elsewhere/d|" + c.Dir; r.Err != nil || r.Output != want {
		t.Errorf("got %q, %v", r.Output, r.Err)
	}
	many := slices.Repeat([]string{strings.Repeat("x", 100)}, 2000) // more than a variable can hold
	if r := b.Generate(t.Context(), c, many); r.Err != nil || r.Output != "|"+c.Dir {
		t.Errorf("of many: %q, %v", r.Output[:min(len(r.Output), 40)], r.Err)
	}
	c.Args = []string{"./run.sh"}
	if r := b.Generate(t.Context(), c, nil); r.Err != nil || r.Output != "|"+c.Dir {
		t.Errorf("by its path: %q, %v", r.Output, r.Err)
	}
}

func TestW11_FailureHasPlacesAndWords(t *testing.T) {
	b, c := shell(t, `echo generating; echo "page.templ:3:5: unclosed tag" >&2; exit 3`)
	r := b.Generate(t.Context(), c, nil)
	at := Diagnostic{File: filepath.Join(filepath.Base(c.Dir), "page.templ"), Line: 3, Column: 5, Message: "unclosed tag"}
	if !slices.Equal(r.Diagnostics, []Diagnostic{at}) || !strings.HasSuffix(fmt.Sprint(r.Err), ": exit status 3") || !strings.Contains(r.Output, "generating") {
		t.Errorf("%+v", r)
	}
}

// TestW11_CommandThatIsWrong is shown where it is asked for, with what to do.
func TestW11_CommandThatIsWrong(t *testing.T) {
	for _, c := range []struct {
		args       []string
		err, wrong string
	}{
		{[]string{"no-such-templ", "generate"}, "no-such-templ generate: cannot be run", `no program "no-such-templ" in PATH: install it, or correct the name`},
		{[]string{"go version"}, `"go version": cannot be run`, `no program "go version" in PATH: write each word by itself, as in ["go", "version"]`},
		{[]string{"./plain.txt"}, "./plain.txt: cannot be run", `no program "./plain.txt" in DIR: install it, or correct the name`},
		{[]string{"sh", "-c", "echo slow; sleep 100 & wait"}, `sh -c "echo slow; sleep 100 & wait": does not end`, "had not ended after 200ms, and was killed: give it a longer timeout, or mend it"},
	} {
		b, command := shell(t, "")
		command.Args, command.Timeout = c.args, 200*time.Millisecond
		r := b.Generate(t.Context(), command, nil)
		want := Diagnostic{File: ".watcher.toml", Line: 3, Column: 7, Message: strings.Replace(c.wrong, "DIR", command.Dir, 1)}
		if fmt.Sprint(r.Err) != c.err || !slices.Equal(r.Diagnostics, []Diagnostic{want}) {
			t.Errorf("%q: %v, %+v", c.args, r.Err, r.Diagnostics)
		}
		if missing := command.Missing(); missing != "" && missing != want.Message {
			t.Errorf("%q is told before: %s", c.args, missing)
		}
	}
}

func TestW11_NewerSaveKillsTheCommand(t *testing.T) {
	b, c := shell(t, "sleep 100 & wait")
	ctx, cancel := context.WithCancelCause(t.Context())
	newer := errors.New("a newer save")
	cancel(newer)
	if r := b.Generate(ctx, c, nil); !errors.Is(r.Err, newer) {
		t.Errorf("%+v", r)
	}
}
