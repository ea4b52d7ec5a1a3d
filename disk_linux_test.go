package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestB5_FullDiskAndBack: the cache's disk fills up between two builds.
func TestB5_FullDiskAndBack(t *testing.T) {
	cache := t.TempDir()
	if err := syscall.Mount("tmpfs", cache, "tmpfs", 0, "size=64m"); err != nil {
		t.Fatalf("mount a small disk: %v: run the tests as root", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(cache, syscall.MNT_DETACH) })
	p := prepare(t, plainapp)
	p.env = []string{"XDG_CACHE_HOME=" + cache}
	p.run()
	p.await("ready  ")
	old := p.want(1)
	ballast := filepath.Join(cache, "ballast")
	fill(t, ballast)

	p.saveVersion(2)
	p.await("failed ")
	if a := p.get("/version"); a.pid() != old.pid() || a.build != "failed" {
		t.Errorf("on a full disk: %v\n%s", a, p.out)
	}
	if !strings.Contains(p.out.String(), "no space left on device") {
		t.Errorf("the reason is not told\n%s", p.out)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	p.saveVersion(2) // the same content again
	p.awaitVersion(2)
}

// fill writes until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 64<<10); ; {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}
