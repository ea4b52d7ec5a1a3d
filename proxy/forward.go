package proxy

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/watcher-dev/watcher/proxy/pages"
)

// exchange is one request on its way: what the front has to remember of it, and the
// writer through which its answer goes out.
type exchange struct {
	http.ResponseWriter
	arrival
	front     *Front
	cfg       *Config
	request   *http.Request            // as it came
	navigates bool                     // its answer becomes a document in a browser
	since     time.Time                // when it was sent on; zero unless it navigates
	seen      pages.Seen               // what a page made of the answer has seen
	peer      string                   // host:port of the client
	unread    net.Conn                 // of an HTTP/1 client whose body is not read; else nil
	asked     bool                     // whether it comes from a process of ours
	began     time.Time                // when it was first held; zero if it never was
	next      *waiter                  // who is woken when this one has its connection
	unreached *state                   // the state whose target refused the connection
	err       error                    // why the last attempt brought no answer
	build     string                   // value of Watcher-Build; "" for none
	label     string                   // value of Watcher-Generation; "" for none
	client    atomic.Pointer[net.Conn] // after an upgrade
}

// serve answers one request of the app's own paths. Its body is not read before the
// request is sent on.
func (f *Front) serve(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, front: f, cfg: f.cfg.Load(), request: r}
	x.navigates = x.cfg.Browser != Browser{} && isNavigation(r)
	x.pending, x.peer = f.now.Load().Pending, r.RemoteAddr
	if x.cfg.Hold && x.cfg.Look != nil {
		x.pending = max(x.pending, x.cfg.Look(r.Context()))
	}
	if r.ProtoMajor == 1 && r.ContentLength != 0 {
		x.unread, _ = r.Context().Value(connKey{}).(net.Conn)
	}
	defer x.wakeNext()
	for {
		s, d := f.enter(x, r.Context().Done())
		switch d {
		case leave:
			panic(http.ErrAbortHandler)
		case refuse:
			x.refuse(r, s)
			return
		}
		x.mark(s, d)
		f.send(x, s.target, r)
		if x.err == nil {
			return
		}
		if r.Context().Err() != nil {
			panic(http.ErrAbortHandler) // the client left, or Serve ended
		}
		if !x.again(s) {
			x.badGateway(r, s)
			return
		}
	}
}

// send makes one attempt; x.err tells why it brought no answer. A transfer that breaks
// in mid-answer comes through as the panic http.ErrAbortHandler.
func (f *Front) send(x *exchange, g *generation, r *http.Request) {
	defer f.release(g)
	x.err = nil
	if x.next != nil {
		r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
			GotConn: func(httptrace.GotConnInfo) { x.wakeNext() }, // called by this goroutine
		}))
	}
	if x.navigates {
		x.since = time.Now()
	}
	if x.navigates || isWebSocket(r.Header) {
		r = withExchange(r, x)
	}
	if r.ContentLength != 0 {
		// Else net/http would read what the client has not sent yet before it lets an
		// early answer out.
		http.NewResponseController(x.ResponseWriter).EnableFullDuplex()
	}
	g.proxy.ServeHTTP(x, r)
}

// again decides whether a request that got no answer may be sent once more: only if
// there was no connection. Then nothing of it was sent, whatever its method, and it
// waits for the next view. Otherwise the app may have acted on it. (The transport sends
// a bodyless GET, HEAD or OPTIONS once more by itself if a connection that was kept turns out
// to be closed; a further time would make the crash of one process that of the next.)
func (x *exchange) again(s *state) bool {
	if isDial(x.err) {
		x.unreached = s
		return true
	}
	return false
}

// isDial reports whether err means that no connection could be made.
func isDial(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// mark notes what the answer's header will say of the code behind it (rule 21).
func (x *exchange) mark(s *state, d decision) {
	x.build, x.label, x.seen = "", "", x.front.seen(s)
	if d == passPending {
		x.build = "pending"
	} else if s.Failed {
		x.build = "failed"
	}
	if x.cfg.GenerationHeader {
		x.label = s.target.label
	}
}

// WriteHeader adds our headers to the final answer; informational ones pass as they are.
func (x *exchange) WriteHeader(code int) {
	if code >= http.StatusOK {
		x.addHeaders()
	}
	x.ResponseWriter.WriteHeader(code)
}

// Hijack is called before the header of a 101 is put together.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	x.addHeaders()
	conn, rw, err := http.NewResponseController(x.ResponseWriter).Hijack()
	if err == nil {
		x.client.Store(&conn)
	}
	return conn, rw, err
}

// Unwrap lets http.ResponseController reach Flush.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *exchange) addHeaders() {
	h := x.Header()
	if x.build != "" {
		h.Set("Watcher-Build", x.build)
	}
	if x.label != "" {
		h.Set("Watcher-Generation", x.label)
	}
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // the app sent none: keeps net/http from guessing one
	}
}

// noteError is the ErrorHandler of ReverseProxy: it leaves the decision to serve.
func noteError(w http.ResponseWriter, _ *http.Request, err error) { w.(*exchange).err = err }

// rewrite turns the request into the one for the process. It puts back what
// ReverseProxy changes (rule 24); the client's own X-Forwarded-* are already gone.
func (g *generation) rewrite(p *httputil.ProxyRequest) {
	p.SetXForwarded()
	p.Out.URL.Scheme, p.Out.URL.Host = "http", "app" // dial knows where that is
	p.Out.URL.RawQuery = p.In.URL.RawQuery           // also what net/url cannot parse
	if raw, _, _ := strings.Cut(p.In.RequestURI, "?"); strings.HasPrefix(raw, "/") &&
		!strings.HasPrefix(raw, "//") && raw != p.In.URL.EscapedPath() {
		p.Out.URL.Opaque = raw // with bytes that net/url would escape; what begins with // it would take for a host
	}
	p.Out.Host = p.In.Host
	p.Out.Trailer = p.In.Trailer // the same map: it is filled when the body has been read
	if p.In.ProtoMajor == 2 && p.Out.Body != nil {
		p.Out.Body = &body2{ReadCloser: p.In.Body}
	}
	if x := exchangeOf(p.In); x != nil && x.navigates {
		askPlain(p.Out.Header)
	}
	for _, key := range replayKeys {
		if v, ok := p.Out.Header[key]; ok {
			delete(p.Out.Header, key)
			p.Out.Header[strings.ToLower(key)] = v
		}
	}
}

// replayKeys are the headers for which the transport sends a bodyless POST a second
// time when a kept connection breaks. It looks for exactly these spellings; names of
// headers are the same to the app in lower case.
var replayKeys = [...]string{"Idempotency-Key", "X-Idempotency-Key"}

// buffers lends the buffers that bodies are copied with.
type buffers struct{ pool sync.Pool }

// bufferSize is what io.Copy takes.
const bufferSize = 32 << 10

func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[bufferSize]byte); ok {
		return p[:]
	}
	return make([]byte, bufferSize)
}

func (b *buffers) Put(p []byte) { b.pool.Put((*[bufferSize]byte)(p)) }
