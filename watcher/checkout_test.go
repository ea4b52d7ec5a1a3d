package watcher

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// repository is a module of many files with two branches that differ in all of them.
func repository(t *testing.T, files int) string {
	root := plant(t, small)
	write := func(version string) {
		for i := range files {
			put(t, filepath.Join(root, "pkg", fmt.Sprint(i%20), fmt.Sprintf("f%d.go", i)), fmt.Sprintf("package p // %s\n", version))
		}
	}
	gitRun(t, root, "init", "-q", "-b", "main")
	write("one")
	gitRun(t, root, "add", ".")
	gitRun(t, root, "commit", "-qm", "one")
	gitRun(t, root, "checkout", "-qb", "other")
	write("two")
	gitRun(t, root, "commit", "-qam", "two")
	for i := range 10 {
		put(t, filepath.Join(root, "other.go"), fmt.Sprintf("package main // %d\n", i))
		gitRun(t, root, "commit", "-qam", fmt.Sprint(i))
	}
	gitRun(t, root, "checkout", "-q", "main")
	put(t, filepath.Join(root, "main.go"), "package main // main goes on\n")
	gitRun(t, root, "commit", "-qam", "main")
	return root
}

// However many files git writes, it is one or two batches, the last of them with all.
func TestW3_GitWritesManyFiles(t *testing.T) {
	t.Parallel()
	for name, linked := range map[string]bool{"events": true, "polling": false} {
		t.Run(fmt.Sprintf("%s/linked work tree=%v", name, linked), func(t *testing.T) {
			t.Parallel()
			root := repository(t, 2000)
			if linked { // whose lock lies elsewhere
				tree := filepath.Join(t.TempDir(), "tree")
				gitRun(t, root, "worktree", "add", "-q", "-b", "linked", tree)
				root = tree
			}
			cfg := Config{}
			backends[name](&cfg)
			if linked {
				cfg.Graph = graphOf(t, root)
			}
			p := watch(t, root, cfg)
			for _, command := range [][]string{
				{"checkout", "-q", "other"},
				{"checkout", "-q", "--detach", "main"},
				{"checkout", "-q", "-B", "topic", "other"},
				{"rebase", "-q", "main"},
			} {
				p.burst(func() { gitRun(t, root, command...) })
			}
			p.burst(func() {
				p.save("main.go", "package main // not committed\n")
				p.save("pkg/0/f0.go", "package p // not committed\n")
				gitRun(t, root, "stash", "-q")
			})
			p.burst(func() { gitRun(t, root, "stash", "pop", "-q") })
			p.stop()
			compareWithDisk(t, p)
		})
	}
}

// burst checks that what do does is told in two batches at most. A number waits for 2 s at
// most (rule 1), so a slow machine has one more for each.
func (p *probe) burst(do func()) {
	p.t.Helper()
	begun := time.Now()
	do()
	most := 2 + int(time.Since(begun)/settleLimit)
	batches := 0
	var text string
	for quiet := false; !quiet; {
		text = fmt.Sprint("package main // ", time.Now())
		p.save("sentinel.go", text)
		batch, _ := p.end().(Batch)
		if quiet = covers([]string{"sentinel.go rebuild"}, p.lines(batch)); !quiet {
			batches++
		}
	}
	for seen, _ := p.told.Load(p.path("sentinel.go")); seen != text; seen, _ = p.told.Load(p.path("sentinel.go")) {
		p.end() // it was the one before that has been told of
	}
	if batches > most {
		p.t.Errorf("%d batches", batches)
	}
}
