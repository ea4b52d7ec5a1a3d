package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRule14_OwnPortThatAnswersHTTP(t *testing.T) {
	t.Parallel()
	port := freeFixedPort(t)
	a := start(t, newRunner(t), 1, "serve own", func(s *Spec) { s.Env = append(s.Env, fmt.Sprintf("FIXED=:%d", port)) })
	ready := next[Ready](a)
	if !ready.OwnPort || ready.Upstream != fmt.Sprintf("127.0.0.1:%d", port) {
		t.Errorf("%+v", ready)
	}
}

func TestRule14_SeveralOwnPortsAskForTheSetting(t *testing.T) {
	t.Parallel()
	a := start(t, newRunner(t), 1, "serve several")
	failed := next[Failed](a)
	if !strings.HasPrefix(failed.Reason, "the app listens on several ports of its own (") ||
		!strings.HasPrefix(failed.Hint, "tell which one with [run] port = ") || !isRunning(failed.PID) {
		t.Errorf("%+v", failed)
	}
}

func TestRule14_ToldPortIsTakenAtOnce(t *testing.T) {
	t.Parallel()
	port := freeFixedPort(t)
	a := start(t, newRunner(t), 1, "serve own", func(s *Spec) {
		s.Port = port
		s.Env = append(s.Env, fmt.Sprintf("FIXED=[::1]:%d", port))
	})
	ready := next[Ready](a)
	if !ready.OwnPort || ready.Upstream != fmt.Sprintf("[::1]:%d", port) {
		t.Errorf("%+v", ready)
	}
}

func TestRule14_OwnPortThatIsNotHTTPDoesNotCount(t *testing.T) {
	t.Parallel()
	a := start(t, newRunner(t), 1, "mute own port", func(s *Spec) { s.ReadyTimeout = 4 * time.Second })
	failed := next[Failed](a)
	if !strings.Contains(failed.Reason, "where it does not answer HTTP") {
		t.Errorf("%+v", failed)
	}
}

func TestRule13_FixedPortBesideOursIsTold(t *testing.T) {
	t.Parallel()
	port := freeFixedPort(t)
	a := start(t, newRunner(t), 3, "serve fixed", func(s *Spec) { s.Env = append(s.Env, fmt.Sprintf("FIXED=127.0.0.1:%d", port)) })
	if ready := next[Ready](a); ready.OwnPort {
		t.Errorf("%+v", ready)
	}
	fixed := next[Fixed](a)
	if fixed.Generation != 3 || !slices.Equal(fixed.Addrs, []string{fmt.Sprintf("127.0.0.1:%d", port)}) {
		t.Errorf("%+v", fixed)
	}
}

// TestR7_UnixSocketIsServed: by what is moved and what is not; its file is gone when the
// process is, and the next one can bind it.
func TestR7_UnixSocketIsServed(t *testing.T) {
	t.Parallel()
	r, dir := newRunner(t), t.TempDir()
	path := filepath.Join(dir, "my app.sock")
	for gen, c := range []struct {
		moved bool
		known string
	}{{false, ""}, {true, ""}, {false, path}} {
		a := start(t, r, gen, "serve unix", func(s *Spec) {
			s.Dir, s.Unix, s.Beacon, s.ReadyPath = dir, c.known, c.moved, "/"
		})
		if ready := next[Ready](a); ready.Unix() != path || !ready.OwnPort {
			t.Errorf("%+v", ready)
		}
		r.Kill(gen)
		next[Exited](a)
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%+v: the file is left: %v", c, err)
		}
	}
}

// TestR3_DeadUnixSocketIsRemoved: what one that was killed outright has left is not in the
// way of the next one.
func TestR3_DeadUnixSocketIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := unixSocket(t, dir)
	l.SetUnlinkOnClose(false)
	l.Close()
	a := start(t, newRunner(t), 1, "serve unix", func(s *Spec) { s.Dir = dir })
	if ready := next[Ready](a); ready.Unix() != l.Addr().String() {
		t.Errorf("%+v", ready)
	}
}

// TestR3_OnlyDeadUnixSocketsAreRemoved: not one that somebody listens on, and no other file.
func TestR3_OnlyDeadUnixSocketsAreRemoved(t *testing.T) {
	t.Parallel()
	for gen, there := range []func(dir string){
		func(dir string) { unixSocket(t, dir) },
		func(dir string) { create(t, dir, "my app.sock") },
		func(dir string) {
			left := unixSocket(t, t.TempDir())
			left.SetUnlinkOnClose(false)
			left.Close()
			if err := os.Symlink(left.Addr().String(), filepath.Join(dir, "my app.sock")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		dir := t.TempDir()
		there(dir)
		a := start(t, newRunner(t), gen, "serve unix", func(s *Spec) { s.Dir = dir })
		if failed := next[Failed](a); !strings.HasPrefix(failed.Hint, "that file is in the way") {
			t.Errorf("%+v", failed)
		}
		if _, err := os.Lstat(filepath.Join(dir, "my app.sock")); err != nil {
			t.Error(err)
		}
	}
}

// unixSocket listens where "serve unix" wants to.
func unixSocket(t *testing.T, dir string) *net.UnixListener {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "my app.sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestR7_UnixSocketWithoutHTTPIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := start(t, newRunner(t), 1, "mute unix", func(s *Spec) { s.Dir, s.ReadyTimeout = dir, 2*time.Second })
	failed := next[Failed](a)
	if !strings.HasSuffix(failed.Reason, "; it listens on the Unix socket "+filepath.Join(dir, "my app.sock")+", where it does not answer HTTP") {
		t.Errorf("%+v", failed)
	}
}

func TestR7_PortOfTheOneBeforeIsNotAnotherPrograms(t *testing.T) {
	t.Parallel()
	r, port := newRunner(t), freeFixedPort(t)
	own := func(s *Spec) { s.Env = append(s.Env, fmt.Sprintf("FIXED=127.0.0.1:%d", port)) }
	next[Ready](start(t, r, 1, "serve own", own))
	failed := next[Failed](start(t, r, 2, "serve own", own))
	if !strings.HasPrefix(failed.Hint, "the app binds a fixed port that is taken") {
		t.Errorf("%+v", failed)
	}
}
