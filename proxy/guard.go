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
	hosts := access.Hosts(f.cfg.Load().Hosts)
	switch {
	case strings.HasPrefix(r.URL.Path, reserved):
		f.handleReserved(hosts, w, r)
	case !hosts.App(r.Host):
		refuseHost(w, r)
	default:
		f.serve(w, r)
	}
}

// handleReserved answers only pages of the front's own, and programs: what is told here is
// the user's code, and an order is carried out on the user's machine.
func (f *Front) handleReserved(hosts access.Hosts, w http.ResponseWriter, r *http.Request) {
	pages.Guard(w.Header())
	switch {
	case !hosts.Reserved(r.Host):
		refuseHost(w, r)
	case access.Foreign(r):
		forbid(w, r, "this is for the front's own pages, not for those of another origin")
	case !safe(r.Method) && !f.token.Is(r.Header.Get(TokenHeader)):
		forbid(w, r, "an order needs the token of this run in "+TokenHeader)
	default:
		f.control.ServeHTTP(w, r)
	}
}

// TokenHeader carries the token of an order. A page of another origin cannot set it without
// asking first (Fetch, section 3.3), which is never granted.
const TokenHeader = "Watcher-Token"

// safe reports whether requests of the method change nothing (RFC 9110, section 9.2.1). The
// handlers below the reserved prefix hold to it.
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

func refuseHost(w http.ResponseWriter, r *http.Request) {
	forbid(w, r, fmt.Sprintf("the host %.100q is not known here; if it is yours, add it to [proxy] allowed_hosts", r.Host))
}

func forbid(w http.ResponseWriter, r *http.Request, why string) {
	explain(w, r, pages.Failure{Status: http.StatusForbidden, Detail: why})
}
