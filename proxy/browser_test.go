package proxy

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/watcher-dev/watcher/proxy/pages"
)

const document = "<!doctype html><html><body>text</body></html>"

var allBrowser = Config{Hold: true, Browser: Browser{Reload: true, Overlay: true, Pill: true}}

// navigate is a request as a browser sends it for a page.
func (f *testFront) navigate(path string) *http.Request {
	r := f.request("GET", path, nil)
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	r.Header.Set("Accept-Encoding", "gzip, br")
	r.Header.Set("Sec-Fetch-Dest", "document")
	return r
}

// sends is an app that answers with a status, headers as "Name: value", and a body.
func sends(t *testing.T, status int, body string, headers ...string) View {
	return View{Generation: 7, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Add(name, value)
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	})}
}

func TestP6_WholeDocumentsGetTheScript(t *testing.T) {
	f := serve(t, allBrowser)
	generation := 0
	old := func(r *http.Request) { r.Header.Del("Sec-Fetch-Dest") } // a browser without Fetch Metadata
	for name, c := range map[string]struct {
		headers []string
		status  int
		body    string
		request func(*http.Request)
		script  bool
	}{
		"document":            {script: true},
		"in a frame":          {request: func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", "iframe") }, script: true},
		"older browser":       {request: old, script: true},
		"the app's own error": {status: 404, script: true},
		"XHTML":               {headers: []string{"Content-Type: application/xhtml+xml"}, script: true},
		"in Latin-1":          {headers: []string{"Content-Type: text/html; charset=iso-8859-1"}, script: true},
		"answer to a form":    {request: func(r *http.Request) { r.Method = "POST" }, script: true},

		"fetch":                   {request: func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", "empty") }},
		"htmx":                    {request: func(r *http.Request) { old(r); r.Header.Set("HX-Request", "true") }},
		"jQuery":                  {request: func(r *http.Request) { old(r); r.Header.Set("X-Requested-With", "XMLHttpRequest") }},
		"curl":                    {request: func(r *http.Request) { old(r); r.Header.Set("Accept", "*/*") }},
		"a range":                 {request: func(r *http.Request) { r.Header.Set("Range", "bytes=0-") }},
		"a part":                  {headers: []string{"Content-Range: bytes 0-44/45"}, status: 206},
		"text":                    {headers: []string{"Content-Type: text/plain"}},
		"no type":                 {headers: []string{"Content-Type: "}},
		"attachment":              {headers: []string{`Content-Disposition: Attachment; filename="a.html"`}},
		"compressed all the same": {headers: []string{"Content-Encoding: gzip"}},
		"UTF-16":                  {headers: []string{"Content-Type: text/html; charset=UTF-16LE"}},
		"redirect":                {headers: []string{"Location: /x"}, status: 302},
		"has it":                  {body: `<script src="/__watcher/client.js"></script>`},
	} {
		t.Run(name, func(t *testing.T) {
			if c.status == 0 {
				c.status = 200
			}
			if c.body == "" {
				c.body = document
			}
			headers := append([]string{"Content-Type: text/html; charset=utf-8", `ETag: "x"`, "Last-Modified: Sat, 21 Nov 2026 12:00:00 GMT"}, c.headers...)
			if len(c.headers) > 0 && strings.HasPrefix(c.headers[0], "Content-Type") {
				headers = headers[1:]
			}
			v := sends(t, c.status, c.body, headers...)
			generation++
			v.Generation = generation
			f.Publish(v)
			f.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			r := f.navigate("/")
			if c.request != nil {
				c.request(r)
			}
			a := f.do(r)
			at := strings.Index(a.body, "<script async")
			if (at >= 0) != c.script || a.status != c.status || a.err != nil {
				t.Fatalf("got %d %v %q %v", a.status, a.header, a.body, a.err)
			}
			if !c.script {
				if a.body != c.body || a.header.Get("ETag") == "" && name != "has it" {
					t.Errorf("the answer was changed: %v %q", a.header, a.body)
				}
				return
			}
			end := strings.Index(a.body, "</script>") + len("</script>")
			if a.body[:at]+a.body[end:] != c.body || !strings.HasPrefix(a.body[end:], "</body>") {
				t.Errorf("got %q", a.body)
			}
			if a.header.Get("ETag")+a.header.Get("Last-Modified")+a.header.Get("Content-Length") != "" {
				t.Errorf("headers %v", a.header)
			}
			if post := strings.Contains(a.body, "data-post"); post != (name == "answer to a form") {
				t.Errorf("got %q", a.body)
			}
		})
	}
}

func TestP6_NothingIsTouchedWhenAllIsOff(t *testing.T) {
	f := serve(t, Config{Hold: true})
	f.Publish(sends(t, 200, document, "Content-Type: text/html", `ETag: "x"`))
	a := f.do(f.navigate("/"))
	a.want(t, 200, document)
	if a.header.Get("ETag") != `"x"` || a.header.Get("Content-Length") == "" {
		t.Errorf("headers %v", a.header)
	}
}

// TestP6_RequestsForDocumentsAskForWhatCanBeRead (rule 27); other requests are as they came.
func TestP6_RequestsForDocumentsAskForWhatCanBeRead(t *testing.T) {
	f := serve(t, allBrowser)
	f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s|%s|%s", r.Header.Get("Accept-Encoding"), r.Header.Get("If-None-Match"), r.Header.Get("If-Modified-Since"))
	})})
	for dest, want := range map[string]string{"document": "identity||", "empty": `gzip, br|"x"|then`, "style": `gzip, br|"x"|then`} {
		r := f.navigate("/")
		r.Header.Set("Sec-Fetch-Dest", dest)
		r.Header.Set("If-None-Match", `"x"`)
		r.Header.Set("If-Modified-Since", "then")
		f.do(r).want(t, 200, want)
	}
}

