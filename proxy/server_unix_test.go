//go:build unix

package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"
)

func TestF1_SameSocketThroughManyViews(t *testing.T) {
	f := serve(t, Config{Hold: true})
	before := inode(t, f.listener)
	kept, err := net.Dial("tcp", f.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	in := bufio.NewReader(kept)
	up := says(t, "ok")
	for n := 1; n <= 200; n++ {
		v := View{Generation: n, Upstream: up, Pending: uint64(n), Settled: uint64(n)}
		if n%5 == 0 {
			v = View{Phase: Broken, Problem: compileError}
		}
		f.Publish(v)
		f.Configure(Config{Hold: n%2 == 0})
		f.Drain(n-1, time.Hour, func(Drained) {})
		// A connection that was opened before all this goes on.
		io.WriteString(kept, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
	}
	if after := inode(t, f.listener); after != before {
		t.Errorf("inode of the front = %d, was %d", after, before)
	}
	f.Publish(View{Generation: 1000, Upstream: up})
	f.get("/").want(t, 200, "ok")
}

func inode(t *testing.T, l *net.TCPListener) (n uint64) {
	t.Helper()
	raw, err := l.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		var st syscall.Stat_t
		if err = syscall.Fstat(int(fd), &st); err == nil {
			n = uint64(st.Ino)
		}
	})
	if err != nil || n == 0 {
		t.Fatalf("inode of the listener: %d, %v", n, err)
	}
	return n
}

// openFiles is how many files this process may have open.
func openFiles(t *testing.T) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return int(min(limit.Cur, 1<<20))
}
