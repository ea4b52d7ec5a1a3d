package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
)

// ends runs the program to its end and returns its exit code.
func (p *program) ends(args ...string) int {
	p.t.Helper()
	p.spawn(args...)
	<-p.done
	code := p.cmd.ProcessState.ExitCode()
	p.cmd = nil
	return code
}

// TestInput_TakenFrontAddress: who has it is told, and nothing is left behind.
func TestInput_TakenFrontAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	holder := fmt.Sprintf("by %s (pid %d)", command(os.Getpid()), os.Getpid())

	t.Run("asked for", func(t *testing.T) {
		p := prepare(t, plainapp)
		code := p.ends("--listen", fmt.Sprint(port))
		want := fmt.Sprintf("front address localhost:%d is taken %s: end that one, or choose another with --listen", port, holder)
		if code != 1 || !strings.Contains(p.out.String(), want) || strings.Count(p.out.String(), "\n") != 1 {
			t.Errorf("exit code %d, output\n%s", code, p.out)
		}
	})
	t.Run("strict", func(t *testing.T) {
		p := prepare(t, plainapp)
		p.env = []string{"WATCHER_PROXY_LISTEN=", "WATCHER_PROXY_STRICT_PORT=true", fmt.Sprintf("PORT=%d", port)}
		if code := p.ends(); code != 1 || !strings.Contains(p.out.String(), holder) {
			t.Errorf("exit code %d, output\n%s", code, p.out)
		}
	})
	t.Run("not strict", func(t *testing.T) {
		p := prepare(t, plainapp)
		p.env = []string{"WATCHER_PROXY_LISTEN=", fmt.Sprintf("PORT=%d", port)}
		p.run()
		p.await("ready  ")
		p.want(1)
		if want := fmt.Sprintf("port %d is taken %s: the front is %s", port, holder, p.url); !strings.Contains(p.out.String(), want) {
			t.Errorf("output\n%s", p.out)
		}
	})
}
