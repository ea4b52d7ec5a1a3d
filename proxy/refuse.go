package proxy

import (
	"fmt"
	"net/http"

	"github.com/watcher-dev/watcher/proxy/pages"
	"github.com/watcher-dev/watcher/proxy/upstream"
)

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
	Paused:   `what was saved waits for "watcher resume"`,
	Stopping: "watcher is stopping",
}

// failure begins an answer of our own under s. What is wrong, with the code around it and the
// last words of the app, is for those only who could ask for it below the reserved prefix; so
// is whatever else comes from the settings or the app. told says whether this is one of them.
func (x *exchange) failure(s *state, status int) (f pages.Failure, told bool) {
	f = pages.Failure{Status: status, Phase: string(s.Phase), Detail: s.Phase.words()}
	if told = x.cfg.stranger(x.request) == nil; told {
		f.Report, f.Seen = s.report(), x.front.seen(s)
	}
	return f, told
}

// refuse answers a request that admit turned down under s.
func (x *exchange) refuse(s *state) {
	f, told := x.failure(s, http.StatusServiceUnavailable)
	f.Instead = s.target == nil
	if s.WaitsFor != "" && told {
		f.Detail = "the app starts when " + s.WaitsFor + " is there"
	}
	switch {
	case s.Stopping:
		f.Phase, f.Detail = string(Stopping), Stopping.words()
		x.Header().Set("Connection", "close")
	case s.target != nil: // it is there and took no connection, for as long as rule 20 allows
		f.Status, f.Detail = http.StatusBadGateway, "the app does not accept connections"
		if told {
			f.Detail += fmt.Sprintf(" on %s; look at its output or restart it", s.Upstream)
		}
	}
	explain(x.ResponseWriter, x.request, f)
}

// badGateway answers a request that was sent and got no answer.
func (x *exchange) badGateway(s *state) {
	f, told := x.failure(s, http.StatusBadGateway)
	if upstream.HungUp(x.err) && x.navigates && !s.target.WasCut() {
		if p := x.panicked(s.target.number); p != nil { // net/http hangs up after a panic
			explain(x.ResponseWriter, x.request, x.panicPage(p, f.Status))
			return
		}
	}
	switch {
	case s.target.WasCut():
		f.Detail = "the app was replaced and did not answer within the drain limit"
	case upstream.HungUp(x.err):
		f.Detail = "the app closed the connection before it answered"
	default:
		f.Detail = "the app's answer cannot be passed on"
		if told { // as the error quotes the answer
			f.Detail += ": " + x.err.Error()
		}
	}
	explain(x.ResponseWriter, x.request, f)
}

// explain sends f in the way of the protocol: a gRPC call has its status in the headers.
func explain(w http.ResponseWriter, r *http.Request, f pages.Failure) {
	if r.ProtoMajor == 2 && upstream.IsGRPC(r.Header) {
		upstream.WriteGRPC(w, f.Detail)
		return
	}
	f.Write(w, r)
}
