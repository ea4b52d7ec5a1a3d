package runner

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/runner/group"
)

func TestR3_KilledOutrightLeavesNothing(t *testing.T) {
	t.Parallel()
	cmd, said, children := startParent(t)
	_ = cmd.Process.Signal(syscall.SIGKILL)
	awaitEnd(t, append(said, children...)...)
	_ = cmd.Wait()
}

// Without the guard the parent-death signal still takes those that we started ourselves.
func TestRule43_KilledOutrightWithoutGuard(t *testing.T) {
	t.Parallel()
	cmd, said, children := startParent(t)
	for _, pid := range children {
		if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); string(name) == "sh\n" {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			awaitEnd(t, pid)
		}
	}
	_ = cmd.Process.Signal(syscall.SIGKILL)
	awaitEnd(t, children...)
	for _, pid := range said { // the grandchildren are not reached
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = cmd.Wait()
}

// startParent starts the program that is to be killed and returns the pids that were
// said (the app, its grandchild, the build's child) and those of its children in the
// process table (the app, the build, the guard).
func startParent(t *testing.T) (cmd *exec.Cmd, said, children []int) {
	cmd = again("parent")
	out := newOutput()
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	parent := &app{t: t, output: out}
	for range 3 {
		said = append(said, parent.child())
	}
	children = childrenOf(cmd.Process.Pid)
	if len(children) != 3 {
		t.Errorf("found %d children", len(children))
	}
	return cmd, said, children
}

// childrenOf lists the children of a process; each is listed with the thread that made it.
func childrenOf(pid int) (children []int) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, thread := range threads {
		text, _ := os.ReadFile(thread)
		for _, child := range strings.Fields(string(text)) {
			n, _ := strconv.Atoi(child)
			children = append(children, n)
		}
	}
	return children
}

// The parent-death signal belongs to a thread of the shim, of which one becomes the app.
func TestRule43_ShimDiesWithUs(t *testing.T) {
	t.Parallel()
	cmd := again("hand over")
	out := newOutput()
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := (&app{t: t, output: out}).child()
	for _, pid := range childrenOf(cmd.Process.Pid) { // without the guard
		if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); string(name) == "sh\n" {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			awaitEnd(t, pid)
		}
	}
	_ = cmd.Process.Kill()
	awaitEnd(t, said)
	_ = cmd.Wait()
}

func TestRule43_EndOfAThreadEndsNoProcess(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	var g *group.Group
	var thread int
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // so that the thread ends with this goroutine
		thread = syscall.Gettid()
		var err error
		g, err = r.starter.Start(again("never listen"))
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(patience); ; {
		if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", thread)); err != nil || time.Now().After(limit) {
			break
		}
		<-time.After(time.Millisecond)
	}
	g.Signal(syscall.SIGINT)
	if err := g.Wait(); err == nil || err.Error() != "signal: interrupt" {
		t.Errorf("it ended by %v, want our interrupt", err)
	}
}

func TestR9_ManyStartsLeaveNothing(t *testing.T) {
	r := newRunner(t)
	cycle := func(gen int) {
		a := start(t, r, gen, "exit 0", func(s *Spec) { s.Binary = "/bin/true" })
		next[Failed](a)
		next[Exited](a)
	}
	cycle(0)
	files, goroutines := openFiles(t), runtime.NumGoroutine()
	for gen := range 500 {
		cycle(gen + 1)
	}
	if now := openFiles(t); now > files+3 {
		t.Errorf("%d open files, were %d", now, files)
	}
	if now := runtime.NumGoroutine(); now > goroutines+3 {
		t.Errorf("%d goroutines, were %d", now, goroutines)
	}
	if len(r.processes)+len(r.starter.IDs()) != 0 {
		t.Error("the runner still knows processes")
	}
	if n := zombies(); n != 0 {
		t.Errorf("%d zombies", n)
	}
}

func openFiles(t *testing.T) int {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// zombies counts children that have ended and were not reaped.
func zombies() (n int) {
	folders, _ := os.ReadDir("/proc")
	for _, folder := range folders {
		stat, _ := os.ReadFile("/proc/" + folder.Name() + "/stat")
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) > 2 && fields[0] == "Z" && fields[1] == strconv.Itoa(os.Getpid()) {
			n++
		}
	}
	return n
}
