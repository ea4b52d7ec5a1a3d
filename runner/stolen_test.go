//go:build unix

package runner

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A port is stolen between our choice and the app's bind. The app notices and ends, or
// has not come so far: it is started with another, and nobody is told.
func TestStolenPort_AnotherIsTaken(t *testing.T) {
	t.Parallel()
	for gen, test := range []struct {
		name  string
		steal func(*testing.T, int) error
	}{{"bind late", bindOnly}, {"bind the second time", listenOn}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, here, port := robbed(t, gen, test.name, test.steal)
			create(t, here, "go")
			ready := next[Ready](a)
			if strings.HasSuffix(ready.Upstream, fmt.Sprint(":", port)) || ready.OwnPort {
				t.Errorf("%+v, stolen was %d", ready, port)
			}
			get(t, ready.Upstream)
			if pid := a.output.line(t, "pid "); pid != fmt.Sprint("pid ", ready.PID) {
				t.Errorf("the second one is %s, told was %d", pid, ready.PID)
			}
		})
	}
}

func TestStolenPort_StopWins(t *testing.T) {
	t.Parallel()
	a, here, _ := robbed(t, 1, "bind late", bindOnly)
	a.r.Stop(1, patience) // which this app ignores
	create(t, here, "go")
	if failed := next[Failed](a); failed.Reason != "exited with code 1 before it was ready" {
		t.Errorf("%+v", failed)
	}
	next[Exited](a)
}

// robbed starts an app that says its port, and binds it when it is told to, and steals
// that port; another one where a connection of an earlier test lingers on it.
func robbed(t *testing.T, gen int, name string, steal func(*testing.T, int) error) (a *app, dir string, port int) {
	for range 20 {
		a = start(t, newRunner(t), gen, name, func(s *Spec) { dir = s.Dir })
		port, err := strconv.Atoi(strings.TrimPrefix(a.output.line(t, "port "), "port "))
		if err != nil {
			t.Fatal(err)
		}
		a.output.line(t, "pid ")
		if err = steal(t, port); err == nil {
			return a, dir, port
		}
		t.Log(err)
		a.r.Close()
	}
	t.Fatal("no port could be stolen")
	return nil, "", 0
}

// listenOn steals a port so that everybody sees it.
func listenOn(t *testing.T, port int) error {
	l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
	if err == nil {
		t.Cleanup(func() { l.Close() })
	}
	return err
}

// bindOnly steals a port so that only the next one who binds it notices.
func bindOnly(t *testing.T, port int) error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	return syscall.Bind(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
}

// bindLate says the port that it was given, and binds it when it is told to; one that
// gives up never does the first time.
func bindLate(giveUp bool) {
	fmt.Println("port", os.Getenv("PORT"))
	fmt.Println("pid", os.Getpid())
	if _, err := os.Stat("second"); giveUp && err != nil {
		_ = os.WriteFile("second", nil, 0o600)
		time.Sleep(2 * time.Minute)
	}
	exists("go")
	serve("127.0.0.1:" + os.Getenv("PORT"))
}
