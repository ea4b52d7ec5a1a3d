package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// begun starts the program beside others, with a go command that hangs, and returns when that has
// been called.
func begun(t *testing.T, dir string, args ...string) (cmd *exec.Cmd, hanging int) {
	t.Helper()
	hearHangups()
	bin, pid := t.TempDir(), filepath.Join(t.TempDir(), "pid")
	script := "#!/bin/sh\necho $$ >" + pid + ".new\nmv " + pid + ".new " + pid + "\nexec sleep 600\n"
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command("watcher", args...)
	cmd.Dir = dir
	cmd.Env = append(environment(t), "PATH="+bin+":"+os.Getenv("PATH"), "TMPDIR="+t.TempDir(), "XDG_CACHE_HOME="+t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() { late.Stop() })
	for deadline := time.Now().Add(patience); hanging == 0; {
		if text, err := os.ReadFile(pid); err == nil {
			hanging, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		} else if time.Now().After(deadline) {
			t.Fatal("the go command is never called")
		}
	}
	return cmd, hanging
}

// TestT12_SignalsEndOtherCalls: with the code that shells know, and nothing is left.
func TestT12_SignalsEndOtherCalls(t *testing.T) {
	p := prepare(t, plainapp)
	for sig, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		cmd, hanging := begun(t, p.dir, "explain", "main.go")
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok || exit.ExitCode() != code {
			t.Errorf("%v ends explain with %v, want code %d", sig, err, code)
		}
		gone(t, hanging)
		for _, e := range cmd.Env {
			if dir, ok := strings.CutPrefix(e, "TMPDIR="); ok {
				if left, _ := os.ReadDir(dir); len(left) > 0 {
					t.Errorf("%v leaves %v", sig, left)
				}
			}
		}
	}
}

// TestT12_SignalEndsWhatHangs: also a call that stands before a file which cannot be read, as on a
// mount that does not answer.
func TestT12_SignalEndsWhatHangs(t *testing.T) {
	p := prepare(t, plainapp)
	path := filepath.Join(p.dir, "conf", "app.yaml")
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("a: 1\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := unix.FcntlInt(file.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Fatal(err)
	}
	cmd, temp := exec.Command("watcher", "explain", "main.go"), t.TempDir()
	cmd.Dir, cmd.Env = p.dir, append(environment(t), "XDG_CACHE_HOME="+t.TempDir(), "TMPDIR="+temp)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(patience/2, func() { _ = cmd.Process.Kill() }) // the kernel takes a lease back after 45 s
	defer late.Stop()
	for { // until it stands before the file, and the kernel wants our lease back
		kind, err := unix.FcntlInt(file.Fd(), unix.F_GETLEASE, 0)
		if err != nil || !alive(cmd.Process.Pid) {
			t.Fatalf("it does not open %s: %v", path, err)
		}
		if kind != unix.F_WRLCK {
			break
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("explain ends with %v", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("%v is left: %v", left, err)
	}
}

// TestT12_WaitIsInterrupted: there is nothing to take down, so the signal itself ends it.
func TestT12_WaitIsInterrupted(t *testing.T) {
	p := prepare(t, plainapp)
	p.slowCompiler(10 * time.Minute)
	p.run()
	p.awaitChild("sleep")
	cmd := exec.Command("watcher", "wait")
	cmd.Dir, cmd.Env = p.dir, append(environment(t), "XDG_CACHE_HOME="+p.cache)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	for connected := false; !connected; { // then it waits
		fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", cmd.Process.Pid))
		if err != nil || alive(cmd.Process.Pid) && len(fds) == 0 {
			t.Fatal(fds, err)
		}
		connected = slices.ContainsFunc(fds, func(fd string) bool {
			to, _ := os.Readlink(fd)
			return strings.HasPrefix(to, "socket:")
		})
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
		t.Errorf("wait ends with %v", err)
	}
}

// TestT12_IgnoredHangupStaysIgnored: as nohup has it.
func TestT12_IgnoredHangupStaysIgnored(t *testing.T) {
	p := prepare(t, plainapp)
	p.begin(exec.Command("sh", "-c", "trap '' HUP; exec watcher"))
	p.await("front    http")
	p.url = frontOf(p.out.String())
	p.await("ready  ")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.saveVersion(2)
	p.want(2)
}
