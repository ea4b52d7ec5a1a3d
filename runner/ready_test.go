//go:build unix

package runner

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/runner/sockets"
)

func TestRule3_EachStartReportsOnce(t *testing.T) {
	r := newRunner(t)
	names := []string{"serve", "exit 0", "exit 1", "end by signal", "ignore TERM", "grandchild", "never listen"}
	for gen, name := range names {
		a := start(t, r, gen, name) // the check stands in start
		if name == "never listen" {
			r.Kill(gen)
		}
		if failed, ok := (<-a.events).(Failed); !ok || failed.PID != 0 { // else it was ended before it was there
			r.Kill(gen)
			next[Exited](a)
		}
		r.Kill(gen) // is not known any more
		r.Stop(gen, 0)
	}
}

func TestR1_EndedBeforeReady(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	for gen, test := range []struct {
		name, reason, hint string
		code               int
		signal             string
	}{
		{"exit 0", "exited with code 0 before it was ready", "", 0, ""},
		{"exit 1", "exited with code 1 before it was ready", "", 1, ""},
		{"end by signal", "was killed (by somebody, or for lack of memory) before it was ready", "", -1, "killed"},
		{"port is taken", "exited with code 1 before it was ready", "fixed port that is taken", 1, ""},
		{"on Windows", "exited with code 1 before it was ready", "fixed port that is taken", 1, ""},
	} {
		a := start(t, r, gen, test.name)
		failed := next[Failed](a)
		if failed.Generation != gen || failed.PID == 0 || failed.Reason != test.reason {
			t.Errorf("%s: %+v", test.name, failed)
		}
		if !strings.Contains(failed.Hint, test.hint) || (test.hint == "") != (failed.Hint == "") {
			t.Errorf("%s: hint %q", test.name, failed.Hint)
		}
		if test.name == "exit 1" && !slices.Equal(failed.Tail, []string{"panic: no database"}) {
			t.Errorf("tail %q", failed.Tail)
		}
		exited := next[Exited](a)
		if exited.PID != failed.PID || exited.Code != test.code || exited.Signal != test.signal || exited.Alive <= 0 {
			t.Errorf("%s: %+v", test.name, exited)
		}
	}
}

func TestR1_NotReadyInTimeLivesUntilStopped(t *testing.T) {
	t.Parallel()
	for gen, test := range []struct{ name, path, reason, hint string }{
		{"never listen", "", "did not listen on PORT=", "let the app read PORT, or set [run] port"},
		{"answer 500", "/healthz", "listens, but GET /healthz was answered 500 within 3s", "ready_path"},
		{"never accept", "/healthz", "listens, but GET /healthz was not answered within 3s", "ready_path"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t)
			a := start(t, r, gen, test.name, func(s *Spec) {
				s.ReadyPath = test.path
				s.ReadyTimeout = 3 * time.Second
			})
			failed := next[Failed](a)
			if !strings.HasPrefix(failed.Reason, test.reason) || !strings.Contains(failed.Hint, test.hint) {
				t.Errorf("%+v", failed)
			}
			if !isRunning(failed.PID) {
				t.Error("it was stopped by nobody and is gone")
			}
			r.Stop(gen, 0)
			next[Exited](a)
		})
	}
}

func TestR1_CouldNotBeStarted(t *testing.T) {
	t.Parallel()
	a := start(t, newRunner(t), 7, "serve", func(s *Spec) { s.Binary = filepath.Join(s.Dir, "absent") })
	failed := next[Failed](a)
	if failed.PID != 0 || failed.Generation != 7 || !strings.Contains(failed.Reason, "no such file") {
		t.Errorf("%+v", failed)
	}
}

func TestRule17_ReadyWhenTheGivenPortAnswers(t *testing.T) {
	t.Parallel()
	for gen, test := range []struct{ name, path string }{
		{"serve", ""},
		{"serve slowly", ""},
		{"serve ipv6", ""},
		{"never accept", ""},
		{"answer 404", "/healthz"},
		{"mute, then us", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := start(t, newRunner(t), gen, test.name, func(s *Spec) { s.ReadyPath = test.path })
			ready := next[Ready](a)
			addr, err := netip.ParseAddrPort(ready.Upstream)
			if err != nil || !addr.Addr().IsLoopback() || ready.OwnPort || ready.PID == 0 || ready.Generation != gen || ready.Took <= 0 {
				t.Errorf("%+v", ready)
			}
			if strings.HasPrefix(test.name, "serve") {
				get(t, ready.Upstream)
			}
		})
	}
}

