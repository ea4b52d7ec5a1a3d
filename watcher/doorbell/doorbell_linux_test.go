package doorbell

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// open makes a bell on a new folder.
func open(t *testing.T) (*Bell, string) {
	t.Helper()
	b, err := New()
	must(t, err)
	t.Cleanup(b.Close)
	dir := t.TempDir()
	must(t, b.Add(dir))
	return b, dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rings takes all rings off the queue.
func rings(b *Bell) (all []Ring) {
	b.Answer(func(r Ring) bool { all = append(all, r); return false })
	return all
}

func put(t *testing.T, name, text string) {
	t.Helper()
	must(t, os.WriteFile(name, []byte(text), 0o644))
}

// What is done has rung when the call that does it returns, each time.
func TestRings(t *testing.T) {
	b, dir := open(t)
	file, other := filepath.Join(dir, "file"), filepath.Join(dir, "other")
	outside := filepath.Join(t.TempDir(), "outside")
	f, err := os.Create(file)
	must(t, err)
	defer f.Close()
	for n := range 100 {
		for _, c := range []struct {
			what string
			do   func() error
			want Ring
		}{
			{"write, before close", func() error { _, err := f.WriteString("x"); return err }, Ring{Path: file}},
			{"truncate", func() error { return f.Truncate(0) }, Ring{Path: file}},
			{"create", func() error { return os.WriteFile(other, nil, 0o644) }, Ring{Path: other, Came: true}},
			{"rename away", func() error { return os.Rename(other, outside) }, Ring{Path: other}},
			{"rename in", func() error { return os.Rename(outside, other) }, Ring{Path: other, Came: true}},
			{"remove", func() error { return os.Remove(other) }, Ring{Path: other}},
			{"link", func() error { return os.Link(file, other) }, Ring{Path: other, Came: true}},
			{"remove a link", func() error { return os.Remove(other) }, Ring{Path: other}},
			{"chmod", func() error { return f.Chmod(0o600) }, Ring{Path: file}},
			{"mkdir", func() error { return os.Mkdir(other, 0o755) }, Ring{Path: other, Folder: true, Came: true}},
			{"rmdir", func() error { return os.Remove(other) }, Ring{Path: other, Folder: true}},
		} {
			rings(b)
			must(t, c.do())
			if !b.Rung() {
				t.Fatalf("round %d: no ring after %s", n, c.what)
			}
			if got := rings(b); !slices.Contains(got, c.want) {
				t.Fatalf("%s: %+v, want %+v", c.what, got, c.want)
			}
		}
	}
}

func TestSilence(t *testing.T) {
	b, dir := open(t)
	file := filepath.Join(dir, "file")
	put(t, file, "")
	must(t, os.Mkdir(filepath.Join(dir, "below"), 0o755))
	rings(b)
	if _, err := os.ReadFile(file); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "below", "file"), "")
	if b.Rung() {
		t.Errorf("rung by a read, or below another folder: %+v", rings(b))
	}
	b.Remove(dir)
	put(t, file, "2")
	if got := rings(b); len(got) > 0 {
		t.Errorf("a folder that was removed rings: %+v", got)
	}
	must(t, b.Add(dir))
	put(t, file, "3")
	if got := rings(b); !slices.Equal(got, []Ring{{Path: file}}) {
		t.Errorf("added again: %+v", got)
	}
	b.Close()
	if b.Add(dir) == nil {
		t.Error("it goes on after Close")
	}
	if !b.Rung() || !b.Answer(func(Ring) bool { return false }) {
		t.Error("silent after Close, when nobody can know")
	}
}

// A folder keeps its watch when it is renamed, so that its old and its new name share one for
// a while: to remove the old name must not take the new one's watch.
func TestRenamedFolder(t *testing.T) {
	b, dir := open(t)
	before, after := filepath.Join(dir, "before"), filepath.Join(dir, "after")
	must(t, os.Mkdir(before, 0o755))
	must(t, b.Add(before))
	must(t, os.Rename(before, after))
	must(t, b.Add(after))
	rings(b)
	put(t, filepath.Join(after, "file"), "")
	if got := rings(b); !slices.Contains(got, Ring{}) {
		t.Errorf("by two names: %+v", got)
	}
	b.Remove(before)
	put(t, filepath.Join(after, "file"), "2")
	if got, want := rings(b), []Ring{{Path: filepath.Join(after, "file")}}; !slices.Equal(got, want) {
		t.Errorf("by its new name: %+v, want %+v", got, want)
	}
}

// When more has happened than the queue takes, somebody who asks is told that anything may have.
func TestOverflow(t *testing.T) {
	b, dir := open(t)
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	must(t, err)
	most, err := strconv.Atoi(strings.TrimSpace(string(text)))
	must(t, err)
	files := [2]string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
	put(t, files[0], "")
	put(t, files[1], "")
	for i := range most {
		must(t, os.Chmod(files[i%2], 0o600)) // in turn, as equal events in a row are one
	}
	got := rings(b)
	if len(got) == 0 || got[len(got)-1] != (Ring{}) {
		t.Errorf("%d rings, the last is no overflow", len(got))
	}
	if b.Rung() {
		t.Error("it rings on")
	}
}

func TestAnswerAsksAboutAll(t *testing.T) {
	b, dir := open(t)
	for i := range 1000 {
		put(t, filepath.Join(dir, fmt.Sprint(i)), "x")
	}
	asked := 0
	if !b.Answer(func(r Ring) bool { asked++; return asked == 3 }) || asked < 1000 || b.Rung() {
		t.Errorf("asked %d times, and it rings: %v", asked, b.Rung())
	}
}

func TestNoFolder(t *testing.T) {
	b, dir := open(t)
	file := filepath.Join(dir, "file")
	put(t, file, "")
	for name, want := range map[string]error{file: unix.ENOTDIR, filepath.Join(dir, "none"): os.ErrNotExist} {
		if err := b.Add(name); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
