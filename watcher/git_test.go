package watcher

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func gitRun(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-C", dir}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

const ignoring = small + `
-- .gitignore --
ignored/
*.gen.css
!keep.gen.css
*.gen.go
.env
-- ignored/site.css --
-- ignored/deep/main.go --
package deep
-- static/a.gen.css --
-- static/keep.gen.css --
-- api.gen.go --
package main
-- .env --
A=1
`

func TestRule30_WhatGitIgnores(t *testing.T) {
	root := plant(t, ignoring)
	gitRun(t, root, "init", "-q")
	p := watch(t, root, Config{})
	p.ignores(func() {
		p.save("ignored/site.css", "2")
		p.save("ignored/deep/main.go", "package deep // 2")
		p.save("static/a.gen.css", "2")
	})
	if _, watched := p.w.folders[p.path("ignored")]; watched {
		t.Error("an ignored folder is watched")
	}
	p.save("static/keep.gen.css", "2")
	p.sees("static/keep.gen.css refresh")
	p.save("api.gen.go", "package main // 2") // compiled, whatever git ignores
	p.sees("api.gen.go rebuild")
	p.save(".env", "A=2")
	p.sees(".env restart")
}

func TestRule30_IgnoredFolderWithARule(t *testing.T) {
	root := plant(t, ignoring)
	gitRun(t, root, "init", "-q")
	p := watch(t, root, Config{Rules: []Rule{{Paths: []string{"ignored/**/*.go", "static/*.gen.css"}, Action: Restart}}})
	p.ignores(func() { p.save("ignored/site.css", "2") })
	p.save("ignored/deep/main.go", "package deep // 2")
	p.sees("ignored/deep/main.go restart")
	p.save("static/a.gen.css", "2")
	p.sees("static/a.gen.css restart")
}

// An edit of .gitignore, or of git's own file of ignores, counts at once.
func TestRule30_IgnoreFileEdited(t *testing.T) {
	root := plant(t, ignoring)
	gitRun(t, root, "init", "-q")
	p := watch(t, root, Config{})
	p.save(".gitignore", "*.gen.css\n")
	p.sees("ignored/site.css refresh", "ignored/deep/main.go rebuild")
	p.save("ignored/site.css", "2")
	p.sees("ignored/site.css refresh")
	p.save(".git/info/exclude", "site.css\n")
	p.ignores(func() {
		p.save("ignored/site.css", "3")
		p.save("static/site.css", "3")
	})
}

// Where git gives no answer, nothing is ignored: in a submodule, behind a link. It
// goes on answering for the rest.
func TestRule30_GitFailsOnSomeFolders(t *testing.T) {
	root := plant(t, ignoring)
	gitRun(t, root, "init", "-q")
	must(t, os.Symlink(root, filepath.Join(root, "link")))
	g := newGit(root)
	t.Cleanup(func() { g.stop(gitEnd) })
	for i := range 3 {
		for rel, want := range map[string]bool{
			"link/a.gen.css": false, "link/deep/b.gen.css": false, "static/a.gen.css": true, "ignored": true, "static": false,
		} {
			if got := g.ignored(rel); got != want {
				t.Errorf("round %d: ignored(%q) = %v", i, rel, got)
			}
		}
	}
	g.ignored("static/b.css")
	must(t, g.cmd.Process.Kill()) // it is started again
	if !g.ignored("other/b.gen.css") || g.ignored("other/c.css") {
		t.Error("wrong answers after git was killed")
	}
}

// A git that hangs is waited for once, then killed and left alone.
func TestRule30_GitHangs(t *testing.T) {
	for when, answer := range map[string]string{"at once": "", "later": `printf '\0\0\0.\0'`} {
		t.Run(when, func(t *testing.T) {
			bin := plant(t, "-- git --\n#!/bin/sh\necho >>\"$0.started\"\n"+answer+"\nexec sleep 600\n")
			must(t, os.Chmod(filepath.Join(bin, "git"), 0o755))
			t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			root := plant(t, small)
			must(t, os.Mkdir(filepath.Join(root, ".git"), 0o755))
			g := newGit(root)
			for _, rel := range []string{"static/site.css", "other/site.css", "static"} {
				if g.ignored(rel) {
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
	root := plant(t, small)
	gitRun(t, root, "init", "-q")
	g := newGit(root)
	for range 300 {
		must(t, g.start())
		must(t, g.in.Close())
		_, err := g.cmd.Process.Wait()
		must(t, err)
		g.stop(0)
	}
}

// A project below a folder that git ignores is a project all the same.
func TestRule30_IgnoredRoot(t *testing.T) {
	root := plant(t, ignoring)
	gitRun(t, root, "init", "-q")
	p := watch(t, filepath.Join(root, "ignored"), Config{})
	p.save("site.css", "2")
	p.sees("site.css refresh")
}

func TestGitDir(t *testing.T) {
	root := plant(t, small)
	gitRun(t, root, "init", "-q")
	gitRun(t, root, "add", ".")
	gitRun(t, root, "commit", "-qm", "all")
	tree := filepath.Join(t.TempDir(), "tree")
	gitRun(t, root, "worktree", "add", "-q", tree)
	put(t, filepath.Join(root, ".git", "worktrees", "tree", "index.lock"), "")
	for dir, locked := range map[string]bool{
		root: false, filepath.Join(root, "static"): false,
		tree: true, filepath.Join(tree, "static"): true,
	} {
		if g := newGit(dir); g.dir == "" || g.locked() != locked {
			t.Errorf("%s: git folder %q, locked %v", dir, g.dir, g.locked())
		}
	}
	long := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(filepath.Join(root, ".git", "worktrees", "tree", "index.lock"), long, long))
	if newGit(tree).locked() {
		t.Error("locked by what a git that crashed has left")
	}
	if dir := gitDir(t.TempDir()); dir != "" {
		t.Errorf("no work tree: %q", dir)
	}
}
