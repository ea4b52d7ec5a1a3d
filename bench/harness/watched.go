package harness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"time"
)

// Watched is a copy of a sample service under watcher.
type Watched struct {
	Service
	URL    string        // of the front
	PID    int           // of watcher
	Opened time.Duration // from the start of watcher to the open front: all is watched by then
	saves  uint64        // numbers raised so far
	cmd    *exec.Cmd
	err    bytes.Buffer // its standard error, which ends with it
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
	w.cmd.Stderr = &w.err
	started := time.Now()
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
			w.URL, w.Opened = e.Text, time.Since(started)
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

// Rebuild saves version n and returns when it serves.
func (w *Watched) Rebuild(n int) error {
	return w.swap(func() error { _, err := w.SaveVersion(n); return err })
}

func (w *Watched) swap(order func() error) error {
	old, err := w.Status()
	if err != nil {
		return err
	}
	if err := order(); err != nil {
		return err
	}
	return w.Await("another process", func(s Status) bool { return s.Generation > old.Generation })
}

// Await asks for the status until it is as wanted; what names that for the error.
func (w *Watched) Await(what string, wanted func(Status) bool) error {
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(time.Millisecond) {
		if s, err := w.Status(); err != nil || wanted(s) {
			return err
		}
	}
	return fmt.Errorf("a minute without %s", what)
}

// Edit saves version n and returns when the write had ended and when the front was seen
// to know of it: what is asked from then on must be answered by n, or be marked.
func (w *Watched) Edit(n int) (saved, known time.Time, err error) {
	w.saves++
	if saved, err = w.SaveVersion(n); err != nil {
		return
	}
	for time.Since(saved) < time.Minute {
		s, err := w.Status()
		if err != nil {
			return saved, known, err
		}
		if s.Pending >= w.saves {
			return saved, time.Now(), nil
		}
	}
	return saved, known, fmt.Errorf("the front never hears of version %d", n)
}

// Status is what the front tells of itself.
type Status struct {
	State      string
	Generation int
	PID        int
	Pending    uint64 // number of the newest save that the front knows of
	Settled    uint64
	Processes  []struct{ State string }
}

// Status asks the front.
func (w *Watched) Status() (s Status, err error) {
	r, err := http.Get(w.URL + "/__watcher/api/status")
	if err != nil {
		return s, err
	}
	defer r.Body.Close()
	return s, json.NewDecoder(r.Body).Decode(&s)
}

// Settle waits until all that was saved is served or has failed, and nothing more was
// noticed for the time quiet.
func (w *Watched) Settle(quiet time.Duration) error {
	since := time.Now()
	for last := (Status{}); time.Since(since) < quiet; {
		time.Sleep(quiet / 20)
		now, err := w.Status()
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(now, last) || now.Pending != now.Settled {
			last, since = now, time.Now()
		}
	}
	return nil
}

// Noticed tells Edit of saves that were made without it.
func (w *Watched) Noticed() error {
	s, err := w.Status()
	w.saves = s.Pending
	return err
}
