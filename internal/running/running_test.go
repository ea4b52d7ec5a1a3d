package running

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// world is a machine's cache folder and projects, and those who run there.
type world struct {
	t    *testing.T
	root string
}

func newWorld(t *testing.T) world {
	root := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(root, "cache [1]"))
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

// module makes the folder of one.
func (w world) module(name string) string {
	w.t.Helper()
	dir := w.dir(name)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module m\n"), 0o644); err != nil {
		w.t.Fatal(err)
	}
	return dir
}

// starts has an instance start; its URL is its name.
func (w world) starts(module, pkg, work string) (*Lock, Instance) {
	w.t.Helper()
	i := Instance{PID: 1, Token: "secret", Start: w.root, Module: w.module(module), Package: pkg}
	if work != "" {
		i.Work = filepath.Join(w.dir(work), "go.work")
	}
	folder, err := Folder(i.Module, pkg)
	if err != nil {
		w.t.Fatal(err)
	}
	lock, err := Acquire(folder, i)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(lock.Release)
	return lock, i
}

// runs has one run until the test ends.
func (w world) runs(name, module, pkg, work string) *Lock {
	w.t.Helper()
	lock, i := w.starts(module, pkg, work)
	i.URL = name
	lock.Tell(i)
	return lock
}

// outcome is the name of the instance that was found, or what kind of error there was.
func outcome(i Instance, err error) string {
	if _, ok := errors.AsType[None](err); ok {
		return "none"
	} else if _, ok := errors.AsType[Several](err); ok {
		return "several"
	} else if _, ok := errors.AsType[Starting](err); ok {
		return "starting"
	} else if err != nil {
		return err.Error()
	}
	return i.URL
}

