package upstream

import (
	"net/http/httputil"
	"strings"
	"sync"
)

// rewrite turns the request into the one for the process. It puts back what
// ReverseProxy changes (rule 24); the client's own X-Forwarded-* are already gone.
func (p *Process) rewrite(r *httputil.ProxyRequest) {
	r.SetXForwarded()
	r.Out.URL.Scheme, r.Out.URL.Host = "http", "app" // dial knows where that is
	r.Out.URL.RawQuery = r.In.URL.RawQuery           // also what net/url cannot parse
	if raw, _, _ := strings.Cut(r.In.RequestURI, "?"); strings.HasPrefix(raw, "/") &&
		!strings.HasPrefix(raw, "//") && raw != r.In.URL.EscapedPath() {
		r.Out.URL.Opaque = raw // with bytes that net/url would escape; what begins with // it would take for a host
	}
	r.Out.Host = r.In.Host
	r.Out.Trailer = r.In.Trailer // the same map: it is filled when the body has been read
	if r.In.ProtoMajor == 2 && r.Out.Body != nil {
		r.Out.Body = &body2{ReadCloser: r.In.Body}
	}
	if p.Request != nil {
		p.Request(r)
	}
}

// Buffers lends the buffers that bodies are copied with, to several processes. The zero
// value is ready.
type Buffers struct{ pool sync.Pool }

// bufferSize is what io.Copy takes.
const bufferSize = 32 << 10

// Get returns a buffer of 32 KiB.
func (b *Buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[bufferSize]byte); ok {
		return p[:]
	}
	return make([]byte, bufferSize)
}

// Put takes back what Get has returned.
func (b *Buffers) Put(p []byte) { b.pool.Put((*[bufferSize]byte)(p)) }
