// Package access decides who may talk to the front: to which names it answers, which
// clients are this machine, and which pages may read, or order, anything below the reserved
// prefix.
//
// It knows headers and addresses. It does not know what is asked for, nor what the answer
// would be.
//
// A web page that somebody else wrote runs in the developer's browser, and so on the
// developer's machine. It can send requests to the front in two ways: under its own
// name, which it has made to mean 127.0.0.1 (DNS rebinding; then the browser takes the
// answer for the page's own, and hands it over), or across origins (then the browser
// hands nothing over, but the request has been sent). [Hosts] ends the first, [Foreign]
// and [Token] the second. Who is no browser of the developer's at all is told apart by
// [Client].
package access

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Hosts are the names, beside those that are always taken, under which the front is
// known: the one that it listens on, and the user's. Case, a trailing dot and a port do
// not matter; "*.example.org" takes every name below example.org. The zero value is none.
type Hosts []string

// App reports whether the app's own paths are answered under host, the value of a Host
// header: a name that no page of the internet can have, an IP literal, or one of h. None at
// all, as HTTP/1.0 allows it, is taken everywhere: no browser sends that.
func (h Hosts) App(host string) bool {
	name, ok := nameOf(host)
	return host == "" || ok && (!strings.Contains(name, ".") || private(name) || h.own(name))
}

// Reserved reports whether the reserved paths are answered under host. Names that mean
// another machine in some networks are left out.
func (h Hosts) Reserved(host string) bool {
	name, ok := nameOf(host)
	return host == "" || ok && h.own(name)
}

// own reports whether name is this machine's by itself, or one of h.
func (h Hosts) own(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") || isIP(name) {
		return true
	}
	return slices.ContainsFunc(h, func(known string) bool {
		known = strings.TrimSuffix(strings.ToLower(known), ".")
		below, wild := strings.CutPrefix(known, "*")
		return name == known || wild && strings.HasPrefix(below, ".") && strings.HasSuffix(name, below)
	})
}

// private reports whether the name is below a domain that the internet has not
// (RFC 6761 and 6762; internal by a resolution of ICANN, 2024).
func private(name string) bool {
	return slices.ContainsFunc([]string{".localhost", ".test", ".local", ".internal"}, func(domain string) bool {
		return strings.HasSuffix(name, domain)
	})
}

// nameOf returns the name, or IP literal without brackets, in a Host header or authority
// (RFC 9110, section 7.2), in lower case and without a trailing dot.
func nameOf(host string) (name string, ok bool) {
	name, port, hasPort := cut(host)
	if hasPort && port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", false
		}
	}
	if inner, six := strings.CutPrefix(name, "["); six {
		inner, closed := strings.CutSuffix(inner, "]")
		return inner, closed && strings.Contains(inner, ":") && isIP(inner)
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	return name, name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == "" &&
		!strings.HasPrefix(name, ".") && !strings.Contains(name, "..")
}

// cut parts an authority at the colon before its port, which is none inside brackets.
func cut(host string) (name, port string, found bool) {
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		return host[:colon], host[colon+1:], true
	}
	return host, "", false
}

func isIP(name string) bool {
	_, err := netip.ParseAddr(strings.ReplaceAll(name, "%25", "%"))
	return err == nil
}

// Foreign reports whether the request was made by a page of another origin than the
// front's own: by its Origin, which must name the request's Host, or by what the browser
// says of the page (Fetch Metadata). "null", which sandboxed frames and files send, is
// foreign; programs that are no browsers send neither.
func Foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return true
	}
	return slices.ContainsFunc(r.Header.Values("Origin"), func(origin string) bool { return !same(origin, r.Host) })
}

// same reports whether an origin and a Host are one place. The names of loopback are the
// same place; another port is not.
func same(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Path != "" || u.RawQuery != "" {
		return false
	}
	there, okThere := placeOf(u.Host, u.Scheme)
	here, okHere := placeOf(host, u.Scheme)
	return okThere && okHere && there == here
}

// placeOf returns an authority in one spelling of several.
func placeOf(host, scheme string) (string, bool) {
	name, ok := nameOf(host)
	_, port, _ := cut(host)
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	if ip, err := netip.ParseAddr(name); name == "localhost" || err == nil && (name == "127.0.0.1" || ip == netip.IPv6Loopback()) {
		name = "loopback"
	}
	return name + " " + port, ok
}
