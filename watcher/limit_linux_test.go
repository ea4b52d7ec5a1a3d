package watcher

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/watcher-dev/watcher/watcher/source"
)

// limitEnv names the limit that this process of the test has set for itself.
const limitEnv = "WATCHER_TEST_LIMIT"

// When the system gives no more watches the rest is polled, with one line that says what
// to type, and nothing is missed, in old folders and in new ones.
func TestW8_WatchLimit(t *testing.T) {
	for limit, sysctl := range map[string]string{
		"max_inotify_watches=10":  "sudo sysctl fs.inotify.max_user_watches=",
		"max_inotify_instances=0": "sudo sysctl fs.inotify.max_user_instances=",
	} {
		if os.Getenv(limitEnv) == "" {
			runLimited(t, limit)
		} else if os.Getenv(limitEnv) == limit {
			setLimit(t)
			nothingIsMissed(t, sysctl)
			adviceWithoutPolling(t, sysctl)
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
