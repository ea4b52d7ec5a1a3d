package proxy

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"strings"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// failure is what an answer of our own says, in the shape of RFC 9457.
type failure struct {
	Type    string   `json:"type"`
	Title   string   `json:"title"` // of the status
	Status  int      `json:"status"`
	Detail  string   `json:"detail"`
	Phase   Phase    `json:"phase"`
	Problem *Problem `json:"problem,omitempty"`
}

// words say for people what a phase is and what ends it.
func (p Phase) words() string {
	if w, ok := phaseWords[p]; ok {
		return w
	}
	return "there is no app to answer"
}

var phaseWords = map[Phase]string{
	Building: "the app is being built",
	Starting: "the app is starting",
	Serving:  "the app is ready",
	Draining: "the old version finishes its requests before the new one starts",
	BackOff:  "the app crashed and is started again in a moment",
	Broken:   "the newest version does not build or start; save a fix and it is tried again",
	GivenUp:  "the app crashed too often; save a fix and it is started again",
	Exited:   "the app has ended; the next save starts it again",
	Stopping: "watcher is stopping",
}

// refuse answers a request that admit turned down under s.
func (x *exchange) refuse(r *http.Request, s *state) {
	f := failure{Status: http.StatusServiceUnavailable, Detail: s.Phase.words(), Phase: s.Phase, Problem: s.Problem}
	if s.WaitsFor != "" {
		f.Detail = "the app starts when " + s.WaitsFor + " is there"
	}
	switch {
	case s.Stopping:
		f.Phase, f.Detail = Stopping, Stopping.words()
		x.Header().Set("Connection", "close")
	case s.target != nil: // it is there and took no connection, for as long as rule 20 allows
		f.Status = http.StatusBadGateway
		f.Detail = fmt.Sprintf("the app does not accept connections on %s; look at its output or restart it", s.Upstream)
	}
	f.write(x.ResponseWriter, r)
}

// badGateway answers a request that was sent and got no answer.
func (x *exchange) badGateway(r *http.Request, s *state) {
	f := failure{Status: http.StatusBadGateway, Phase: s.Phase, Problem: s.Problem}
	switch {
	case s.target.cut.Load():
		f.Detail = "the app was replaced and did not answer within the drain limit"
	case hungUp(x.err):
		f.Detail = "the app closed the connection before it answered"
	default:
		f.Detail = "the app's answer cannot be passed on: " + x.err.Error()
	}
	f.write(x.ResponseWriter, r)
}

// write sends f as the client likes it best: HTML, JSON or text.
func (f failure) write(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 2 && isGRPC(r.Header) {
		f.writeGRPC(w)
		return
	}
	f.Type, f.Title = "about:blank", http.StatusText(f.Status)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if f.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	switch kind := preferred(r.Header.Values("Accept")); kind {
	case "text/html":
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		w.WriteHeader(f.Status)
		page.Execute(w, f) // an error here means that the client has left
	case "application/problem+json":
		h.Set("Content-Type", kind)
		w.WriteHeader(f.Status)
		json.NewEncoder(w).Encode(f)
	default:
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(f.Status)
		fmt.Fprintln(w, f.Detail)
		if f.Problem != nil {
			fmt.Fprintf(w, "\n%s\n%s\n", f.Problem.Title, f.Problem.Text)
		}
	}
}

// preferred picks the kind of answer: the first one in Accept that we can give, and
// text for curl and others that take anything.
func preferred(accept []string) string {
	for kind := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, _, _ = strings.Cut(kind, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "text/html", "application/xhtml+xml":
			return "text/html"
		case "application/json", "application/problem+json":
			return "application/problem+json"
		case "text/plain":
			return "text/plain"
		}
	}
	return "text/plain"
}

// hungUp reports whether err means that the app closed the connection. The transport
// has no exported error for one that it finds closed.
func hungUp(err error) bool {
	_, network := errors.AsType[*net.OpError](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(err.Error(), "server closed idle connection")
}
