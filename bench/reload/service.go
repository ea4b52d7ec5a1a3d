package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ourFlags are those that watcher builds with.
var ourFlags = []string{"-ldflags", "-s -w -buildid=", "-buildvcs=false", "-pgo=off"}

// service is a copy of the sample service.
type service struct{ dir string }

func newService(dir string) (service, error) {
	return service{dir}, os.CopyFS(dir, os.DirFS("testdata/ginapp"))
}

// version writes version n and returns when the write had ended.
func (s service) version(n int) (time.Time, error) {
	return s.constant(fmt.Sprintf("%q", fmt.Sprintf("v%d", n)))
}

func (s service) constant(value string) (time.Time, error) {
	file := filepath.Join(s.dir, "internal", "version", "version.go")
	text := "// Package version says which one this is.\npackage version\n\nconst Version = " + value + "\n"
	err := os.WriteFile(file, []byte(text), 0o644)
	return time.Now(), err
}

// build runs go build alone and returns how long it took.
func (s service) build(flags ...string) (time.Duration, error) {
	args := append(append([]string{"build"}, flags...), "-o", filepath.Join(s.dir, "binary"), ".")
	cmd := exec.Command("go", args...)
	cmd.Dir = s.dir
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w: %s", err, out)
	}
	return time.Since(began), nil
}

// edit makes version n and measures: build with watcher's flags, start-up; then a
// further edit built without flags.
func (s service) edit(n int) (same, plain, start time.Duration, err error) {
	if _, err = s.version(n); err != nil {
		return
	}
	if same, err = s.build(ourFlags...); err != nil {
		return
	}
	if start, err = s.startUp(); err != nil {
		return
	}
	if _, err = s.version(100_000 + n); err != nil {
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
	cmd := exec.Command(filepath.Join(s.dir, "binary"))
	cmd.Dir = s.dir
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

// watched is the sample service under watcher.
type watched struct {
	service
	url   string
	saves uint64 // numbers raised so far
	cmd   *exec.Cmd
	out   chan string // what it prints, a line each
}

// startWatcher builds watcher, copies the service, and returns when it serves.
func startWatcher(folder, settings string) (*watched, error) {
	binary := filepath.Join(folder, "watcher")
	if out, err := exec.Command("go", "build", "-ldflags", "-s -w", "-o", binary, ".").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build watcher: %w: %s", err, out)
	}
	s, err := newService(filepath.Join(folder, "service"))
	if err != nil {
		return nil, err
	}
	if settings != "" {
		if err := os.WriteFile(filepath.Join(s.dir, ".watcher.toml"), []byte(settings), 0o644); err != nil {
			return nil, err
		}
	}
	w := &watched{service: s, cmd: exec.Command(binary, "--listen", "0", "--json"), out: make(chan string, 4096)}
	w.cmd.Dir = s.dir
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			w.out <- lines.Text()
		}
		close(w.out)
	}()
	for line := range w.out {
		var e struct{ Event, Text string }
		_ = json.Unmarshal([]byte(line), &e)
		if e.Event == "front" {
			w.url = e.Text
		}
		if e.Event == "ready" {
			go func() {
				for range w.out {
				}
			}()
			return w, nil
		}
	}
	return nil, errors.New("watcher ended before it was ready")
}

func (w *watched) stop() {
	_ = w.cmd.Process.Signal(syscall.SIGINT)
	_ = w.cmd.Wait()
}

// edit saves version n and returns when it was first answered and when it was pending.
func (w *watched) edit(n int, load *load) (served, pending time.Duration, err error) {
	first := load.first(n)
	w.saves++
	saved, err := w.version(n)
	if err != nil {
		return 0, 0, err
	}
	load.saved(n, saved)
	for {
		status, err := w.status()
		if err != nil {
			return 0, 0, err
		}
		if status.Pending >= w.saves {
			pending = time.Since(saved)
			break
		}
	}
	select {
	case at := <-first:
		return at.Sub(saved), pending, nil
	case <-time.After(time.Minute):
		return 0, 0, fmt.Errorf("version %d is never served", n)
	}
}

// settled waits until the old process has gone, so that nothing runs beside what is
// measured next.
func (w *watched) settled() error {
	for range 1000 {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", w.cmd.Process.Pid, w.cmd.Process.Pid))
		all, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", w.cmd.Process.Pid))
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

type status struct {
	Pending    uint64
	Generation int
}

func (w *watched) status() (s status, err error) {
	r, err := http.Get(w.url + "/__watcher/api/status")
	if err != nil {
		return s, err
	}
	defer r.Body.Close()
	return s, json.NewDecoder(r.Body).Decode(&s)
}
