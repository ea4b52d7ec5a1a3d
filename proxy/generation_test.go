package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// gate is an app whose answers wait: entered tells of each request, open lets them go on.
type gate struct {
	entered chan string
	open    chan struct{}
}

func gated(t *testing.T, body string) (string, *gate) {
	g := &gate{make(chan string, 100), make(chan struct{})}
	return app(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // before its end net/http does not notice that the client left
		g.entered <- r.URL.Path
		select {
		case <-g.open:
			io.WriteString(w, body)
		case <-r.Context().Done():
		}
	}), g
}

func TestF3_InFlightRequestFinishesOnOldGeneration(t *testing.T) {
	f := serve(t, Config{Hold: true})
	old, g := gated(t, strings.Repeat("old", 10_000))
	f.Publish(View{Generation: 1, Upstream: old})
	inFlight := f.begin(f.request("GET", "/", nil))
	receive(t, "request", g.entered)
	f.Publish(View{Generation: 2, Upstream: says(t, "new")})
	drained := f.startDrain(1, time.Hour)
	f.get("/").want(t, 200, "new")
	select {
	case d := <-drained:
		t.Fatalf("drained before the request has ended: %+v", d)
	default:
	}
	if n := f.Status().InFlight; n != 1 {
		t.Errorf("in flight = %d, want 1", n)
	}
	close(g.open)
	receive(t, "answer", inFlight).want(t, 200, strings.Repeat("old", 10_000))
	if d := receive(t, "drained", drained); d != (Drained{Generation: 1, Finished: 1}) {
		t.Errorf("drained = %+v", d)
	}
	if f.known(1) {
		t.Error("the drained generation is still known")
	}
}

func (f *testFront) known(generation int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.generations[generation] != nil
}

func TestRule26_LimitBreaksTheTransfer(t *testing.T) {
	for name, length := range map[string]string{"chunked": "", "with length": "100"} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, Config{})
			f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
				if length != "" {
					w.Header().Set("Content-Length", length)
				}
				io.WriteString(w, "part")
				w.(http.Flusher).Flush()
				<-r.Context().Done()
			})})
			res, err := f.client.Do(f.request("POST", "/", nil))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			f.Publish(View{Generation: 2, Upstream: says(t, "new")})
			d := receive(t, "drained", f.startDrain(1, time.Millisecond))
			if d != (Drained{Generation: 1, Cut: 1}) {
				t.Errorf("drained = %+v, want one cut", d)
			}
			if b, err := io.ReadAll(res.Body); err == nil {
				t.Errorf("body = %q without an error: a short 200", b)
			}
		})
	}
}

func TestRule26_LimitBeforeTheAnswerIs502(t *testing.T) {
	f := serve(t, Config{})
	old, g := gated(t, "")
	f.Publish(View{Generation: 1, Upstream: old})
	inFlight := f.begin(f.request("GET", "/", nil))
	receive(t, "request", g.entered)
	f.Publish(View{Generation: 2, Upstream: old})
	receive(t, "drained", f.startDrain(1, 0))
	receive(t, "answer", inFlight).want(t, 502, "the app was replaced and did not answer within the drain limit\n")
	if n := len(g.entered); n != 0 {
		t.Errorf("the request was sent %d more times", n)
	}
}

func TestRule5_PublishCallsTheDrainOff(t *testing.T) {
	f := serve(t, Config{})
	old, g := gated(t, "old")
	f.Publish(View{Generation: 1, Upstream: old})
	inFlight := f.begin(f.request("GET", "/", nil))
	receive(t, "request", g.entered)
	f.Publish(View{Generation: 2, Upstream: says(t, "new")})
	drained := f.startDrain(1, time.Hour)
	f.Publish(View{Generation: 1, Upstream: old})
	close(g.open)
	receive(t, "answer", inFlight).want(t, 200, "old")
	f.get("/").want(t, 200, "old")
	// A drain that starts now ends; the one that was called off stays silent.
	f.Publish(View{Generation: 3, Upstream: says(t, "new")})
	receive(t, "second drain", f.startDrain(1, time.Hour))
	if len(drained) != 0 {
		t.Errorf("the drain that was called off ended with %+v", <-drained)
	}
}

