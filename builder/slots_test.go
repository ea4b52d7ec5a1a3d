package builder

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// writing is a Runner that writes content to where go build would put the binary.
func writing(content func() string) Runner {
	return func(_ context.Context, cmd *exec.Cmd) error {
		out := cmd.Args[slices.Index(cmd.Args, "-o")+1]
		return os.WriteFile(out, []byte(content()), 0o755)
	}
}

// files lists the files below dir, relative to it.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			found = append(found, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func newBuilder(t *testing.T, cache string, run Runner) *Builder {
	t.Helper()
	b, err := New(cache, run)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestB5_AtMostFiveBinaries(t *testing.T) {
	cache, n := t.TempDir(), 0
	b := newBuilder(t, cache, writing(func() string { n++; return fmt.Sprintf("#!/bin/sh %d", n) }))
	var keep []string
	for range 30 {
		before := map[string][]byte{}
		for _, k := range keep {
			before[k], _ = os.ReadFile(k)
		}
		res := b.Build(t.Context(), Request{Spec: Spec{Name: "shop", Env: os.Environ()}, Keep: keep})
		if res.Err != nil {
			t.Fatal(res.Err)
		}
		for k, content := range before {
			if now, _ := os.ReadFile(k); !bytes.Equal(now, content) {
				t.Fatalf("kept binary %s was written to", k)
			}
		}
		if keep = append(keep, res.Binary); len(keep) > 4 {
			keep = slices.Delete(keep, n%4, n%4+1) // any of the older ones ends
		}
		if found := files(t, cache); len(found) > 5 {
			t.Fatalf("more than five files: %q", found)
		}
	}
}

func TestSlotsAreReusedAcrossSessionsAndNames(t *testing.T) {
	cache := t.TempDir()
	leftover := filepath.Join(cache, "work", "build-7", "go-build1", "b001", "shop")
	os.MkdirAll(filepath.Dir(leftover), 0o755)
	os.WriteFile(leftover, nil, 0o644)
	for _, name := range []string{"shop", "shop", "store"} {
		b := newBuilder(t, cache, writing(func() string { return "#!/bin/sh\n" }))
		if found := files(t, filepath.Join(cache, "work")); found != nil {
			t.Errorf("New left %q", found)
		}
		res := b.Build(t.Context(), Request{Spec: Spec{Name: name, Env: os.Environ()}})
		if res.Err != nil {
			t.Fatal(res.Err)
		}
		got := strings.Join(files(t, cache), " ")
		if want := "slots/1/" + filepath.Base(res.Binary); got != want {
			t.Errorf("files %q, want %q", got, want)
		}
	}
}

func TestB4_EqualComparesContents(t *testing.T) {
	const chunk = 64 << 10
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, size := range []int{0, 1, chunk - 1, chunk, 2 * chunk, 2*chunk + 1} {
		content := bytes.Repeat([]byte("x"), size)
		a := write("a", content)
		if !equal(a, write("b", content)) {
			t.Errorf("%d equal bytes differ", size)
		}
		if equal(a, write("b", append(content, 'x'))) {
			t.Errorf("%d bytes equal one more", size)
		}
		if size > 0 {
			content[size-1] = 'y'
			if equal(a, write("b", content)) {
				t.Errorf("%d bytes of which the last differs are equal", size)
			}
		}
	}
	if equal(filepath.Join(dir, "a"), "") || equal(filepath.Join(dir, "a"), filepath.Join(dir, "gone")) {
		t.Error("a file equals none")
	}
}

func TestB2_LongOutputKeepsBothEnds(t *testing.T) {
	var out bounded
	fmt.Fprintln(&out, "first")
	for n := range 400_000 {
		fmt.Fprintf(&out, "line %d\n", n)
	}
	fmt.Fprintln(&out, "last")
	text := out.String()
	if !strings.HasPrefix(text, "first\nline 0\n") || !strings.HasSuffix(text, "line 399999\nlast") {
		t.Errorf("ends are lost: %.40q ... %q", text, text[len(text)-40:])
	}
	if len(text) > 2*keepEnd+100 || !strings.Contains(text, " bytes left out ...\n") {
		t.Errorf("%d bytes kept", len(text))
	}
}
