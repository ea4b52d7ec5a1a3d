package running

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/watcher-dev/watcher/proxy"
)

// front answers the status as a front does, of a run of its own.
func front(t *testing.T, run string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != proxy.API+"status" {
			http.NotFound(w, r)
			return
		}
		json.NewEncoder(w).Encode(proxy.Status{Run: run})
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// world is a machine's cache folder and projects, and those who run there.
type world struct {
	t    *testing.T
	root string
}

func newWorld(t *testing.T) world {
	root := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(root, "cache"))
	return world{t, root}
}

func (w world) dir(name string) string {
	w.t.Helper()
	dir := filepath.Join(w.root, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	return dir
}

// runs has an instance run until the test ends.
func (w world) runs(start, module, pkg, url, run string) *Lock {
	w.t.Helper()
	i := Instance{PID: 1, URL: url, Run: run, Token: "secret", Start: w.dir(start), Module: w.dir(module), Package: pkg}
	folder, err := Folder(i.Module, pkg)
	if err != nil {
		w.t.Fatal(err)
	}
	lock, err := Acquire(folder)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(lock.Release)
	lock.Tell(i)
	return lock
}

func TestT5_WhichWatcherIsMeant(t *testing.T) {
	w := newWorld(t)
	w.runs("shop", "shop", ".", front(t, "shop"), "shop")
	w.runs("mono", "mono/api", "./cmd/api", front(t, "api"), "api")
	w.runs("mono", "mono/api", "./cmd/worker", front(t, "worker"), "worker")
	w.runs("mono", "mono/api/tools", ".", front(t, "tools"), "tools")
	w.runs("gone", "gone", ".", "http://127.0.0.1:1", "gone")
	w.runs("taken", "taken", ".", front(t, "another"), "taken")
	file := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html>") }))
	t.Cleanup(file.Close)
	w.runs("foreign", "foreign", ".", file.URL, "foreign")
	if err := os.Symlink(w.dir("shop"), filepath.Join(w.root, "link")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ dir, pkg, want string }{
		{"shop", "", "shop"},
		{"shop", ".", "shop"},
		{"shop/deep/below", "", "shop"},
		{"link", "", "shop"},
		{"shop", "./cmd/api", "none"},
		{"sho", "", "none"},
		{"mono/api", "", "several"},
		{"mono/api", "./cmd/api", "api"},
		{"mono/api", "cmd/worker", "worker"},
		{"mono/api/cmd", "./worker", "worker"},
		{"mono/api/tools", "", "tools"}, // the innermost
		{"mono", "", "several"},         // where they were started
		{"mono", "./cmd/api", "api"},
		{"gone", "", "none"},    // killed: nobody answers
		{"taken", "", "none"},   // killed, and another watcher has the port
		{"foreign", "", "none"}, // killed, and something else has it
		{"", "", "none"},
	} {
		i, err := Find(t.Context(), w.dir(c.dir), c.pkg)
		got := i.Run
		if _, ok := errors.AsType[None](err); ok {
			got = "none"
		} else if _, ok := errors.AsType[Several](err); ok {
			got = "several"
		}
		if got != c.want {
			t.Errorf("in %q, package %q: %q (%v), want %q", c.dir, c.pkg, got, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than one line: %v", err)
		}
	}
}

// TestT5_WithoutAHome: the folder lies in the project then.
func TestT5_WithoutAHome(t *testing.T) {
	w := newWorld(t)
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	w.runs("shop", "shop", ".", front(t, "shop"), "shop")
	if i, err := Find(t.Context(), w.dir("shop/below"), ""); err != nil || i.Run != "shop" {
		t.Errorf("%+v, %v", i, err)
	}
}

// TestX3_TokenIsForItsUserAlone, and gone with the watcher.
func TestX3_TokenIsForItsUserAlone(t *testing.T) {
	w := newWorld(t)
	lock := w.runs("shop", "shop", ".", "http://localhost:1", "shop")
	path := lock.file.Name()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := Acquire(filepath.Dir(path)); err == nil || !strings.Contains(err.Error(), "(pid 1, http://localhost:1)") {
		t.Errorf("a second one: %v", err)
	}
	lock.Release()
	if text, err := os.ReadFile(path); err != nil || len(text) > 0 {
		t.Errorf("%q is left, %v", text, err)
	}
}
