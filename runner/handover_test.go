//go:build unix

package runner

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

func handed(s *Spec) { s.Socket = true }

func TestR8_HandedSocketIsServed(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	for gen, name := range []string{"serve fd 3", "serve activated", "serve counted"} {
		a := start(t, r, gen, name, handed)
		ready := next[Ready](a)
		if ready.OwnPort || !strings.HasPrefix(ready.Upstream, "127.0.0.1:") {
			t.Errorf("%s: %+v", name, ready)
		}
		get(t, ready.Upstream)
		// The process is a program of its own, in its own group, on our file.
		if pid := a.output.line(t, "pid "); pid != fmt.Sprint("pid ", ready.PID) {
			t.Errorf("%s: the app is %s, we started %d", name, pid, ready.PID)
		}
		if group, _ := syscall.Getpgid(ready.PID); group != ready.PID {
			t.Errorf("%s: the app is in group %d", name, group)
		}
	}
}

func TestR8_ListeningAloneIsNotReady(t *testing.T) {
	t.Parallel()
	a := start(t, newRunner(t), 1, "never listen", handed, func(s *Spec) { s.ReadyTimeout = 3 * time.Second })
	failed := next[Failed](a)
	if !strings.HasPrefix(failed.Reason, "did not answer on the socket that it was handed") || !strings.Contains(failed.Hint, "RunFd(3)") {
		t.Errorf("%+v", failed)
	}
	if !isRunning(failed.PID) {
		t.Error("it is gone")
	}
}

// The queue of the socket ends with the app: nobody waits in it for one that is gone.
func TestR8_OurCopyIsClosed(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	a := start(t, r, 1, "serve fd 3", handed)
	ready := next[Ready](a)
	r.Kill(1)
	next[Exited](a)
	if c, err := net.Dial("tcp", ready.Upstream); err == nil {
		c.Close()
		t.Error("the socket is still open")
	}
}

func TestR8_HandedSocketAndReadyPath(t *testing.T) {
	t.Parallel()
	a := start(t, newRunner(t), 1, "serve fd 3", handed, func(s *Spec) { s.ReadyPath = "/" })
	next[Ready](a)
}

func TestR8_NoProgramToRun(t *testing.T) {
	t.Parallel()
	a := start(t, newRunner(t), 1, "serve fd 3", handed, func(s *Spec) { s.Binary = "/dev/null" })
	if failed := next[Failed](a); failed.PID != 0 || !strings.Contains(failed.Reason, "permission denied") {
		t.Errorf("%+v", failed)
	}
}

// handOver is a small program that uses a runner in every odd way, to be killed outright.
func handOver() {
	r := New()
	_, screen, err := pty.Open()
	if err != nil {
		panic(err)
	}
	spec := Spec{Binary: self(), Env: env("serve fd 3"), Stdout: os.Stdout, StdoutScreen: screen, Socket: true}
	r.Start(spec, func(Event) {})
	time.Sleep(2 * time.Minute)
}

// serveFiles serves on the first of the sockets that were handed.
func serveFiles(files ...int) {
	fmt.Println("pid", os.Getpid())
	if len(files) != 1 {
		fmt.Fprintln(os.Stderr, len(files), "sockets were handed")
		os.Exit(1)
	}
	l, err := net.FileListener(os.NewFile(uintptr(files[0]), "handed"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, http.Serve(l, nil))
	os.Exit(2)
}

// activated finds its sockets as coreos/go-systemd/activation does: they are for the
// process of LISTEN_PID alone, and no child shall see them.
func activated() (files []int) {
	defer os.Unsetenv("LISTEN_PID")
	defer os.Unsetenv("LISTEN_FDS")
	defer os.Unsetenv("LISTEN_FDNAMES")
	if pid, err := strconv.Atoi(os.Getenv("LISTEN_PID")); err != nil || pid != os.Getpid() {
		return nil
	}
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil || len(strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")) != n {
		return nil
	}
	for fd := 3; fd < 3+n; fd++ {
		syscall.CloseOnExec(fd)
		files = append(files, fd)
	}
	return files
}

// counted looks at the number only.
func counted() (files []int) {
	n, _ := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	for i := range n {
		files = append(files, 3+i)
	}
	return files
}