func TestT5_WhichWatcherIsMeant(t *testing.T) {
	w := newWorld(t)
	w.runs("shop", "shop", ".", "")
	w.module("shop/inner") // a module of its own, in which nothing runs
	w.runs("api", "mono/api", "./cmd/api", "")
	w.runs("worker", "mono/api", "./cmd/worker", "")
	w.runs("tools", "mono/api/tools", ".", "")
	w.runs("app", "space/app", ".", "space")
	w.module("space/lib")
	w.starts("young", ".", "")
	// One that was killed leaves its file, and so may a repository that was cloned.
	killed := w.runs("killed", "killed", ".", "")
	text, _ := os.ReadFile(killed.file.Name())
	path := killed.file.Name()
	killed.Release()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	w.dir("cloned/.watcher")
	if err := os.WriteFile(filepath.Join(w.dir("cloned/.watcher"), lockName), []byte(strings.ReplaceAll(string(text), "killed", "cloned")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(w.dir("shop"), filepath.Join(w.root, "link")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ dir, pkg, want string }{
		{"shop", "", "shop"},
		{"shop", ".", "shop"},
		{"shop", w.dir("shop"), "shop"},
		{"shop/deep/below", "", "shop"},
		{"link", "", "shop"},
		{"shop", "./cmd/api", "none"},
		{"shop/inner", "", "none"},
		{"sho", "", "none"},
		{"mono/api", "", "several"},
		{"mono/api", "./cmd/api", "api"},
		{"mono/api", "cmd/worker", "worker"},
		{"mono/api/cmd", "./worker", "worker"},
		{"mono/api/tools", "", "tools"}, // the innermost
		{"mono", "./cmd/api", "api"},    // above it
		{"mono", "", "several"},
		{"space", "", "app"},
		{"space/lib", "", "app"}, // which may read it
		{"space/app/x", "", "app"},
		{"young", "", "starting"},
		{"killed", "", "none"},
		{"cloned", "", "none"},
	} {
		i, err := Find(w.dir(c.dir), c.pkg)
		if got := outcome(i, err); got != c.want {
			t.Errorf("in %q, package %q: %q (%v), want %q", c.dir, c.pkg, got, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than one line: %v", err)
		}
	}
}

// TestT5_SeveralCanBeNamed: what the error lists is what to type, in the folder of the call.
func TestT5_SeveralCanBeNamed(t *testing.T) {
	w := newWorld(t)
	w.runs("a", "mono/a", ".", "")
	w.runs("b", "mono/b", ".", "")
	w.runs("api", "mono/c", "./cmd/api", "")
	w.runs("worker", "mono/c", "./cmd/worker", "")
	w.runs("x", "space/x", ".", "space")
	w.runs("y", "space/y", "./cmd/y", "space")
	w.module("space/lib")
	w.runs("root", "mixed", ".", "")
	w.runs("below", "mixed", "./cmd/api", "")
	for dir, want := range map[string][]string{
		"mixed/cmd/api": {"below", "root"},
		"mono":          {"a", "api", "b", "worker"},
		"mono/c/cmd":    {"api", "worker"},
		"space/lib":     {"x", "y"},
	} {
		_, err := Find(w.dir(dir), "")
		_, list, _ := strings.Cut(fmt.Sprint(err), ", for ")
		list, _, _ = strings.Cut(list, ": ")
		var got []string
		for name := range strings.SplitSeq(list, ", ") {
			got = append(got, outcome(Find(w.dir(dir), name)))
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("in %q: %v leads to %q, want %q", dir, err, got, want)
		}
	}
}

// TestT5_WatcherThatIsJustStarting is waited for, however long that takes; one that is not
// there, for a moment.
func TestT5_WatcherThatIsJustStarting(t *testing.T) {
	w := newWorld(t)
	dir := w.module("shop")
	if i, err := Await(t.Context(), dir, "", 0); outcome(i, err) != "none" {
		t.Fatalf("%+v, %v", i, err)
	}
	lock, i := w.starts("shop", ".", "")
	found := make(chan string)
	go func() { found <- outcome(Await(t.Context(), dir, "", 0)) }()
	select {
	case got := <-found:
		t.Fatalf("found %s before it has opened its front", got)
	case <-time.After(4 * lookAgain): // slowness
	}
	i.URL = "shop"
	lock.Tell(i)
	if got := <-found; got != "shop" {
		t.Fatal(got)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Await(over, w.module("none"), "", time.Hour); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// TestT5_OneThatIsJustStartedAmongFoldersWithoutLocks is waited for as anywhere; where none comes,
// it is said that nothing was known.
func TestT5_OneThatIsJustStartedAmongFoldersWithoutLocks(t *testing.T) {
	w := newWorld(t)
	w.runs("other", "other", ".", "").Release()
	dir := w.module("shop")
	looks := 0
	i, err := await(t.Context(), dir, "", time.Hour, func(f *os.File) error {
		if looks++; looks == 2 { // and none was found before
			w.runs("shop", "shop", ".", "")
		}
		if err := look(f); err != nil {
			return err
		}
		return syscall.ENOLCK
	})
	if err != nil || i.URL != "shop" {
		t.Errorf("found %q, %v", i.URL, err)
	}
	if _, err := await(t.Context(), w.module("none"), "", 0, func(*os.File) error { return syscall.ENOLCK }); !errors.Is(err, syscall.ENOLCK) {
		t.Errorf("where none is: %v", err)
	}
}

// TestT5_LookingKeepsNobodyOut: who looks whether a lock is held holds it for a moment.
func TestT5_LookingKeepsNobodyOut(t *testing.T) {
	w := newWorld(t)
	dir := w.module("shop")
	folder, err := Folder(dir, ".")
	if err != nil {
		t.Fatal(err)
	}
	var lookers sync.WaitGroup
	done := make(chan struct{})
	for range 8 {
		lookers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					_, _ = Find(dir, "")
				}
			}
		})
	}
	for range 50 {
		lock, err := Acquire(folder, Instance{Module: dir})
		if err != nil {
			t.Error(err)
			break
		}
		lock.Release()
	}
	close(done)
	lookers.Wait()
}

// TestT5_WithoutAHome: the folder lies in the project then.
func TestT5_WithoutAHome(t *testing.T) {
	w := newWorld(t)
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	w.runs("shop", "shop", ".", "")
	if i, err := Find(w.dir("shop/below"), ""); err != nil || i.URL != "shop" {
		t.Errorf("%+v, %v", i, err)
	}
}

// TestX3_TokenIsForItsUserAlone, and gone with the watcher. What another user has written is
// not trusted.
func TestX3_TokenIsForItsUserAlone(t *testing.T) {
	w := newWorld(t)
	lock := w.runs("shop", "shop", ".", "")
	path := lock.file.Name()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := Acquire(filepath.Dir(path), Instance{Module: "m"}); err == nil || !strings.Contains(err.Error(), "(pid 1, shop)") {
		t.Errorf("a second one: %v", err)
	}
	if err := os.Chown(path, 65534, 65534); err != nil {
		t.Fatalf("%v: run the tests as root", err)
	}
	if i, err := Find(w.dir("shop"), ""); outcome(i, err) != "none" {
		t.Errorf("another user's: %+v, %v", i, err)
	}
	lock.Release()
	if text, err := os.ReadFile(path); err != nil || len(text) > 0 {
		t.Errorf("%q is left, %v", text, err)
	}
}

// TestT5_TwoLookAtOnce: neither takes the other for a watcher that lives.
func TestT5_TwoLookAtOnce(t *testing.T) {
	w := newWorld(t)
	lock := w.runs("shop", "shop", ".", "")
	folder := filepath.Dir(lock.file.Name())
	text, err := os.ReadFile(lock.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	lock.Release()
	if err := os.WriteFile(lock.file.Name(), text, 0o600); err != nil { // as one that was killed leaves it
		t.Fatal(err)
	}
	other, err := os.OpenFile(lock.file.Name(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := tryLock(other, shared); err != nil { // the other one looks
		t.Fatal(err)
	}
	if i, held, err := holder(folder, look); held || err != nil {
		t.Errorf("a dead watcher counts as one that runs: %+v, %v", i, err)
	}
}

// TestT5_FolderWithoutLocks: that is no other watcher to who starts one, and not none to who looks
// for it. Both are told what to do.
func TestT5_FolderWithoutLocks(t *testing.T) {
	w := newWorld(t)
	none := func(*os.File) error { return syscall.ENOLCK }
	w.runs("shop", "shop", ".", "").Release()
	_, started := acquire(t.TempDir(), Instance{Module: "m"}, none)
	_, found := find(w.dir("shop"), "", none)
	for _, err := range []error{started, found} {
		if !errors.Is(err, syscall.ENOLCK) || !strings.Contains(err.Error(), "set XDG_CACHE_HOME to a folder on a local disk") {
			t.Error(err)
		}
	}
}

// TestT5_OneAmongFoldersWithoutLocks: what is found counts, whatever else could not be looked at.
func TestT5_OneAmongFoldersWithoutLocks(t *testing.T) {
	w := newWorld(t)
	w.runs("other", "other", ".", "").Release()
	w.runs("shop", "shop", ".", "")
	i, err := find(w.dir("shop"), "", func(f *os.File) error {
		if err := look(f); err != nil {
			return err
		}
		return syscall.ENOLCK
	})
	if err != nil || i.URL != "shop" {
		t.Errorf("found %q, %v", i.URL, err)
	}
}
