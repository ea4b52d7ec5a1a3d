package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
)

func TestF9_RequestReachesTheAppUnchanged(t *testing.T) {
	f := serve(t, Config{})
	got := make(chan *http.Request, 1)
	f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // fills r.Trailer
		got <- r
		w.Header()["Content-Type"] = nil
		w.Header().Set("Trailer", "X-Sum")
		io.WriteString(w, "<html>")
		w.Header().Set("X-Sum", "42")
	})})
	r := f.request("PUT", "/a%2Fb/../c//d?x=%zz&y=1;2&&z", io.MultiReader(strings.NewReader("chunked")))
	r.Host = "app.test:99"
	r.Header = http.Header{"User-Agent": nil, "Forwarded": {"for=9.9.9.9"}, "X-Forwarded-For": {"9.9.9.9"}, "X-Own": {"a", "b"}, "Te": {"trailers"}}
	r.Trailer = http.Header{"X-End": {"done"}}
	res, err := f.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	seen := receive(t, "request", got)
	for _, c := range []struct{ what, got, want string }{
		{"method", seen.Method, "PUT"},
		{"uri", seen.RequestURI, "/a%2Fb/../c//d?x=%zz&y=1;2&&z"},
		{"host", seen.Host, "app.test:99"},
		{"header", fmt.Sprint(seen.Header["X-Own"]), "[a b]"},
		{"user agent", fmt.Sprint(seen.Header["User-Agent"]), "[]"},
		{"te", seen.Header.Get("Te"), "trailers"},
		{"forwarded for", fmt.Sprint(seen.Header["X-Forwarded-For"]), "[127.0.0.1]"},
		{"forwarded host", seen.Header.Get("X-Forwarded-Host"), "app.test:99"},
		{"forwarded proto", seen.Header.Get("X-Forwarded-Proto"), "http"},
		{"request trailer", seen.Trailer.Get("X-End"), "done"},
		{"answer", fmt.Sprint(string(body), err), "<html><nil>"},
		{"answer trailer", res.Trailer.Get("X-Sum"), "42"},
		{"content type", fmt.Sprint(res.Header["Content-Type"]), "[]"},
		{"our marks", res.Header.Get("Watcher-Build") + res.Header.Get("Watcher-Generation"), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s = %q, want %q", c.what, c.got, c.want)
		}
	}
}

func TestF9_ContentTypeIsNotGuessed(t *testing.T) {
	f := serve(t, Config{})
	up, _ := wire(t, func(int64, *http.Request) string { return "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>" })
	f.Publish(View{Generation: 1, Upstream: up})
	a := f.get("/")
	a.want(t, 200, "<html>")
	if kind, ok := a.header["Content-Type"]; ok {
		t.Errorf("Content-Type = %q, the app sent none", kind)
	}
}

func TestF9_InformationalAnswersPassUnmarked(t *testing.T) {
	f := serve(t, Config{GenerationHeader: true})
	f.Publish(View{Generation: 7, Failed: true, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusNoContent)
	})})
	var hints textproto.MIMEHeader
	r := f.request("GET", "/", nil)
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(_ int, h textproto.MIMEHeader) error { hints = h; return nil },
	}))
	a := f.do(r)
	a.want(t, 204, "")
	a.wantBuild(t, "failed")
	if got := a.header.Get("Watcher-Generation"); got != "7" {
		t.Errorf("Watcher-Generation = %q, want 7", got)
	}
	if hints.Get("Link") != "</a.css>" || hints.Get("Watcher-Generation") != "" {
		t.Errorf("early hints = %v", hints)
	}
}

