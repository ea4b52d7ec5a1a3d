package proxy

import (
	"bufio"
	"context"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/watcher-dev/watcher/proxy/pages"
	"github.com/watcher-dev/watcher/proxy/upstream"
)

// exchange is one request on its way: what the front has to remember of it, and the
// writer through which its answer goes out.
type exchange struct {
	http.ResponseWriter
	arrival
	front     *Front
	cfg       *Config
	request   *http.Request // as it came
	navigates bool          // its answer becomes a document in a browser that may be told of the user's code
	since     time.Time     // when it was sent on; zero unless it navigates
	seen      pages.Seen    // what a page made of the answer has seen
	copy      string        // name of the client's copy, if it is one of ours
	unread    net.Conn      // of an HTTP/1 client whose body is not read; else nil
	asked     bool          // it was asked whose it is
	whose     <-chan bool   // whether it is ours, when that is known; nil if it is not awaited
	later     <-chan uint64 // by which comes what it waits for, while pending is unknown; else nil
	known     uint64        // what it waits for at least
	began     time.Time     // when it was first held; zero if it never was
	next      *waiter       // who is woken when this one has its connection
	unreached *state        // the state whose target refused the connection
	err       error         // why the last attempt brought no answer
	build     string        // value of Watcher-Build; "" for none
	label     string        // value of Watcher-Generation; "" for none
}

// serve answers one request of the app's own paths. Its body is not read before the
// request is sent on.
func (f *Front) serve(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, front: f, cfg: f.cfg.Load(), request: r}
	x.navigates = x.cfg.Browser != Browser{} && isNavigation(r) && f.mayListen(r)
	x.pending = f.now.Load().Pending
	if x.cfg.Hold && x.cfg.Look != nil {
		x.look(r.Context())
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
			x.refuse(s)
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
			x.badGateway(s)
			return
		}
	}
}

// unknown stands for the newest number until it is told: no view settles it.
const unknown = math.MaxUint64

// takenIn is how long the number is awaited before the request is held: nearly always it comes at once.
const takenIn = 50 * time.Millisecond

// look asks which number the request waits for. Where that takes longer, as files hang that have to
// be read for it, it is held as if it were not settled, within the same limits (rule 20).
func (x *exchange) look(ctx context.Context) {
	n, later := x.cfg.Look(ctx)
	if later != nil {
		soon := time.NewTimer(takenIn)
		defer soon.Stop()
		select {
		case n = <-later:
		case <-soon.C:
			x.known, x.later, n = x.pending, later, unknown
		}
	}
	x.pending = max(x.pending, n)
}

// send makes one attempt; x.err tells why it brought no answer.
func (f *Front) send(x *exchange, g *generation, r *http.Request) {
	defer f.release(g)
	if x.next != nil {
		r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
			GotConn: func(httptrace.GotConnInfo) { x.wakeNext() }, // called by this goroutine
		}))
	}
	if x.navigates {
		x.since = time.Now()
		r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	}
	if r.ContentLength != 0 {
		// Else net/http would read what the client has not sent yet before it lets an
		// early answer out.
		http.NewResponseController(x.ResponseWriter).EnableFullDuplex()
	}
	x.askAboutCopy(r)
	x.err = g.Send(x, r)
}

// again decides whether a request that got no answer may be sent once more: only if
// there was no connection. Then nothing of it was sent, whatever its method, and it
// waits for the next view. Otherwise the app may have acted on it: to send a request that
// ended one process to the next would end that one too.
func (x *exchange) again(s *state) bool {
	if upstream.Unreached(x.err) {
		x.unreached = s
		return true
	}
	return false
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
		x.nameCopy(code)
	}
	x.ResponseWriter.WriteHeader(code)
}

// Hijack is called before the header of a 101 is put together.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	x.addHeaders()
	return http.NewResponseController(x.ResponseWriter).Hijack()
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
