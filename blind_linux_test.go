package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestW9_BlindMount: the project lies on a mount of a kind that is not known to be blind,
// and is edited behind it. One such edit is found by the safety scan, which says so in one
// line; from then on no request that begins after a save is answered by older code.
func TestW9_BlindMount(t *testing.T) {
	p := prepare(t, plainapp)
	behind := *p // the same files, without the mount
	p.dir = overlay(t, p.dir)
	p.run()
	p.await("ready  ")
	behind.saveVersion(2)
	if line := p.await(" is polled from now on"); !strings.Contains(line, "version.go: "+p.dir+" is") {
		t.Errorf("the line does not name file and mount: %s", line)
	}
	p.awaitVersion(2)
	p.staysFresh(behind.saveVersion, 3)
	if n := strings.Count(p.out.String(), " is polled"); n != 1 {
		t.Errorf("%d lines about polling\n%s", n, p.out)
	}
}

// TestT5_WaitIsExactOnABlindMount: no event tells of any of the saves.
func TestT5_WaitIsExactOnABlindMount(t *testing.T) {
	p := prepare(t, plainapp)
	behind := *p
	p.dir = overlay(t, p.dir)
	p.run()
	p.await("ready  ")
	p.waitsExactly(behind.saveVersion, 2, times(20))
}

// TestS1_UnderPolling: the same, where polling is asked for.
func TestS1_UnderPolling(t *testing.T) {
	p := start(t, plainapp, "--poll")
	p.staysFresh(p.saveVersion, 2)
}

// staysFresh saves versions from first on under load. Nothing is awaited between a save
// and the requests that must see it.
func (p *program) staysFresh(save func(version int), first int) {
	p.t.Helper()
	load := p.load(10)
	for n := first; n < first+times(50); n++ {
		save(n)
		load.atLeast(n) // holds for every request that begins from now on
		p.want(n)
	}
	load.end(p.t)
}

// overlay mounts a folder at another place, where edits of the first are seen and make
// no events.
func overlay(t *testing.T, lower string) string {
	t.Helper()
	dir := t.TempDir()
	at := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	merged := at("merged")
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", lower, at("upper"), at("work"))
	if err := syscall.Mount("overlay", merged, "overlay", 0, options); err != nil {
		t.Fatalf("mount an overlay: %v: run the tests as root", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(merged, syscall.MNT_DETACH) })
	return merged
}
