package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
)

// ourFlags are those that watcher builds with.
var ourFlags = []string{"-ldflags", "-s -w -buildid=", "-buildvcs=false", "-pgo=off"}

// service is a copy of the sample service that is built by go build alone.
type service struct{ harness.Service }

// build runs go build alone and returns how long it took.
func (s service) build(flags ...string) (time.Duration, error) {
	args := append(append([]string{"build"}, flags...), "-o", filepath.Join(s.Dir, "binary"), ".")
	cmd := exec.Command("go", args...)
	cmd.Dir = s.Dir
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w: %s", err, out)
	}
	return time.Since(began), nil
}

// edit makes version n and measures: build with watcher's flags, start-up; then a
// further edit built without flags.
func (s service) edit(n int) (same, plain, start time.Duration, err error) {
	if _, err = s.SaveVersion(n); err != nil {
		return
	}
	if same, err = s.build(ourFlags...); err != nil {
		return
	}
	if start, err = s.startUp(); err != nil {
		return
	}
	if _, err = s.SaveVersion(100_000 + n); err != nil {
		return
	}
	plain, err = s.build()
	return
}

// startUp starts the binary and returns how long it took until it accepted.
func (s service) startUp() (time.Duration, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	addr := l.Addr().String()
	l.Close()
	cmd := exec.Command(filepath.Join(s.Dir, "binary"))
	cmd.Dir = s.Dir
	_, port, _ := net.SplitHostPort(addr)
	cmd.Env = append(os.Environ(), "PORT="+port)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for time.Since(began) < time.Minute {
		if c, err := net.Dial("tcp", addr); err == nil {
			took := time.Since(began)
			c.Close()
			return took, nil
		}
		time.Sleep(200 * time.Microsecond)
	}
	return 0, errors.New("the app does not listen")
}

// watched is one under watcher.
type watched struct{ *harness.Watched }

// edit saves version n and returns when it was first answered and when it was pending.
func (w watched) edit(n int, load *load) (served, pending time.Duration, err error) {
	first := load.first(n)
	saved, known, err := w.Edit(n)
	if err != nil {
		return 0, 0, err
	}
	load.saved(n, saved)
	select {
	case at := <-first:
		return at.Sub(saved), known.Sub(saved), nil
	case <-time.After(time.Minute):
		return 0, 0, fmt.Errorf("version %d is never served", n)
	}
}

// settled waits until the old process has gone, so that nothing runs beside what is
// measured next.
func (w watched) settled() error {
	for range 1000 {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", w.PID, w.PID))
		all, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", w.PID))
		count := 0
		for _, file := range all {
			text, _ := os.ReadFile(file)
			for pid := range strings.FieldsSeq(string(text)) {
				if exe, _ := os.Readlink("/proc/" + pid + "/exe"); strings.HasSuffix(exe, "ginapp") {
					count++
				}
			}
		}
		if err != nil && len(children) == 0 && len(all) == 0 || count == 1 {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("the old process does not go")
}
