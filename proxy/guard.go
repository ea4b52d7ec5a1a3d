package proxy

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/watcher-dev/watcher/proxy/access"
	"github.com/watcher-dev/watcher/proxy/pages"
)

// handle is where every request comes in.
func (f *Front) handle(w http.ResponseWriter, r *http.Request) {
	cfg := f.cfg.Load()
	switch {
	case strings.HasPrefix(r.URL.Path, reserved):
		f.handleReserved(cfg, w, r)
	case !access.Hosts(cfg.Hosts).App(r.Host):
		forbid(w, r, unknownHost(r).String())
	default:
		f.serve(w, r)
	}
}

// handleReserved answers only this machine, pages of the front's own, and programs: what is
// told here is the user's code, and an order is carried out on the user's machine.
func (f *Front) handleReserved(cfg *Config, w http.ResponseWriter, r *http.Request) {
	pages.Guard(w.Header())
	stranger := cfg.stranger(r)
	switch {
	case stranger != nil:
		forbid(w, r, stranger.String())
	case access.Foreign(r):
		forbid(w, r, "this is for the front's own pages, not for those of another origin")
	case !safe(r.Method) && !f.tokenOf(r.URL.Path).Is(r.Header.Get(TokenHeader)):
		forbid(w, r, "an order needs the token of this run in "+TokenHeader)
	default:
		f.control.ServeHTTP(w, r)
	}
}

// TokenHeader carries the token of an order. A page of another origin cannot set it without
// asking first (Fetch, section 3.3), which is never granted.
const TokenHeader = "Watcher-Token"

// tokenOf returns the token that an order needs. That of pages, which is told to whoever may
// ask for the events, is good for what it is a part of and for nothing that comes later.
func (f *Front) tokenOf(path string) access.Token {
	if path == API+"open" {
		return f.pageToken
	}
	return f.token
}

// safe reports whether requests of the method change nothing (RFC 9110, section 9.2.1). The
// handlers below the reserved prefix hold to it.
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// stranger is what of a request the settings do not know: its Host, or its client.
type stranger struct{ what, setting string }

func (s stranger) String() string {
	return fmt.Sprintf("%s is not known here; if it is yours, add it to [proxy] %s", s.what, s.setting)
}

func unknownHost(r *http.Request) *stranger {
	return &stranger{fmt.Sprintf("the host %.100q", r.Host), "allowed_hosts"}
}

// stranger says why a request is told nothing of the user's code: neither below the reserved
// prefix nor in an answer of our own elsewhere. nil means that it may be told.
func (c *Config) stranger(r *http.Request) *stranger {
	if !access.Hosts(c.Hosts).Reserved(r.Host) {
		return unknownHost(r)
	}
	client, here := access.Client(r)
	if here || c.Trusts != nil && c.Trusts(client) {
		return nil
	}
	return &stranger{fmt.Sprintf("the client %s", client.WithZone("")), "allowed_clients"}
}

// mayListen reports whether the page that a navigation becomes may have the script: it would
// ask in vain where the events are refused, so that is said instead, once for each setting.
func (f *Front) mayListen(r *http.Request) bool {
	s := f.cfg.Load().stranger(r)
	if s != nil {
		f.sayOnce(s.setting, "pages for "+s.what+" are not loaded anew, and show nothing of what is wrong", "if it is yours, add it to [proxy] "+s.setting)
	}
	return s == nil
}

// sayOnce tells the user something that holds on.
func (f *Front) sayOnce(key, text, hint string) {
	warn := f.cfg.Load().Warn
	if warn == nil {
		return
	}
	if _, before := f.said.LoadOrStore(key, true); !before {
		warn(text, hint)
	}
}

func forbid(w http.ResponseWriter, r *http.Request, why string) {
	explain(w, r, pages.Failure{Status: http.StatusForbidden, Detail: why})
}
