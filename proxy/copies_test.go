package proxy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const someTime = "Sat, 21 Nov 2026 12:00:00 GMT"

// TestP8_WhatIsSaidOfCopies (rule 27): what the app says itself, and what no browser would
// keep unasked, stays as it is.
func TestP8_WhatIsSaidOfCopies(t *testing.T) {
	f := serve(t, allBrowser)
	type all = []string
	for n, c := range []struct {
		status  int
		headers all
		keep    string // Cache-Control in the end
		named   bool
	}{
		{200, all{"Last-Modified: " + someTime}, "no-cache", true},
		{200, all{"Last-Modified: " + someTime, "Cache-Control: private"}, "private, no-cache", true},
		{206, all{"Last-Modified: " + someTime}, "no-cache", false},
		{304, all{"Last-Modified: " + someTime}, "no-cache", true},
		{200, all{"Last-Modified: " + someTime, `ETag: "x"`}, "no-cache", false},
		{200, all{"Last-Modified: " + someTime, "Cache-Control: Max-Age=60"}, "Max-Age=60", true},
		{200, all{"Last-Modified: " + someTime, "Cache-Control: no-cache"}, "no-cache", true},
		{200, all{"Last-Modified: " + someTime, "Cache-Control: public, max-age=9, immutable"}, "public, max-age=9, immutable", true},
		{200, all{"Last-Modified: " + someTime, "Expires: " + someTime}, "", true},
		{301, all{"Location: /x"}, "no-cache", false},
		{308, all{"Location: /x", "Cache-Control: max-age=60"}, "max-age=60", false},
		{410, nil, "no-cache", false},
		{302, all{"Location: /x"}, "", false},
		{200, all{`ETag: "x"`}, "", false},
		{200, nil, "", false},
	} {
		v := sends(t, c.status, "", c.headers...)
		v.Generation = n + 1
		f.Publish(v)
		f.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for method, touched := range map[string]bool{"GET": true, "HEAD": true, "POST": false} {
			a := f.do(f.request(method, "/", nil))
			keep, named := strings.Join(a.header.Values("Cache-Control"), ", "), strings.HasPrefix(a.header.Get("ETag"), copyTagPrefix)
			if !touched {
				if named || keep != "" && !strings.Contains(strings.Join(c.headers, "\n"), keep) {
					t.Errorf("%s %d %q was changed: %v", method, c.status, c.headers, a.header)
				}
				continue
			}
			if a.err != nil || keep != c.keep || named != c.named {
				t.Errorf("%s %d %q: Cache-Control %q, ETag %q, %v", method, c.status, c.headers, keep, a.header.Get("ETag"), a.err)
			}
		}
	}
}

// TestP8_QuestionsAboutCopies (rule 27): until something is saved the app decides as ever; then
// it is asked for the whole. Copies that we have not named are asked about as they were.
func TestP8_QuestionsAboutCopies(t *testing.T) {
	f := serve(t, allBrowser)
	v := View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Last-Modified", someTime)
		fmt.Fprintf(w, "%s|%s", r.Header.Get("If-None-Match"), r.Header.Get("If-Modified-Since"))
	})}
	f.Publish(v)
	ask := func(tag string) answer {
		r := f.request("GET", "/", nil)
		r.Header.Set("If-Modified-Since", someTime)
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		return f.do(r)
	}
	first := ask("")
	first.want(t, 200, "|"+someTime)
	tag := first.header.Get("ETag")
	ask(tag).want(t, 200, "|"+someTime)
	for name, save := range map[string]func(){
		"files": func() { v.Refreshes++ }, "stylesheets": func() { v.Styles++ }, "code": func() { v.Generation++ },
	} {
		save()
		f.Publish(v)
		a := ask(tag)
		a.want(t, 200, "|")
		if tag = a.header.Get("ETag"); t.Failed() {
			t.Fatalf("after a save of %s", name)
		}
		ask(tag).want(t, 200, "|"+someTime)
	}
	ask(`"own"`).want(t, 200, `"own"|`+someTime)
	f.Configure(Config{Hold: true})
	if a := ask(`W/"watcher-before-1-0-0"`); a.body != "|" || a.header.Get("ETag")+a.header.Get("Cache-Control") != "" {
		t.Errorf("with all of it off: %q, %v", a.body, a.header)
	}
}

// TestP8_AttemptAfterASwap: the copy is older than the code that answers in the end.
func TestP8_AttemptAfterASwap(t *testing.T) {
	f := serve(t, allBrowser)
	echo := app(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Last-Modified", someTime)
		fmt.Fprint(w, r.Header.Get("If-Modified-Since"))
	})
	f.Publish(View{Generation: 1, Upstream: echo})
	tag := f.get("/").header.Get("ETag")
	gone := httptest.NewServer(nil)
	gone.Close()
	f.Publish(View{Generation: 2, Upstream: echo})
	f.Publish(View{Generation: 1, Upstream: strings.TrimPrefix(gone.URL, "http://")})
	r := f.request("GET", "/", nil)
	r.Header.Set("If-None-Match", tag)
	r.Header.Set("If-Modified-Since", someTime)
	answered := f.begin(r)
	f.awaitHeld(1)
	f.Publish(View{Generation: 3, Upstream: echo})
	receive(t, "answer", answered).want(t, 200, "")
}

// TestP8_UnchangedFilesAreNotSentAgain: what the front says lets an app say "not modified".
func TestP8_UnchangedFilesAreNotSentAgain(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.js")
	if err := os.WriteFile(name, []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-time.Hour)
	if err := os.Chtimes(name, then, then); err != nil {
		t.Fatal(err)
	}
	f := serve(t, allBrowser)
	f.Publish(View{Generation: 1, Upstream: app(t, http.FileServer(http.Dir(dir)).ServeHTTP)})
	first := f.get("/a.js")
	first.want(t, 200, "1")
	r := f.request("GET", "/a.js", nil)
	r.Header.Set("If-None-Match", first.header.Get("ETag"))
	r.Header.Set("If-Modified-Since", first.header.Get("Last-Modified"))
	f.do(r).want(t, 304, "")
}
