package builder

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestB5_FullDiskIsSaidAndForgiven fills a small disk of its own. It mounts that in
// a mount namespace, so in a second process, which anybody may do and which leaves
// nothing behind.
func TestB5_FullDiskIsSaidAndForgiven(t *testing.T) {
	if disk := os.Getenv("BUILDER_TEST_DISK"); disk != "" {
		fillDisk(t, disk)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "BUILDER_TEST_DISK="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if id := os.Getuid(); id != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
}

func fillDisk(t *testing.T, disk string) {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=16m"); err != nil {
		t.Fatal(err)
	}
	b := newBuilder(t, filepath.Join(disk, "cache"), new(group).run)
	spec := shop(t, t.TempDir(), "main.go", hello)
	old := mustBuild(t, b, Request{Spec: spec})
	build := func() Result { return b.Build(t.Context(), Request{Spec: spec, Keep: []string{old.Binary}}) }

	filler := filepath.Join(disk, "filler")
	for _, free := range []int64{1 << 20, 0} { // room for the compiler's output only, for none
		full(t, filler, free)
		res := build()
		var failure *Failure
		if !errors.As(res.Err, &failure) || !strings.Contains(failure.Text, "no space left on device") {
			t.Errorf("with %d bytes free: %v\n%s", free, res.Err, res.Output)
		}
		if left := files(t, disk); len(left) != 2 { // the old binary and the filler
			t.Errorf("with %d bytes free: left %q", free, left)
		}
		os.Remove(filler)
		if res := build(); res.Err != nil {
			t.Errorf("after room was made: %v\n%s", res.Err, res.Output)
		} else {
			os.Remove(res.Binary)
		}
	}
	if out, err := exec.Command(old.Binary).CombinedOutput(); string(out) != "hello\n" {
		t.Errorf("the old binary: %q, %v", out, err)
	}
}

// full writes a file at path that leaves free bytes of its disk.
func full(t *testing.T, path string, free int64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	size, _ := f.Seek(0, 1)
	if err := f.Truncate(size - free); err != nil {
		t.Fatal(err)
	}
}
