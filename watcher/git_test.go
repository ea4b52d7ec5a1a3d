package watcher

import (
	"os/exec"
	"path/filepath"
	"testing"
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

// So does one that lies above the project, or beside the work tree.
func TestRule30_IgnoreFileElsewhere(t *testing.T) {
	root := plant(t, "-- .gitignore --\n-- api/main.go --\npackage main\n")
	gitRun(t, root, "init", "-q")
	gitRun(t, root, "add", "-A")
	gitRun(t, root, "commit", "-q", "-m", "all")
	linked := filepath.Join(t.TempDir(), "linked")
	gitRun(t, root, "worktree", "add", "-q", linked)
	for name, edit := range map[string]func(*probe){
		"above":  func(p *probe) { p.save("../.gitignore", "*.css\n") },
		"beside": func(p *probe) { put(t, filepath.Join(root, ".git", "info", "exclude"), "*.css\n") },
	} {
		t.Run(name, func(t *testing.T) {
			p := watch(t, filepath.Join(linked, "api"), Config{})
			p.save("static/site.css", name)
			p.sees("static/site.css refresh")
			p.ignores(func() {
				edit(p)
				p.save("static/site.css", "ignored")
			})
		})
		gitRun(t, linked, "checkout", "-q", ".")
		put(t, filepath.Join(root, ".git", "info", "exclude"), "")
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
