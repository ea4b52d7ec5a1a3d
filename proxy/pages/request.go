package pages

import (
	"maps"
	"net/http"
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

// secret matches the names of headers whose values are nobody's business.
var secret = regexp.MustCompile(`(?i)auth|cookie|token|key|secret|passw|session|csrf|xsrf|signature|credential|assertion`)

// Describe says what came, with secrets masked.
func Describe(r *http.Request) *Request {
	d := &Request{Line: bounded(plain(r.Method+" "+r.RequestURI+" "+r.Proto), maxMessage)}
	d.Headers = append(d.Headers, Header{"Host", bounded(plain(r.Host), maxTitle)})
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		value := "•••"
		if !secret.MatchString(name) {
			value = bounded(plain(strings.Join(r.Header[name], ", ")), maxTitle)
		}
		d.Headers = append(d.Headers, Header{bounded(plain(name), maxTitle), value})
	}
	return d
}
