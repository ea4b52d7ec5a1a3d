package proxy

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
)

// upload sends the head of a request and a part of its body.
func (f *testFront) upload(length int, part string) *net.TCPConn {
	f.t.Helper()
	c, err := net.Dial("tcp", f.listener.Addr().String())
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", length, part)
	return c.(*net.TCPConn)
}

// However it leaves, with its body sent in part or whole, an upload that is held goes
// at once and is never sent on; those that stay are.
func TestF7_HeldUploadsThatLeave(t *testing.T) {
	for name, leave := range map[string]func(c *net.TCPConn){
		"close":    func(c *net.TCPConn) { c.Close() },
		"reset":    func(c *net.TCPConn) { c.SetLinger(0); c.Close() },
		"shutdown": func(c *net.TCPConn) { c.CloseWrite() },
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, Config{Hold: true})
			var leaving []*net.TCPConn
			for range 10 {
				leaving = append(leaving, f.upload(100_000, "part"), f.upload(5, "whole"))
			}
			stays := f.upload(4, "stay")
			f.awaitHeld(21)
			for _, c := range leaving {
				leave(c)
			}
			f.awaitHeld(1)
			got := make(chan string, 30)
			f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				got <- string(b)
			})})
			if b := receive(t, "upload", got); b != "stay" || len(got) > 0 {
				t.Errorf("the app got %q and %d others", b, len(got))
			}
			stays.Close()
			if n := f.leavers.Load().Watched(); n != 0 {
				t.Errorf("%d are still watched", n)
			}
		})
	}
}

func TestF7_HeldUploadsAreNotRead(t *testing.T) {
	const uploads, length = 100, 100 << 20
	f := serve(t, Config{Hold: true})
	f.Publish(View{Waiting: true})
	var sent atomic.Int64
	before := memory()
	chunk := make([]byte, 64<<10)
	ended := make(chan struct{}, uploads)
	var conns []net.Conn
	for range uploads {
		c := f.upload(length, "")
		conns = append(conns, c)
		go func() {
			defer func() { ended <- struct{}{} }()
			for {
				n, err := c.Write(chunk) // the kernel takes what fits in its own buffers
				sent.Add(int64(n))
				if err != nil {
					return
				}
			}
		}()
	}
	f.awaitHeld(uploads)
	for was := int64(-1); was != sent.Load(); { // until the kernel takes no more
		was = sent.Load()
		runtime.Gosched()
	}
	if grown := memory() - before; grown > 32<<20 {
		t.Errorf("memory has grown by %d MiB", grown>>20)
	}
	for _, c := range conns {
		c.(*net.TCPConn).SetLinger(0) // by a plain one the kernel sends what it has first
		c.Close()
	}
	f.awaitHeld(0)
	for range uploads {
		receive(t, "end of an upload", ended)
	}
}

// memory is what lives on the heap and on stacks.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
