package git

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func gitRun(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-C", dir}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

// plant makes a work tree that ignores something.
func plant(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	put(t, filepath.Join(root, ".gitignore"), "ignored/\n*.gen.css\n")
	put(t, filepath.Join(root, "static", "site.css"), "")
	put(t, filepath.Join(root, "ignored", "site.css"), "")
	gitRun(t, root, "init", "-q")
	return root
}

func put(t *testing.T, name, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, []byte(text), 0o644))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Where git gives no answer, nothing is ignored: in a submodule, behind a link. It
// goes on answering for the rest.
func TestRule30_GitFailsOnSomeFolders(t *testing.T) {
	root := plant(t)
	must(t, os.Symlink(root, filepath.Join(root, "link")))
	g := Open(root)
	t.Cleanup(g.Close)
	for i := range 3 {
		for rel, want := range map[string]bool{
			"link/a.gen.css": false, "link/deep/b.gen.css": false, "static/a.gen.css": true, "ignored": true, "static": false,
		} {
			if got := g.Ignored(rel); got != want {
				t.Errorf("round %d: Ignored(%q) = %v", i, rel, got)
			}
		}
	}
	g.Ignored("static/b.css")
	must(t, g.cmd.Process.Kill()) // it is started again
	if !g.Ignored("other/b.gen.css") || g.Ignored("other/c.css") {
		t.Error("wrong answers after git was killed")
	}
}

// A git that hangs is waited for once, then killed and left alone.
func TestRule30_GitHangs(t *testing.T) {
	for when, answer := range map[string]string{"at once": "", "later": `printf '\0\0\0.\0'`} {
		t.Run(when, func(t *testing.T) {
			bin := t.TempDir()
			put(t, filepath.Join(bin, "git"), "#!/bin/sh\necho >>\"$0.started\"\n"+answer+"\nexec sleep 600\n")
			must(t, os.Chmod(filepath.Join(bin, "git"), 0o755))
			t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			root := t.TempDir()
			must(t, os.Mkdir(filepath.Join(root, ".git"), 0o755))
			g := Open(root)
			for _, rel := range []string{"static/site.css", "other/site.css", "static"} {
				if g.Ignored(rel) {
					t.Errorf("%s is ignored", rel)
				}
			}
			started, err := os.ReadFile(filepath.Join(bin, "git.started"))
			must(t, err)
			if n := strings.Count(string(started), "\n"); n != 1 || g.cmd != nil {
				t.Errorf("git was started %d times, runs: %v", n, g.cmd != nil)
			}
		})
	}
}

// The kill may come when the process has just ended by itself.
func TestGitEndsWhileItIsKilled(t *testing.T) {
	root := plant(t)
	g := Open(root)
	for range 300 {
		must(t, g.start())
		must(t, g.in.Close())
		_, err := g.cmd.Process.Wait()
		must(t, err)
		g.stop(0)
	}
}

func TestGitDir(t *testing.T) {
	root := plant(t)
	gitRun(t, root, "add", ".")
	gitRun(t, root, "commit", "-qm", "all")
	tree := filepath.Join(t.TempDir(), "tree")
	gitRun(t, root, "worktree", "add", "-q", tree)
	put(t, filepath.Join(root, ".git", "worktrees", "tree", "index.lock"), "")
	for dir, locked := range map[string]bool{
		root: false, filepath.Join(root, "static"): false,
		tree: true, filepath.Join(tree, "static"): true,
	} {
		if g := Open(dir); g.dir == "" || g.Locked() != locked {
			t.Errorf("%s: git folder %q, locked %v", dir, g.dir, g.Locked())
		}
	}
	long := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(filepath.Join(root, ".git", "worktrees", "tree", "index.lock"), long, long))
	if Open(tree).Locked() {
		t.Error("locked by what a git that crashed has left")
	}
	if dir := gitDir(t.TempDir()); dir != "" {
		t.Errorf("no work tree: %q", dir)
	}
}
