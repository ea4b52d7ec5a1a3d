package session

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/watcher-dev/watcher/runner"
)

// TestR7_LearnedPortIsKept: for the next run; what cannot be understood is nothing.
func TestR7_LearnedPortIsKept(t *testing.T) {
	dir := t.TempDir()
	if l := recall(dir); l.port != 0 || l.keep(7000) != 0 || l.keep(7001) != 7000 {
		t.Errorf("%+v", l)
	}
	if l := recall(dir); l.keep(0) != 7001 {
		t.Errorf("%+v", l)
	}
	if l := recall(dir); l.port != 0 {
		t.Errorf("%+v", l)
	}
	for _, text := range []string{"", "7000", "{", `{"port":7000}`, `{"version":2,"port":7000}`, `{"version":1,"port":70000}`, `{"version":1,"port":-1}`, `{"version":1,"port":"7000"}`} {
		if err := os.WriteFile(filepath.Join(dir, "port.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if l := recall(dir); l.port != 0 {
			t.Errorf("%q is read as %d", text, l.port)
		}
	}
}

// TestR7_OnlyWhatTheFrontCanTakeIsLearned: not what speaks TLS, a Unix socket, what was not
// moved though it was to be, nor what another process has.
func TestR7_OnlyWhatTheFrontCanTakeIsLearned(t *testing.T) {
	l := learned{port: 7444}
	tls := httptest.NewTLSServer(nil)
	defer tls.Close()
	for _, c := range []struct {
		moved bool
		ready runner.Ready
		want  int
	}{
		{true, runner.Ready{Upstream: "127.0.0.1:23000", Asked: 7000}, 7000},
		{true, runner.Ready{Upstream: "127.0.0.1:23000"}, 0},
		{true, runner.Ready{Upstream: "127.0.0.1:23000", Asked: 7443, TLS: true}, 0},
		{true, runner.Ready{Upstream: "127.0.0.1:23000", Asked: 7443}, 0},            // as is known by now
		{true, runner.Ready{Upstream: tls.Listener.Addr().String(), Asked: 7444}, 0}, // by now, on the port that was HTTP's
		{true, runner.Ready{Upstream: "127.0.0.1:7000", OwnPort: true, PID: os.Getpid()}, 0},
		{false, runner.Ready{Upstream: "unix:/app.sock", OwnPort: true, PID: os.Getpid()}, 0},
		{false, runner.Ready{Upstream: "127.0.0.1:1", OwnPort: true, PID: os.Getpid()}, 0},
		{false, runner.Ready{Upstream: "127.0.0.1:23000"}, 0},
	} {
		if got := l.leads(c.moved, c.ready); got != c.want {
			t.Errorf("%v %+v: %d", c.moved, c.ready, got)
		}
	}
}