func TestDrain_SecondCallReplacesTheFirst(t *testing.T) {
	f := serve(t, Config{})
	old, g := gated(t, "")
	f.Publish(View{Generation: 1, Upstream: old})
	inFlight := f.begin(f.request("GET", "/", nil))
	receive(t, "request", g.entered)
	f.Publish(View{})
	first := f.startDrain(1, time.Hour)
	if d := receive(t, "second", f.startDrain(1, 0)); d.Cut != 1 {
		t.Errorf("drained = %+v, want one cut", d)
	}
	receive(t, "answer", inFlight)
	if len(first) != 0 {
		t.Error("the replaced drain ended too")
	}
}

func TestDrain_NothingToWaitFor(t *testing.T) {
	f := serve(t, Config{})
	if d := receive(t, "unknown", f.startDrain(9, time.Hour)); d != (Drained{Generation: 9}) {
		t.Errorf("drained = %+v", d)
	}
	f.Publish(View{Generation: 1, Upstream: says(t, "ok")})
	if d := receive(t, "idle target", f.startDrain(1, time.Hour)); d != (Drained{Generation: 1}) {
		t.Errorf("drained = %+v", d)
	}
}

func TestR9_GenerationsAreForgottenWithTheirConnections(t *testing.T) {
	var open atomic.Int64
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	up.Config.ConnState = countOpen(&open)
	up.Start()
	defer up.Close()
	f := serve(t, Config{})
	for n := 1; n <= 50; n++ {
		f.Publish(View{Generation: n, Upstream: strings.TrimPrefix(up.URL, "http://")})
		f.get("/").want(t, 200, "")
		if n%2 == 0 { // crashed generations are never drained
			receive(t, "drained", f.startDrain(n-1, time.Hour))
		}
	}
	f.Publish(View{})
	eventually(t, "no generation left", func() bool { f.Publish(View{}); return !f.known(50) })
	eventually(t, "no connection left", func() bool { return open.Load() == 0 })
	if n := len(f.generations); n != 0 {
		t.Errorf("%d generations are still known", n)
	}
}

// Requests come all the time while each view follows the other: a save, a swap, a
// drain of the old one. None fails, and none is answered by code older than its save.
func TestS1_OrderUnderSwapsAndDrains(t *testing.T) {
	const swaps, clients = 200, 16
	var ups [2]string
	var alive [2]atomic.Int64 // which generation runs behind each address
	for i := range ups {
		ups[i] = app(t, func(w http.ResponseWriter, r *http.Request) {
			g := alive[i].Load()
			if r.ContentLength > 0 {
				io.Copy(io.Discard, r.Body)
			}
			fmt.Fprint(w, g, " ", alive[i].Load()) // differs if the drain has missed this request
		})
	}
	f := serve(t, Config{Hold: true}, func(f *Front) { f.limits.held = 10 * clients })
	f.client.Transport.(*http.Transport).DisableKeepAlives = false
	f.client.Transport.(*http.Transport).MaxIdleConnsPerHost = clients
	alive[1].Store(1)
	f.Publish(View{Generation: 1, Upstream: ups[1]})

	var pending atomic.Uint64 // newest number that is published; generation n+1 serves number n
	stop := make(chan struct{})
	var running sync.WaitGroup
	for c := range clients {
		running.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				n := pending.Load()
				r := f.request("GET", "/", nil)
				if (c+i)%2 == 0 {
					r = f.request("POST", "/", strings.NewReader("some body"))
				}
				a := f.do(r)
				before, after, _ := strings.Cut(a.body, " ")
				g, _ := strconv.ParseUint(before, 10, 64)
				if a.err != nil || a.status != 200 || before != after || g < n+1 {
					t.Errorf("number %d: status %d, generation %q, error %v", n, a.status, a.body, a.err)
					return
				}
			}
		})
	}
	old := View{Generation: 1, Upstream: ups[1]}
	for n := uint64(1); n <= swaps; n++ {
		old.Pending = n
		f.Publish(old)
		pending.Store(n)
		next := View{Generation: int(n) + 1, Upstream: ups[(n+1)%2], Pending: n, Settled: n}
		alive[(n+1)%2].Store(int64(n) + 1)
		f.Publish(next)
		d := receive(t, "drained", f.startDrain(old.Generation, failsafe))
		if d.Cut != 0 {
			t.Errorf("drained = %+v", d)
		}
		old = next
	}
	close(stop)
	running.Wait()
}

