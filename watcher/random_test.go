package watcher

import (
	"fmt"
	"hash/maphash"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Random operations on a tree: probe checks numbers and their ends, and at the end
// the watcher must know exactly what is on disk.
func TestRule1_NumbersUnderRandomOperations(t *testing.T) {
	for seed := range uint64(16) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			root := plant(t, small)
			cfg := Config{}
			graph := allFolders(root)
			if seed%2 == 1 {
				cfg.Graph = &graph
			}
			p := watch(t, root, cfg)
			random := rand.New(rand.NewPCG(seed, 0))
			for i := range 300 {
				disturb(p.root, random)
				if i%100 == 50 && seed%4 > 1 {
					p.w.Learn(graph, time.Now())
				}
			}
			p.save("last.go", "package main")
			for seen := false; !seen; {
				if batch, ok := p.end().(Batch); ok {
					seen = covers(p.lines(batch), []string{"last.go rebuild"})
				}
			}
			// Renamed folders are walked again at the end of a round: one more of them.
			p.save("last.go", "package main // 2")
			p.sees("last.go rebuild")
			p.stop()
			compareWithDisk(t, p)
		})
	}
}

// allFolders is a graph of every folder that disturb may make: most are waited for.
func allFolders(root string) Graph {
	g := Graph{Packages: []Package{{Dir: root}}, Takes: takes}
	for depth, from := 0, 0; depth < 4; depth++ {
		to := len(g.Packages)
		for _, parent := range g.Packages[from:to] {
			for _, name := range []string{"a", "b", "c"} {
				g.Packages = append(g.Packages, Package{Dir: filepath.Join(parent.Dir, name), Missing: true})
			}
		}
		from = to
	}
	return g
}

// disturb does one thing to the tree. It may fail: the next one does something else.
func disturb(root string, random *rand.Rand) {
	folder := func() string {
		name := root
		for range random.IntN(4) {
			name = filepath.Join(name, string(rune('a'+random.IntN(3))))
		}
		return name
	}
	name := filepath.Join(folder(), string(rune('x'+random.IntN(3)))+".go")
	switch random.IntN(8) {
	case 0, 1, 2:
		_ = os.MkdirAll(filepath.Dir(name), 0o755)
		_ = os.WriteFile(name, fmt.Appendf(nil, "package x // %d", random.IntN(5)), 0o644)
	case 3:
		_ = os.Remove(name)
	case 4:
		_ = os.Rename(name, filepath.Join(folder(), "y.go"))
	case 5:
		if dir := folder(); dir != root {
			_ = os.RemoveAll(dir)
		}
	case 6, 7:
		if dir := folder(); dir != root {
			_ = os.Rename(dir, filepath.Join(folder(), string(rune('a'+random.IntN(3)))))
		}
	}
}

func compareWithDisk(t *testing.T, p *probe) {
	t.Helper()
	onDisk := map[string]bool{}
	_ = filepath.WalkDir(p.root, func(name string, entry fs.DirEntry, err error) error {
		if filepath.Ext(name) != ".go" || entry.IsDir() {
			return err
		}
		onDisk[name] = true
		text, err := os.ReadFile(name)
		if p.w.cfg.Graph != nil && !p.w.rules.Compiles(filepath.Dir(name)) {
			return nil // deeper than allFolders goes
		}
		if err != nil || p.w.files[name].sum != maphash.Bytes(p.w.seed, text) {
			t.Errorf("%s: known content differs from %q (%v)", name, text, err)
		}
		return nil
	})
	for name := range p.w.files {
		if filepath.Ext(name) == ".go" && !onDisk[name] {
			t.Errorf("%s: known, but not on disk", name)
		}
	}
}
