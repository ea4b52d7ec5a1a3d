//go:build unix

package runner

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestWaitFor_StartsWhenAllIsThere(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	var here string
	a := start(t, r, 1, "serve", func(s *Spec) {
		here = s.Dir
		s.WaitFor = []string{"file:" + here, "file:database up"}
		s.ReadyTimeout = patience
	})
	if w := next[Waiting](a); w.For != "file:database up" {
		t.Errorf("waits for %q", w.For)
	}
	r.Signal(1, syscall.SIGHUP) // reaches nobody, and waits for nobody
	create(t, here, "database up")
	if w := next[Waiting](a); w.For != "" {
		t.Errorf("still waits for %q", w.For)
	}
	next[Ready](a)
}

func TestWaitFor_StopWins(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*Runner){
		"stop":  func(r *Runner) { r.Stop(1, time.Hour) },
		"kill":  func(r *Runner) { r.Kill(1) },
		"close": (*Runner).Close,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t)
			a := start(t, r, 1, "serve", func(s *Spec) { s.WaitFor = []string{"file:absent"} })
			next[Waiting](a)
			end(r)
			if failed := next[Failed](a); failed.PID != 0 || !strings.Contains(failed.Reason, "file:absent") {
				t.Errorf("%+v", failed)
			}
		})
	}
}

// TestX7_PasswordOfANeedIsToldToNobody: neither while it is waited for, nor when that is ended.
func TestX7_PasswordOfANeedIsToldToNobody(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	a := start(t, r, 1, "serve", func(s *Spec) { s.WaitFor = []string{"http://admin:sesame@search.invalid/health?key=sesame"} })
	if w := next[Waiting](a); w.For != "http://search.invalid/health" {
		t.Errorf("waits for %q", w.For)
	}
	r.Kill(1)
	if failed := next[Failed](a); strings.Contains(failed.Reason, "sesame") || !strings.Contains(failed.Reason, "http://search.invalid/health") {
		t.Errorf("%+v", failed)
	}
}

func TestRule17_ReadyWhenItSaysSo(t *testing.T) {
	t.Parallel()
	for gen, name := range []string{"serve, then announce", "serve, child announces"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var here string
			a := start(t, newRunner(t), gen, name, func(s *Spec) {
				here, s.Notify = s.Dir, true
			})
			a.output.line(t, "serving")
			create(t, here, "go")
			get(t, next[Ready](a).Upstream)
			if _, err := os.Stat(filepath.Join(here, "said")); err != nil {
				t.Error("it was ready before it said so")
			}
		})
	}
}

func TestRule17_HandedSocketAndReadyWhenItSaysSo(t *testing.T) {
	t.Parallel()
	a := start(t, newRunner(t), 1, "announce, do not answer", handed, func(s *Spec) { s.Notify = true })
	next[Ready](a)
}

func TestR1_NeverSaysThatItIsReady(t *testing.T) {
	t.Parallel()
	a := start(t, newRunner(t), 1, "serve", func(s *Spec) { s.Notify, s.ReadyTimeout = true, 3*time.Second })
	if failed := next[Failed](a); failed.Reason != "did not send READY=1 to NOTIFY_SOCKET within 3s" || !strings.Contains(failed.Hint, "sd_notify") {
		t.Errorf("%+v", failed)
	}
}

func TestLive_ProcessThatAnswersNoMoreIsTold(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	var here string
	a := start(t, r, 1, "serve until told", func(s *Spec) {
		here, s.Live = s.Dir, Liveness{Path: "/live", Interval: 20 * time.Millisecond, Failures: 3}
	})
	next[Ready](a)
	a.output.line(t, "asked /live") // and it has answered
	create(t, here, "hang")
	told := next[Unresponsive](a)
	if told.Reason != "lives, but GET /live was answered 503, 3 times in a row" || told.Alive <= 0 || !isRunning(told.PID) {
		t.Errorf("%+v", told)
	}
	r.Stop(1, patience)
	next[Exited](a)
}

func create(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// exists waits until a test has made a file in the app's folder.
func exists(name string) {
	for {
		if _, err := os.Stat(name); err == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// announceLater serves at once, and says so when it is told to.
func announceLater(announce func()) {
	l := listen(port())
	fmt.Println("serving")
	go func() {
		exists("go")
		announce()
	}()
	fmt.Fprintln(os.Stderr, http.Serve(l, nil))
}

// announce is sd_notify(3), with a trace.
func announce() {
	if err := os.WriteFile("said", nil, 0o600); err != nil {
		panic(err)
	}
	conn, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "STATUS=all is well\nREADY=1\n")
	if os.Getenv(behaviour) == "announce" {
		lounge()
	}
}

// serveUntilTold answers well until a file tells it not to.
func serveUntilTold() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat("hang"); err == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Println("asked", r.URL.Path)
	})
	serve(port())
}
