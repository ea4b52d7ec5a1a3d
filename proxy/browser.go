package proxy

import (
	"io"
	"mime"
	"net/http"
	"net/http/httputil"
	"strings"

	"github.com/watcher-dev/watcher/proxy/inject"
	"github.com/watcher-dev/watcher/proxy/pages"
)

// Browser is what the settings want of the pages that are open.
type Browser struct {
	Reload  bool // load them anew at each swap
	Overlay bool // show in them what is wrong
	Pill    bool // show in them that a build runs
}

// seen is what a page made under s has seen.
func (f *Front) seen(s *state) pages.Seen {
	return pages.Seen{Run: f.run, Generation: s.Generation, Refreshes: s.Refreshes, Styles: s.Styles}
}

// tellPages tells open pages the newest state; f.mu is held. One whose report is not made is told
// when it is.
func (f *Front) tellPages() {
	s, b := f.now.Load(), f.cfg.Load().Browser
	if !s.explained.ready() {
		return
	}
	f.hub.Tell(pages.State{
		Seen: f.seen(s), Phase: string(s.Phase), Pending: s.Pending > s.Settled, Problem: s.report(), Token: string(f.pageToken),
		Reload: b.Reload, Overlay: b.Overlay, Pill: b.Pill,
	})
}

// isNavigation reports whether the answer becomes a document, in a tab or a frame.
// Browsers that say so are believed; of others, what asks for HTML and is not one of the
// libraries that put it into a page.
func isNavigation(r *http.Request) bool {
	h := r.Header
	if r.Method != http.MethodGet && r.Method != http.MethodPost || h.Get("Range") != "" || h.Get("Upgrade") != "" {
		return false
	}
	if dest := h.Get("Sec-Fetch-Dest"); dest != "" {
		return dest == "document" || dest == "iframe" || dest == "frame"
	}
	for _, name := range []string{"Hx-Request", "X-Requested-With", "Turbo-Frame", "X-Pjax"} {
		if h.Get(name) != "" {
			return false
		}
	}
	return strings.Contains(strings.ToLower(strings.Join(h.Values("Accept"), ",")), "text/html")
}

// exchangeKey leads from a navigation to its exchange.
type exchangeKey struct{}

// exchangeOf returns nil for what is no navigation.
func exchangeOf(r *http.Request) *exchange {
	x, _ := r.Context().Value(exchangeKey{}).(*exchange)
	return x
}

// askPlain asks for a whole answer that we can read, if it becomes a document (rule 27).
func askPlain(p *httputil.ProxyRequest) {
	if exchangeOf(p.In) == nil {
		return
	}
	h := p.Out.Header
	h.Set("Accept-Encoding", "identity")
	h.Del("If-None-Match")
	h.Del("If-Modified-Since")
}

// browse makes of an answer to a navigation what a browser is shown: the page of the panic
// that ended it, or the app's own with our script.
func (g *generation) browse(res *http.Response) {
	if x := exchangeOf(res.Request); x != nil && !x.replacePanicked(res, g) {
		x.addScript(res)
	}
}

// addScript puts the client script into an answer that is a whole document and whose
// policy lets it run. The answer is then another one than the app's, so it loses its
// length, and what names it for the next time.
func (x *exchange) addScript(res *http.Response) {
	xml, whole := wholeDocument(res)
	if !whole {
		return
	}
	nonce, ok := inject.Allowed(res.Header.Values("Content-Security-Policy"))
	if !ok {
		x.front.sayBlocked(res.Request)
		return
	}
	tag := pages.Script{Seen: x.seen, Nonce: nonce, Post: res.Request.Method == http.MethodPost}.Tag()
	for _, name := range []string{"Content-Length", "ETag", "Last-Modified", "Accept-Ranges"} {
		res.Header.Del(name)
	}
	res.ContentLength = -1
	res.Body = struct {
		io.Reader
		io.Closer
	}{inject.NewReader(res.Body, inject.Tag{HTML: tag, Path: pages.ScriptPath, XML: xml}), res.Body}
}

// wholeDocument reports whether an answer to a navigation is HTML, or XHTML, from its
// beginning to its end, and in an encoding in which its tags can be read.
func wholeDocument(res *http.Response) (xml, ok bool) {
	h := res.Header
	encoding, disposition := h.Get("Content-Encoding"), h.Get("Content-Disposition")
	switch code := res.StatusCode; {
	case code < 200, code == http.StatusNoContent, code == http.StatusResetContent, code == http.StatusPartialContent,
		code >= 300 && code < 400, res.ContentLength == 0,
		encoding != "" && !strings.EqualFold(encoding, "identity"),
		strings.HasPrefix(strings.ToLower(strings.TrimSpace(disposition)), "attachment"):
		return false, false
	}
	kind, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind != "text/html" && kind != "application/xhtml+xml" {
		return false, false
	}
	for _, wide := range []string{"utf-16", "utf-32", "utf-7", "ucs-", "iso-2022", "iso-10646"} {
		if strings.HasPrefix(strings.ToLower(parameters["charset"]), wide) {
			return false, false
		}
	}
	return kind == "application/xhtml+xml", true
}

// sayBlocked says, once, that a page's policy keeps the script out.
func (f *Front) sayBlocked(r *http.Request) {
	f.sayOnce("policy", "the Content-Security-Policy of "+r.URL.Path+" lets no script of the page's own origin run: it is not loaded anew",
		"allow 'self', or a nonce, in script-src; and 'self' in connect-src")
}