// The app answers before it has read the whole request and goes on reading.
func TestRule24_AnswerWhileReading(t *testing.T) {
	f := serve(t, Config{})
	f.client.Transport.(*http.Transport).DisableKeepAlives = false // on others net/http never reads ahead
	f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		for lines := bufio.NewScanner(r.Body); lines.Scan(); {
			fmt.Fprintln(w, lines.Text())
			w.(http.Flusher).Flush()
		}
	})})
	body, send := io.Pipe()
	go io.WriteString(send, "1\n")
	res, err := f.client.Do(f.request("POST", "/", body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for i := 1; i <= 100; i++ {
		if !lines.Scan() || lines.Text() != fmt.Sprint(i) {
			t.Fatalf("line %d = %q, error %v", i, lines.Text(), lines.Err())
		}
		fmt.Fprintln(send, i+1)
	}
	send.Close()
	io.Copy(io.Discard, res.Body)
}

// wire is an app that handles its connections itself; answer is called for each
// request in turn and returns the bytes to send, "" to close the connection.
func wire(t *testing.T, answer func(n int64, r *http.Request) string) (string, *atomic.Int64) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var n atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for in := bufio.NewReader(c); ; {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					io.Copy(io.Discard, r.Body)
					out := answer(n.Add(1), r)
					if _, err := io.WriteString(c, out); out == "" || err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String(), &n
}

const wireOK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func TestF4_NothingIsSentAgainOverAConnection(t *testing.T) {
	for _, c := range []struct {
		method, body string
		sent         int64
	}{
		{"GET", "", 1}, {"HEAD", "", 1}, {"OPTIONS", "", 1}, {"GET", "body", 1}, {"POST", "", 1}, {"POST", "body", 1}, {"PUT", "body", 1}, {"DELETE", "", 1}, {"PATCH", "body", 1},
	} {
		t.Run(c.method+c.body, func(t *testing.T) {
			f := serve(t, Config{})
			up, n := wire(t, func(int64, *http.Request) string { return "" })
			f.Publish(View{Generation: 1, Upstream: up})
			a := f.do(f.request(c.method, "/", strings.NewReader(c.body)))
			if a.err != nil || a.status != 502 || n.Load() != c.sent {
				t.Errorf("status %d, error %v, sent %d times; want 502, sent %d times", a.status, a.err, n.Load(), c.sent)
			}
			if c.method != "HEAD" && a.body != "the app closed the connection before it answered\n" {
				t.Errorf("body = %q", a.body)
			}
		})
	}
}

func TestF4_IdempotencyKeyIsPassedAndNotTrusted(t *testing.T) {
	f := serve(t, Config{})
	up, n := wire(t, func(n int64, r *http.Request) string {
		if n == 1 {
			return wireOK // the connection is kept; the next request on it is dropped
		}
		if r.Header.Get("Idempotency-Key")+r.Header.Get("X-Idempotency-Key") != "ab" {
			t.Errorf("header = %v", r.Header)
		}
		return ""
	})
	f.Publish(View{Generation: 1, Upstream: up})
	f.get("/").want(t, 200, "ok")
	r := f.request("POST", "/", nil)
	r.Header = http.Header{"Idempotency-Key": {"a"}, "X-Idempotency-Key": {"b"}}
	if a := f.do(r); a.status != 502 || n.Load() != 2 {
		t.Errorf("status %d, the POST was sent %d times; want 502, once", a.status, n.Load()-1)
	}
}

func TestF5_AppKilledInMidAnswer(t *testing.T) {
	for _, part := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
	} {
		up := rawApp(t, part)
		f := serve(t, Config{})
		f.Publish(View{Generation: 1, Upstream: up})
		for range 100 {
			if a := f.get("/"); a.err == nil {
				t.Fatalf("answer = %+v, want a broken transfer", a)
			}
		}
	}
}

// rawApp sends the same bytes to whoever connects, then closes.
func rawApp(t *testing.T, bytes string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			http.ReadRequest(bufio.NewReader(c))
			io.WriteString(c, bytes)
			c.Close()
		}
	}()
	return l.Addr().String()
}

func TestF4_RefusedConnectionWaitsForTheNextView(t *testing.T) {
	f := serve(t, Config{Hold: true})
	dead := closedPort(t)
	f.Publish(View{Generation: 1, Upstream: dead, Phase: Serving})
	post := f.begin(f.request("POST", "/", strings.NewReader("body")))
	f.awaitHeld(1)
	// The next view still names the dead one: the request tries and waits again.
	f.Publish(View{Generation: 1, Upstream: dead, Phase: Serving, Pending: 1})
	f.awaitHeld(1)
	f.Publish(View{Waiting: true, Phase: BackOff})
	f.awaitHeld(1)
	f.Publish(View{Generation: 2, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })})
	receive(t, "answer", post).want(t, 200, "body")
}

// TestF4_RefusedConnectionIsTriedAgain: the app listens again, and no view tells of it.
func TestF4_RefusedConnectionIsTriedAgain(t *testing.T) {
	f := serve(t, Config{Hold: true})
	addr := closedPort(t)
	f.Publish(View{Generation: 1, Upstream: addr, Phase: Serving})
	post := f.begin(f.request("POST", "/", strings.NewReader("body")))
	f.awaitHeld(1)
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })}
	go srv.Serve(l)
	defer srv.Close()
	receive(t, "answer", post).want(t, 200, "body")
}

func TestF8_RefusedConnectionEndsIn502(t *testing.T) {
	f := serve(t, Config{Hold: true}, func(f *Front) { f.limits.longest = 1 })
	dead := closedPort(t)
	f.Publish(View{Generation: 1, Upstream: dead, Phase: Serving})
	f.get("/").want(t, 502, "the app does not accept connections on "+dead+"; look at its output or restart it\n")
}

func closedPort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return l.Addr().String()
}

// Request lines reach the app byte by byte.
func TestF9_RawTargetReachesTheApp(t *testing.T) {
	f := serve(t, Config{})
	seen := make(chan string, 1)
	f.Publish(View{Generation: 1, Upstream: lineApp(t, seen)})
	for _, target := range []string{
		"/", "/a%2Fb", "/a%2fb/%41", "//a///b/", "/../a/./b", "/\xe9\xff/\xc3\xa9", "/a;b=c,d:e@f!$&'()*+",
		"/?", "/?a=%zz", "/?a;b&&=&%", "/?\xe9=\xff", "/a?b?c", "/%00?x#y",
	} {
		c, err := net.Dial("tcp", f.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", target)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%q: %v, %v", target, res, err)
		}
		c.Close()
		if got, want := receive(t, "line", seen), "GET "+target+" HTTP/1.1"; got != want {
			t.Errorf("the app got %q, want %q", got, want)
		}
	}
}

// lineApp hands out the first line of each request as it came.
func lineApp(t *testing.T, seen chan<- string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(c).ReadString('\n')
			seen <- strings.TrimRight(line, "\r\n")
			io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
			c.Close()
		}
	}()
	return l.Addr().String()
}
