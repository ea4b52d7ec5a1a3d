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
	d := &Request{Line: bounded(plain(r.Method+" "+Masked(r.RequestURI)+" "+r.Proto), maxMessage)}
	d.Headers = append(d.Headers, Header{"Host", bounded(plain(r.Host), maxTitle)})
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		value := mask
		if !secret.MatchString(name) {
			value = bounded(plain(maskedAll(r.Header[name])), maxTitle)
		}
		d.Headers = append(d.Headers, Header{bounded(plain(name), maxTitle), value})
	}
	return d
}

const mask = "•••"

// maskedAll are the values of a header: several hold an address (Referer, HX-Current-URL).
func maskedAll(values []string) string {
	values = slices.Clone(values)
	for i, value := range values {
		values[i] = Masked(value)
	}
	return strings.Join(values, ", ")
}

// named is a value with a name in a query or in a fragment.
var named = regexp.MustCompile(`[?&#][^?&#=]*=[^&#]*`)

// Masked is a request's target, or an address, with the secrets in its query masked.
func Masked(target string) string {
	return named.ReplaceAllStringFunc(target, func(value string) string {
		name, _, _ := strings.Cut(value, "=")
		if plainName, err := url.QueryUnescape(name[1:]); err != nil || secret.MatchString(plainName) {
			return name + "=" + mask
		}
		return value
	})
}
