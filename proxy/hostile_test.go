package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// FuzzHead: whatever comes in, the front answers the next one. Nothing but the end of
// the bytes ends a connection that waits for more, so the client closes its side.
func FuzzHead(f *testing.F) {
	for _, head := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"GET http://other/%zz HTTP/1.1\r\nHost: \x00\r\n\r\n",
		"GET /%2F//\xe9?%zz HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x88\x80",
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: \x01\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
		"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		"TRACE /__watcher/../x HTTP/1.0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\xff\xff\xff\x01",
		"\x16\x03\x01", "", "GET", strings.Repeat("a", 10_000),
	} {
		f.Add([]byte(head))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	front := New(Config{})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- front.Serve(ctx, l) }()
	up, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	app := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })}
	go app.Serve(up)
	f.Cleanup(func() {
		stop()
		<-ended
		app.Close()
	})
	front.Publish(View{Generation: 1, Upstream: up.Addr().String()})
	f.Fuzz(func(t *testing.T, bytes []byte) {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(failsafe))
		c.Write(bytes)
		c.(*net.TCPConn).CloseWrite()
		if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("the connection stays open: %v", err)
		}
		c.Close()
		if c, err = net.Dial("tcp", l.Addr().String()); err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(failsafe))
		fmt.Fprintf(c, "GET /__watcher/healthz HTTP/1.0\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || res.StatusCode != 200 {
			t.Errorf("after %q the front answers %v, %v", bytes, res, err)
		}
	})
}

// An app that answers no HTTP, closes at once, or closes in its head: 502, and the next
// request gets through to a good one.
func TestF13_HostileApps(t *testing.T) {
	for _, bytes := range []string{
		"", "\x00\xff garbage\r\n\r\n", "HTTP/1.1 200", "HTTP/1.1 99999 x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
	} {
		f := serve(t, Config{})
		f.Publish(View{Generation: 1, Upstream: rawApp(t, bytes)})
		if a := f.do(f.request("POST", "/", strings.NewReader("x"))); a.err != nil || a.status != 502 {
			t.Errorf("app says %q: the client got %d, %v; want 502", bytes, a.status, a.err)
		}
		f.Publish(View{Generation: 2, Upstream: says(t, "good")})
		f.get("/").want(t, 200, "good")
	}
}

// An app that never answers is waited for until the client has enough; then it is told.
func TestF13_AppThatNeverAnswers(t *testing.T) {
	f := serve(t, Config{})
	up, g := gated(t, "")
	f.Publish(View{Generation: 1, Upstream: up})
	ctx, leave := context.WithCancel(t.Context())
	never := f.begin(f.request("GET", "/", nil).WithContext(ctx))
	receive(t, "request", g.entered)
	leave()
	receive(t, "end", never)
	eventually(t, "nothing in flight", func() bool { return f.Status().InFlight == 0 })
}

// crowd is how many idle connections there are.
const crowd = 10_000

// crowdOf is the variable that makes this test binary a crowd of idle clients of an
// address: each end of so many connections needs a process of its own where the number
// of open files is limited.
const crowdOf = "PROXY_TEST_CROWD_OF"

// runCrowd opens the connections, says so, and keeps them until its stdin ends.
func runCrowd() {
	for range crowd {
		if _, err := net.Dial("tcp", os.Getenv(crowdOf)); err != nil {
			panic(err)
		}
	}
	fmt.Println("connected")
	io.Copy(io.Discard, os.Stdin)
}

// 10,000 idle connections, and one that sends a byte at a time, keep nobody else out.
func TestF13_IdleAndSlowClients(t *testing.T) {
	if room := openFiles(t); room < crowd+500 {
		t.Fatalf("%d open files are allowed; ulimit -n %d, or more, gives room for this test", room, crowd+500)
	}
	f := serve(t, Config{})
	f.Publish(View{Generation: 1, Upstream: says(t, "ok")})
	idle := exec.Command(os.Args[0])
	idle.Env = append(os.Environ(), crowdOf+"="+f.listener.Addr().String())
	idle.Stderr = os.Stderr
	end, err := idle.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := idle.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := idle.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		end.Close()
		idle.Wait()
	}()
	if said, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the crowd said %q, %v", said, err)
	}

	slow, err := net.Dial("tcp", f.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	for _, b := range []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n") {
		slow.Write([]byte{b})
		f.get("/").want(t, 200, "ok")
	}
	res, err := http.ReadResponse(bufio.NewReader(slow), nil)
	if err != nil || res.StatusCode != 200 {
		t.Errorf("the slow one got %v, %v", res, err)
	}
}
