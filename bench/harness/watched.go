package harness

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Watched is a copy of a sample service under watcher.
type Watched struct {
	Service
	URL   string // of the front
	PID   int    // of watcher
	saves uint64 // numbers raised so far
	cmd   *exec.Cmd
}

// Start builds watcher and copies the sample, both into folder, which may be missing,
// writes settings there unless they are empty, and returns when the service is ready.
// env are further variables, as KEY=value; the front is at any free port unless they say
// otherwise.
func Start(folder, sample, settings string, env ...string) (*Watched, error) {
	w, events, err := Open(folder, sample, settings, env...)
	if err != nil {
		return nil, err
	}
	for e := range events {
		if e.Name == "ready" {
			go func() {
				for range events { // or watcher would wait for a reader
				}
			}()
			return w, nil
		}
	}
	w.Stop()
	return nil, errors.New("watcher ended before it was ready")
}

// Event is a line of watcher's output.
type Event struct {
	Name       string `json:"event"`
	Text, Hint string
	PID        int
}

// Open is Start without waiting for more than the front, and with the events after that,
// which must be read to their end.
func Open(folder, sample, settings string, env ...string) (*Watched, <-chan Event, error) {
	binary := filepath.Join(folder, "watcher")
	if out, err := exec.Command("go", "build", "-ldflags", "-s -w", "-o", binary, ".").CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("build watcher: %w: %s", err, out)
	}
	s, err := NewService(filepath.Join(folder, "service"), sample)
	if err != nil {
		return nil, nil, err
	}
	if settings != "" {
		if err := os.WriteFile(filepath.Join(s.Dir, ".watcher.toml"), []byte(settings), 0o644); err != nil {
			return nil, nil, err
		}
	}
	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		return nil, nil, fmt.Errorf("find the cache of go build: %w", err)
	}
	// Its own cache folder goes with the folder; that of go build saves time.
	env = append([]string{"WATCHER_PROXY_LISTEN=0"}, env...)
	env = append(env, "XDG_CACHE_HOME="+filepath.Join(folder, "cache"), "GOCACHE="+strings.TrimSpace(string(goCache)))
	w := &Watched{Service: s, cmd: exec.Command(binary, "--json")}
	w.cmd.Dir, w.cmd.Env = s.Dir, append(os.Environ(), env...)
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := w.cmd.Start(); err != nil {
		return nil, nil, err
	}
	w.PID = w.cmd.Process.Pid
	events := make(chan Event, 1000)
	go func() {
		defer close(events)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var e Event
			if json.Unmarshal(lines.Bytes(), &e) == nil {
				events <- e
			}
		}
	}()
	for e := range events {
		if e.Name == "front" {
			w.URL = e.Text
			return w, events, nil
		}
	}
	w.Stop()
	return nil, nil, errors.New("watcher ended before its front was open")
}

// Stop interrupts watcher and waits for its end.
func (w *Watched) Stop() {
	_ = w.cmd.Process.Signal(syscall.SIGINT)
	_ = w.cmd.Wait()
}

// Edit saves version n and returns when the write had ended and when the front was seen
// to know of it: what is asked from then on must be answered by n, or be marked.
func (w *Watched) Edit(n int) (saved, known time.Time, err error) {
	w.saves++
	if saved, err = w.SaveVersion(n); err != nil {
		return
	}
	for time.Since(saved) < time.Minute {
		pending, err := w.pending()
		if err != nil {
			return saved, known, err
		}
		if pending >= w.saves {
			return saved, time.Now(), nil
		}
	}
	return saved, known, fmt.Errorf("the front never hears of version %d", n)
}

// pending is the number of the newest save that the front knows of.
func (w *Watched) pending() (uint64, error) {
	r, err := http.Get(w.URL + "/__watcher/api/status")
	if err != nil {
		return 0, err
	}
	defer r.Body.Close()
	var status struct{ Pending uint64 }
	return status.Pending, json.NewDecoder(r.Body).Decode(&status)
}