func TestP6_CompressedAllTheSameIsPassed(t *testing.T) {
	f := serve(t, allBrowser)
	f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, document)
		z.Close()
	})})
	z, err := gzip.NewReader(strings.NewReader(f.do(f.navigate("/")).body))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(z); err != nil || string(text) != document {
		t.Errorf("%q, %v", text, err)
	}
}

// TestP6_StreamedDocumentStillStreams: the app waits until what it wrote was read.
func TestP6_StreamedDocumentStillStreams(t *testing.T) {
	f := serve(t, allBrowser)
	read := make(chan struct{})
	f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for n := range 3 {
			fmt.Fprintf(w, "<p>%d</p>\n", n)
			w.(http.Flusher).Flush()
			<-read
		}
		io.WriteString(w, "</body>\n")
	})})
	res, err := f.client.Do(f.navigate("/"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for n := range 3 {
		line, err := lines.ReadString('\n')
		if err != nil || line != fmt.Sprintf("<p>%d</p>\n", n) {
			t.Fatalf("got %q, %v", line, err)
		}
		read <- struct{}{}
	}
	if rest, _ := lines.ReadString('\n'); !strings.Contains(rest, "client.js") || !strings.HasSuffix(rest, "</body>\n") {
		t.Errorf("the end is %q", rest)
	}
}

const panicked = "\x1b[31m2026/11/21 12:00:00 [Recovery] 2026/11/21 - 12:00:00 panic recovered:\nboom\n/src/a.go:3 (0x1)\n\tsave: x\n\x1b[0m\n"

// TestP7_ApplicationsGetTheAppsOwnAnswer, also of the request whose panic is shown to others.
func TestP7_ApplicationsGetTheAppsOwnAnswer(t *testing.T) {
	told := make(chan Panic, 8)
	cfg := allBrowser
	cfg.Panicked = func(p Panic) { told <- p }
	f := serve(t, cfg)
	f.Publish(View{Generation: 7, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(f.ErrorOutput(7), panicked)
		w.WriteHeader(500)
	})})
	r := f.navigate("/x")
	r.Header.Set("Sec-Fetch-Dest", "empty")
	f.do(r).want(t, 500, "")
	if p := receive(t, "panic", told); p.Title != "panic: boom" || p.Generation != 7 {
		t.Errorf("told %+v", p)
	}
	var s Status
	if err := json.Unmarshal([]byte(f.get("/__watcher/api/status").body), &s); err != nil || s.Panic == nil || s.Panic.Title != "panic: boom" {
		t.Errorf("status %+v, %v", s, err)
	}
	if a := f.do(f.navigate("/x")); a.status != 500 || !strings.Contains(a.body, "panic: boom") || a.header.Get("Content-Security-Policy") == "" {
		t.Errorf("got %+v", a)
	}
}

// TestP7_OnlyItsOwnPanic: what another generation, an earlier request or, where Gin tells
// it, another path has left is nobody else's; an answer with a body is the app's own.
func TestP7_OnlyItsOwnPanic(t *testing.T) {
	f := serve(t, allBrowser)
	body := ""
	f.Publish(View{Generation: 7, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(f.ErrorOutput(6), panicked)
		io.WriteString(f.ErrorOutput(7), strings.Replace(panicked, "boom", "GET /other HTTP/1.1\r\n\r\n\nboom", 1))
		if body != "" {
			io.WriteString(f.ErrorOutput(7), panicked)
		}
		w.WriteHeader(500)
		io.WriteString(w, body)
	})})
	io.WriteString(f.ErrorOutput(7), panicked)
	f.do(f.navigate("/x")).want(t, 500, "")
	body = "the app's own words"
	f.do(f.navigate("/x")).want(t, 500, body)
}

