package watcher

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/watcher-dev/watcher/watcher/source"
)

// limitEnv names the limit that this process of the test has set for itself.
const limitEnv = "WATCHER_TEST_LIMIT"

// When the system gives no more watches the rest is polled, with one line that says what
// to type, and nothing is missed, in old folders and in new ones. The doorbell goes before that.
func TestW8_WatchLimit(t *testing.T) {
	const watches, instances = "sudo sysctl fs.inotify.max_user_watches=", "sudo sysctl fs.inotify.max_user_instances="
	for limit, c := range map[string]struct {
		sysctl       string
		polled, deaf bool
	}{
		"max_inotify_watches=10":  {watches, true, true},
		"max_inotify_watches=64":  {watches, false, true}, // one too few for both: 32 folders, and that of the marks
		"max_inotify_instances=0": {instances, true, false},
		"max_inotify_instances=1": {instances, false, true},
	} {
		if os.Getenv(limitEnv) == "" {
			runLimited(t, limit)
		} else if os.Getenv(limitEnv) == limit {
			setLimit(t)
			if c.polled {
				nothingIsMissed(t, c.sysctl)
				adviceWithoutPolling(t, c.sysctl)
			}
			noRequestOvertakes(t, c.sysctl, c.polled, c.deaf)
		}
	}
}

// runLimited runs the test again in a user namespace of its own, in which a limit can be
// set that holds for nobody else (rule 48).
func runLimited(t *testing.T, limit string) {
	test := exec.Command(os.Args[0], "-test.run=^TestW8_WatchLimit$")
	test.Env = append(os.Environ(), limitEnv+"="+limit)
	test.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	if out, err := test.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", limit, err, out)
	}
}

func setLimit(t *testing.T) {
	name, value, _ := strings.Cut(os.Getenv(limitEnv), "=")
	must(t, os.WriteFile("/proc/sys/user/"+name, []byte(value), 0))
}

// adviceWithoutPolling: where nothing may be polled, what is not watched is told, and what to do.
func adviceWithoutPolling(t *testing.T, sysctl string) {
	root := plant(t, small)
	for i := range 30 {
		put(t, fmt.Sprintf("%s/p%d/x.go", root, i), "package p")
	}
	w, err := New(Config{Root: root, Poll: source.Never})
	if err != nil {
		if !strings.Contains(err.Error(), sysctl) {
			t.Error(err)
		}
		return
	}
	if e, ok := run(t, w).next().(Trouble); !ok || !strings.Contains(e.Text, sysctl) {
		t.Errorf("got %#v", e)
	}
}

func nothingIsMissed(t *testing.T, sysctl string) {
	root := plant(t, small)
	for i := range 30 {
		put(t, fmt.Sprintf("%s/p%d/x.go", root, i), "package p")
	}
	p := watch(t, root, Config{})
	e, ok := p.next().(Trouble)
	if !ok || !strings.Contains(e.Text, " is polled") || !strings.Contains(e.Text, sysctl) {
		t.Fatalf("got %#v", e)
	}
	for i := range 30 {
		name := fmt.Sprintf("p%d/x.go", i)
		p.save(name, "package p // 2") // p fails at a second line
		p.sees(name + " rebuild")
	}
	p.save("new/below/x.go", "package below")
	p.sees("new/below/x.go rebuild")
	p.save("new/below/x.go", "package below // 2")
	p.sees("new/below/x.go rebuild")
}

// noRequestOvertakes: a watcher that could not have a doorbell for all folders says so
// once, and each request is ordered after what was saved before all the same.
func noRequestOvertakes(t *testing.T, sysctl string, polled, deaf bool) {
	root := plant(t, small)
	for i := range 30 {
		put(t, fmt.Sprintf("%s/p%d/x.go", root, i), "package p")
	}
	p := watch(t, root, Config{Marks: t.TempDir()})
	for said, want := range map[string]bool{"each request asks anew": deaf, " is polled": polled} {
		told := slices.ContainsFunc(p.w.early, func(e Event) bool {
			trouble, ok := e.(Trouble)
			return ok && strings.Contains(trouble.Text, said) && strings.Contains(trouble.Text, sysctl)
		})
		if told != want {
			t.Errorf("%q is told: %v, want %v", said, told, want)
		}
	}
	for i := range 60 {
		p.save(fmt.Sprintf("p%d/x.go", i%30), fmt.Sprint("package p // ", i))
		if n := p.arrive(t.Context()); n <= p.closed {
			t.Fatalf("save %d: a request needs number %d, and %d was closed before it", i, n, p.closed)
		}
		for closed := false; !closed; {
			var batch Batch
			if batch, closed = p.next().(Batch); closed {
				p.closed = batch.N
			}
		}
	}
}