// A handler may take as long as it likes, also across a swap.
func TestF12_SlowHandlerAcrossASwap(t *testing.T) {
	slow := 65 * time.Second
	if os.Getenv("FULL_TESTS") == "" {
		slow = 2 * time.Second
	}
	f := serve(t, Config{Hold: true})
	f.client.Timeout = 0
	entered := make(chan struct{})
	f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		time.Sleep(slow) // simulates work
		io.WriteString(w, "at last")
	})})
	inFlight := f.begin(f.request("GET", "/", nil))
	receive(t, "request", entered)
	f.Publish(View{Generation: 2, Upstream: says(t, "new")})
	drained := f.startDrain(1, time.Hour)
	a := <-inFlight
	a.want(t, 200, "at last")
	receive(t, "drained", drained)
}

// Generations that drain keep no later swap back: each new one answers while the slow
// requests of all before it go on, and ending the oldest cuts nobody else's.
func TestR6_SlowDrainsDelayNoSwap(t *testing.T) {
	f := serve(t, Config{Hold: true})
	var gates []*gate
	var slow []<-chan answer
	var drains []<-chan Drained
	for n := 1; n <= 6; n++ {
		up, g := gated(t, fmt.Sprint(n))
		f.Publish(View{Generation: n, Upstream: up, Pending: uint64(n), Settled: uint64(n)})
		if n > 1 {
			drains = append(drains, f.startDrain(n-1, time.Hour))
		}
		gates = append(gates, g)
		slow = append(slow, f.begin(f.request("GET", "/", nil)))
		receive(t, "request", g.entered)
	}
	if d := receive(t, "oldest", f.startDrain(1, 0)); d != (Drained{Generation: 1, Cut: 1}) {
		t.Errorf("drained = %+v, want one cut", d)
	}
	if a := receive(t, "answer", slow[0]); a.status != 502 {
		t.Errorf("the oldest one's request: %+v, want 502", a)
	}
	for i := 1; i < len(slow); i++ {
		close(gates[i].open)
		receive(t, "answer", slow[i]).want(t, 200, fmt.Sprint(i+1))
		if i < len(drains) {
			receive(t, "drained", drains[i])
		}
	}
}

// TestR7_UnixUpstream: a target at a Unix socket gets bodies, and connections that are
// upgraded with one half closed.
func TestR7_UnixUpstream(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			io.Copy(w, r.Body)
			return
		}
		c, buffered, _ := http.NewResponseController(w).Hijack()
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		all, _ := io.ReadAll(buffered) // up to the half that is closed
		c.Write(all)
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })

	f := serve(t, Config{})
	f.Publish(View{Generation: 1, Upstream: "unix:" + path})
	body := strings.Repeat("x", 1<<20)
	if a := f.do(f.request("POST", "/", strings.NewReader(body))); a.status != http.StatusOK || a.body != body {
		t.Errorf("%d, %d bytes, %v", a.status, len(a.body), a.err)
	}
	raw, err := net.Dial("tcp", f.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	io.WriteString(raw, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	in := bufio.NewReader(raw)
	if r, err := http.ReadResponse(in, nil); err != nil || r.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(r, err)
	}
	io.WriteString(raw, "both ways")
	raw.(*net.TCPConn).CloseWrite()
	if all, err := io.ReadAll(in); string(all) != "both ways" {
		t.Errorf("%q, %v", all, err)
	}
}
