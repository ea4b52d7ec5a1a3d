//go:build unix

package runner

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
)

// TestR7_WhoHasATakenPortIsSaid: the front itself, which the user can move; or the process.
func TestR7_WhoHasATakenPortIsSaid(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	front := fmt.Sprintf("http://localhost:%d", port)
	process := "is taken by watcher (pid "
	if runtime.GOOS != "linux" { // which does not tell
		process = "the app binds a fixed port that is taken"
	}
	for gen, c := range []struct {
		spec Spec
		want string
	}{
		{Spec{URL: front}, fmt.Sprintf("is held by the front itself: choose another one for it with --listen, or set [run] port = %d", port)},
		{Spec{URL: front, Port: port}, "is held by the front itself: choose another one for it with --listen"},
		{Spec{URL: "http://localhost:1"}, process},
	} {
		a := start(t, newRunner(t), gen, "serve own", func(s *Spec) {
			s.Env = append(s.Env, fmt.Sprintf("FIXED=127.0.0.1:%d", port))
			s.URL, s.Port = c.spec.URL, c.spec.Port
		})
		failed := next[Failed](a)
		if !strings.Contains(failed.Hint, c.want) {
			t.Errorf("%+v, want %q", failed, c.want)
		}
		next[Exited](a)
	}
}