// TestRule17_PortOfAnotherProgramIsNotReady: where listeners are moved it is in nobody's way,
// as it may be the front or a relay.
func TestRule17_PortOfAnotherProgramIsNotReady(t *testing.T) {
	t.Parallel()
	for gen, test := range []struct {
		name, hint string
		change     func(s *Spec, port int)
	}{
		{"moved, named by the code", "let the app read PORT", func(s *Spec, port int) { s.Beacon, s.Likely = true, port }},
		{"moved, told", "correct [run] port", func(s *Spec, port int) { s.Beacon, s.Port = true, port }},
		{"as it is, told", "stop the program that listens on", func(s *Spec, port int) { s.Port = port }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := listen("127.0.0.1:0")
			defer l.Close()
			a := start(t, newRunner(t), gen, "never listen", func(s *Spec) {
				s.ReadyTimeout = time.Second
				test.change(s, l.Addr().(*net.TCPAddr).Port)
			})
			if failed := next[Failed](a); !strings.Contains(failed.Hint, test.hint) {
				t.Errorf("%+v", failed)
			}
		})
	}
}

func TestRule16_OurVariablesAreOverTheUsers(t *testing.T) {
	t.Parallel()
	a := start(t, newRunner(t), 12, "say env", func(s *Spec) {
		s.URL = "http://localhost:8080"
		s.Env = append(s.Env, "PORT=1", "WATCHER_GENERATION=1", "HOME=/here")
	})
	if got := a.output.line(t, "PORT="); got == "PORT=1" || got == "PORT=" {
		t.Error(got)
	}
	for _, want := range []string{"WATCHER_GENERATION=12", "WATCHER_URL=http://localhost:8080", "HOME=/here", `stdin=""`} {
		name, _, _ := strings.Cut(want, "=")
		if got := a.output.line(t, name+"="); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestRule16_PortUnderAnotherName(t *testing.T) {
	t.Parallel()
	a := start(t, newRunner(t), 1, "say env", func(s *Spec) {
		s.PortEnv = "ADDR_PORT"
		s.Env = append(s.Env, "PORT=1")
	})
	if got := a.output.line(t, "PORT="); got != "PORT=1" {
		t.Error(got)
	}
	if got := a.output.line(t, "ADDR_PORT="); got == "ADDR_PORT=" {
		t.Error(got)
	}
}

func TestPortsOfLivingProcessesDiffer(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	seen := map[int]bool{}
	for gen := range 800 { // so many that one would come twice
		p := &process{spec: Spec{Generation: gen}}
		r.processes[gen] = p
		if err := r.reservePort(p); err != nil {
			t.Fatal(err)
		}
		if seen[p.port] {
			t.Fatalf("port %d was given twice", p.port)
		}
		seen[p.port] = true
		if low, high := sockets.EphemeralPorts(); low <= p.port && p.port <= high {
			t.Errorf("port %d may be taken by a connection", p.port)
		}
	}
	clear(r.processes)
}

func TestTwoGenerationsServeSideBySide(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	one, two := start(t, r, 1, "serve"), start(t, r, 2, "serve")
	a, b := next[Ready](one), next[Ready](two)
	if a.Upstream == b.Upstream {
		t.Errorf("both on %s", a.Upstream)
	}
	get(t, a.Upstream)
	get(t, b.Upstream)
}

// freeFixedPort returns a free port that the system does not give by itself.
func freeFixedPort(t *testing.T) int {
	t.Helper()
	low, _ := sockets.EphemeralPorts()
	for port := low - 1; port > 1024; port -= 7 {
		if l, err := net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

func get(t *testing.T, addr string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get("http://" + addr)
	if err != nil {
		t.Error(err)
		return
	}
	response.Body.Close()
}
