//go:build unix

package runner

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait. It is met by nothing but a hang.
const patience = 30 * time.Second

// app is one started generation as a test sees it.
type app struct {
	t      *testing.T
	r      *Runner
	gen    int
	events chan Event
	output *said
}

func newRunner(t *testing.T) *Runner {
	t.Helper()
	r := New()
	t.Cleanup(r.Close)
	return r
}

// start starts an app of the table. When the test ends, its events must be what
// rule 3 says, whatever the test was about.
func start(t *testing.T, r *Runner, gen int, name string, change ...func(*Spec)) *app {
	t.Helper()
	a := &app{t: t, r: r, gen: gen, events: make(chan Event, 10), output: newOutput()}
	spec := Spec{
		Generation: gen,
		Binary:     self(),
		Dir:        t.TempDir(),
		Env:        env(name),
		Stdout:     a.output,
	}
	for _, c := range change {
		c(&spec)
	}
	var seen []Event
	r.Start(spec, func(e Event) {
		seen = append(seen, e)
		a.events <- e
	})
	t.Cleanup(func() {
		r.Close()
		checkRule3(t, seen)
	})
	return a
}

// checkRule3: ready or failed once, and first, or after what it waited for; exit once, and last.
func checkRule3(t *testing.T, events []Event) {
	t.Helper()
	var shape strings.Builder
	for _, e := range events {
		switch e := e.(type) {
		case Waiting:
			if shape.Len() > 0 {
				shape.WriteString("waiting ")
			}
		case Unresponsive:
			shape.WriteString("unresponsive ")
		case Ready:
			shape.WriteString("ready ")
		case Failed:
			shape.WriteString("failed ")
			if e.PID == 0 {
				shape.WriteString("exited ") // it never lived
			}
		case Fixed:
			shape.WriteString("fixed ")
		case Exited:
			shape.WriteString("exited ")
		}
	}
	switch shape.String() {
	case "ready exited ", "ready fixed exited ", "ready unresponsive exited ", "failed exited ":
	default:
		t.Errorf("events were: %s", shape.String())
	}
}

// next waits for the next event, which must be an E.
func next[E Event](a *app) E {
	a.t.Helper()
	select {
	case e := <-a.events:
		want, ok := e.(E)
		if !ok {
			a.t.Fatalf("got %T %+v, want %T", e, e, want)
		}
		return want
	case <-time.After(patience):
		var want E
		a.t.Fatalf("no %T came", want)
		return want
	}
}

// child waits for the app to say the pid of a process that it started.
func (a *app) child() int {
	a.t.Helper()
	pid, err := strconv.Atoi(strings.TrimPrefix(a.output.line(a.t, "pid "), "pid "))
	if err != nil {
		a.t.Fatal(err)
	}
	return pid
}

// said collects what is written and lets tests wait for a line.
type said struct {
	mu    sync.Mutex
	text  bytes.Buffer
	lines chan string
}

func newOutput() *said { return &said{lines: make(chan string, 1000)} }

func (o *said) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(text)
	for {
		line, err := o.text.ReadString('\n')
		if err != nil {
			o.text.WriteString(line)
			return len(text), nil
		}
		select {
		case o.lines <- strings.TrimSuffix(line, "\n"):
		default:
		}
	}
}

// line waits for the next line that begins with prefix.
func (o *said) line(t *testing.T, prefix string) string {
	t.Helper()
	limit := time.After(patience)
	for {
		select {
		case line := <-o.lines:
			if strings.HasPrefix(line, prefix) {
				return line
			}
		case <-limit:
			t.Fatalf("no line %q came", prefix)
		}
	}
}

// isRunning says whether a process has not ended; a zombie has.
func isRunning(pid int) bool {
	if syscall.Kill(pid, 0) == syscall.ESRCH {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

// awaitEnd waits until none of the processes runs, without asking who ended them.
func awaitEnd(t *testing.T, pids ...int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for _, pid := range pids {
		for isRunning(pid) {
			if time.Now().After(deadline) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
				t.Errorf("pid %d is still there", pid)
				break
			}
			<-time.After(5 * time.Millisecond)
		}
	}
}
