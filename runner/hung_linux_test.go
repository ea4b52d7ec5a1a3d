package runner

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestT11_OrdersWaitForNoStart: who orders may hold up all else, so an order returns at once,
// whatever the start is at.
func TestT11_OrdersWaitForNoStart(t *testing.T) {
	t.Parallel()
	for name, hang := range map[string]func(t *testing.T, s *Spec) hung{
		"needs a file of a mount that hangs": func(t *testing.T, s *Spec) hung {
			mount, h := hungMount(t)
			s.WaitFor = []string{"file:" + filepath.Join(mount, "x")}
			return h
		},
		"reads an env file that hangs": func(t *testing.T, s *Spec) hung {
			file := filepath.Join(t.TempDir(), ".env")
			s.EnvFiles = []string{file}
			return hungFile(t, file)
		},
		"goes to a folder that hangs": func(t *testing.T, s *Spec) hung {
			mount, h := hungMount(t)
			s.Dir = filepath.Join(mount, "x")
			return h
		},
	} {
		for order, give := range map[string]func(r *Runner){
			"stop":   func(r *Runner) { r.Stop(1, time.Hour) },
			"kill":   func(r *Runner) { r.Kill(1) },
			"signal": func(r *Runner) { r.Signal(1, syscall.SIGHUP); r.Kill(1) },
		} {
			t.Run(name+", "+order, func(t *testing.T) {
				t.Parallel()
				r := newRunner(t)
				var h hung
				a := start(t, r, 1, "serve", func(s *Spec) { h = hang(t, s) })
				h.reached()
				ordered := make(chan struct{})
				go func() { give(r); close(ordered) }()
				select {
				case <-ordered:
				case <-time.After(patience):
					t.Error("the order waits for the start")
				}
				for ended := false; !ended; { // before, it may be told what is waited for
					_, ended = next[Event](a).(Failed)
				}
				h.letGo()
			})
		}
	}
}

// TestT11_OrdersWaitForNoReport: what is told may wait for who orders.
func TestT11_OrdersWaitForNoReport(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	told := make(chan struct{})
	r.Start(Spec{Generation: 1, Binary: os.Args[0], Dir: t.TempDir(), WaitFor: []string{"file:absent"}}, func(e Event) {
		told <- struct{}{}
	})
	<-told // and the next one waits until it is taken
	stopped := make(chan struct{})
	go func() { r.Stop(1, 0); close(stopped) }()
	select {
	case <-stopped:
	case <-time.After(patience):
		t.Error("Stop waits for a report")
	}
	<-told
}

// TestT11_CommandsEndThoughTheirFolderHangs: a build that is called off is over then.
func TestT11_CommandsEndThoughTheirFolderHangs(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	mount, h := hungMount(t)
	cmd := again("serve")
	cmd.Dir = filepath.Join(mount, "x")
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, cmd) }()
	h.reached()
	over := errors.New("called off")
	cancel(over)
	select {
	case err := <-ended:
		if err != over {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("the command waits for its folder")
	}
	h.letGo()
}

// hung is something whose asking blocks until it is let go.
type hung struct {
	reached func() // returns when somebody asks
	letGo   func()
}

// hungFile makes a file whose opening hangs.
func hungFile(t *testing.T, path string) hung {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(file.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Fatalf("lease: %v", err)
	}
	t.Cleanup(func() { file.Close() })
	return hung{
		reached: func() {
			for kind := unix.F_WRLCK; kind == unix.F_WRLCK; time.Sleep(time.Millisecond) { // until it is asked back
				kind, _ = unix.FcntlInt(file.Fd(), unix.F_GETLEASE, 0)
			}
		},
		letGo: func() { _, _ = unix.FcntlInt(file.Fd(), unix.F_SETLEASE, unix.F_UNLCK) },
	}
}

// hungMount is a file system whose server takes questions and does not answer.
func hungMount(t *testing.T) (dir string, h hung) {
	t.Helper()
	dir = t.TempDir()
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("no file system can be served here: ", err)
	}
	letGo := sync.OnceFunc(func() {
		_ = unix.Unmount(dir, unix.MNT_FORCE|unix.MNT_DETACH) // a process that hangs there may have our descriptor too
		unix.Close(fd)
	})
	t.Cleanup(letGo)
	if err := unix.Mount("hung", dir, "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd)); err != nil {
		t.Skip("no file system can be served here: ", err)
	}
	question := make([]byte, 1<<20)
	if _, err := unix.Read(fd, question); err != nil { // of the kernel, which begins with a greeting
		t.Fatal(err)
	}
	const head, greeting = 16, 64
	answer := make([]byte, head+greeting)
	binary.NativeEndian.PutUint32(answer, head+greeting)
	copy(answer[8:16], question[8:16])                // which question it answers
	copy(answer[head:head+8], question[40:48])        // the version
	binary.NativeEndian.PutUint32(answer[36:], 1<<12) // how much may be written at once
	if _, err := unix.Write(fd, answer); err != nil {
		t.Fatal(err)
	}
	return dir, hung{letGo: letGo, reached: func() {
		if _, err := unix.Read(fd, question); err != nil {
			t.Error(err)
		}
	}}
}