// TestP7_PanicThatIsWaitedFor is one whose stack comes after the empty answer.
func TestP7_PanicThatIsWaitedFor(t *testing.T) {
	told := make(chan Panic, 1)
	cfg := allBrowser
	cfg.Panicked = func(p Panic) { told <- p }
	f := serve(t, cfg)
	f.Publish(View{Generation: 7, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) })})
	for answered := false; !answered; { // else the stack came too late, as it may
		page := f.begin(f.navigate("/x"))
		eventually(t, "a request that waits", f.panics.awaited)
		io.WriteString(f.ErrorOutput(7), panicked)
		if p := receive(t, "panic", told); p.Title != "panic: boom" || p.Request != "" {
			t.Errorf("told %+v", p)
		}
		answered = strings.Contains(receive(t, "page", page).body, "panic: boom")
	}
}

// TestX7_SecretsOfAPanicsRequest are masked wherever it is told, and it is found all the same.
func TestX7_SecretsOfAPanicsRequest(t *testing.T) {
	told := make(chan Panic, 1)
	cfg := allBrowser
	cfg.Panicked = func(p Panic) { told <- p }
	f := serve(t, cfg)
	f.Publish(View{Generation: 7, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(f.ErrorOutput(7), strings.Replace(panicked, "boom", "GET "+r.RequestURI+" HTTP/1.1\r\n\r\n\nboom", 1))
		w.WriteHeader(500)
	})})
	page := f.do(f.navigate("/x?page=2&token=sesame"))
	if !strings.Contains(page.body, "panic: boom") || strings.Contains(page.body, "sesame") {
		t.Errorf("the page: %s", page.body)
	}
	if p := receive(t, "panic", told); p.Request != "GET /x?page=2&token=•••" {
		t.Errorf("told %+v", p)
	}
	if status := f.get("/__watcher/api/status").body; !strings.Contains(status, "GET /x?page=2") || strings.Contains(status, "sesame") {
		t.Errorf("status: %s", status)
	}
}

// awaited says whether somebody waits for a panic.
func (s *panics) awaited() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.more != nil
}

// TestP7_ConnectionThatAPanicBroke is what net/http does without a Recovery.
func TestP7_ConnectionThatAPanicBroke(t *testing.T) {
	f := serve(t, allBrowser)
	f.Publish(View{Generation: 7, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(f.ErrorOutput(7), "http: panic serving 127.0.0.1:1: boom\ngoroutine 1 [running]:\nmain.a()\n\t/a.go:1 +0x1\ncreated by x\n\t/b.go:2 +0x2\n")
		panic(http.ErrAbortHandler)
	})})
	if a := f.do(f.navigate("/x")); a.status != 502 || !strings.Contains(a.body, "<h1>panic: boom</h1>") {
		t.Errorf("got %+v", a)
	}
}

func TestX5_AnswersOfOursAreNotForOthers(t *testing.T) {
	f := serve(t, allBrowser)
	f.Publish(View{Pending: 1, Settled: 1, Phase: Broken, Problem: compileError})
	for _, path := range []string{"/", "/__watcher/client.js", "/__watcher/events", "/__watcher/api/status", "/__watcher/none"} {
		r := f.navigate(path)
		r.Header.Set("Origin", "http://evil.example")
		res, err := f.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin": "", "Cross-Origin-Resource-Policy": "same-origin",
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

// TestX6_OpensWhatIsShownAndNothingElse: ids of places, no paths.
func TestX6_OpensWhatIsShownAndNothingElse(t *testing.T) {
	opened := make(chan pages.Position, 1)
	cfg := allBrowser
	cfg.Open = func(at pages.Position) error { opened <- at; return nil }
	f := serve(t, cfg)
	f.Publish(View{Generation: 1, Upstream: says(t, "x"), Problem: compileError})
	for body, want := range map[string]int{
		`{"id":""}`: 404, `{"id":"main.go:3"}`: 404, `{"id":"/etc/passwd"}`: 404, `{"file":"/etc/passwd"}`: 404, `x`: 400,
		`{"id":"` + strings.Repeat("a", 2000) + `"}`: 400,
	} {
		r := f.request("POST", "/__watcher/api/open", strings.NewReader(body))
		r.Header.Set(TokenHeader, string(f.pageToken))
		if a := f.do(r); a.status != want {
			t.Errorf("%s: %d, want %d", body, a.status, want)
		}
	}
	if a := f.get("/__watcher/api/open"); a.status != 405 {
		t.Errorf("GET: %d", a.status)
	}
	if len(opened) > 0 {
		t.Errorf("opened %v", <-opened)
	}
}
