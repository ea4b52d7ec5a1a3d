package pages

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Request is what a page says of the request that it answers.
type Request struct {
	Line    string // "GET /path?query HTTP/1.1"
	Headers []Header
}

// Header is one line of a request's head.
type Header struct{ Name, Value string }

// secret matches the names of headers, and of values in a query, whose values are nobody's business.
var secret = regexp.MustCompile(`(?i)auth|cookie|token|key|secret|passw|session|csrf|xsrf|signature|credential|assertion`)

// Describe says what came, with secrets masked.
func Describe(r *http.Request) *Request {
	d := &Request{Line: bounded(plain(r.Method+" "+masked(r.RequestURI)+" "+r.Proto), maxMessage)}
	d.Headers = append(d.Headers, Header{"Host", bounded(plain(r.Host), maxTitle)})
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		value := mask
		if !secret.MatchString(name) {
			value = bounded(plain(strings.Join(r.Header[name], ", ")), maxTitle)
		}
		d.Headers = append(d.Headers, Header{bounded(plain(name), maxTitle), value})
	}
	return d
}

const mask = "•••"

// masked is a request's target with the secrets in its query masked.
func masked(target string) string {
	path, query, _ := strings.Cut(target, "?")
	if query == "" {
		return target
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		if plainName, err := url.QueryUnescape(name); err != nil || secret.MatchString(plainName) {
			parts[i] = name + "=" + mask
		}
	}
	return path + "?" + strings.Join(parts, "&")
}
