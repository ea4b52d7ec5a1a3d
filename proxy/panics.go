package proxy

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/watcher-dev/watcher/proxy/pages"
)

const (
	// panicWait is how long an empty 500 waits for the stack that its server has printed
	// before it. It is in a pipe already: this only bounds those that never come.
	panicWait = 200 * time.Millisecond
	// keptPanics is how many can be opened in an editor from pages that show them.
	keptPanics = 16
)

// Panic is one in a handler of the app, which its server has caught: the process lives.
type Panic struct {
	Generation int    `json:"generation"`
	Title      string `json:"title"`             // "panic: " and its message
	At         string `json:"at,omitempty"`      // file:line in the project's code, if it came by there
	Request    string `json:"request,omitempty"` // "GET /path", where it is known; secrets in its query masked

	report *pages.Report
	came   time.Time
	taken  bool // a request is answered with it
}

// panics are those that were printed, oldest first. The zero value has none.
type panics struct {
	mu   sync.Mutex
	kept []*Panic
	more chan struct{} // closed with the next one; nil if nobody waits
}

// ErrorOutput returns a writer for what a generation's process writes to its standard
// error: the panics in it are paired with the requests that they ended. It never fails.
func (f *Front) ErrorOutput(generation int) io.Writer {
	return &pages.Panics{Found: func(p pages.Panic) {
		cfg := f.cfg.Load()
		report := cfg.Project.ExplainPanic(p)
		kept := &Panic{Generation: generation, Title: report.Title, Request: pages.Masked(p.Request), report: report, came: time.Now()}
		if len(report.Places) > 0 && report.Places[0].Own {
			kept.At = report.Places[0].At
		}
		told := *kept // a request that waits for it changes it
		f.panics.add(kept)
		if cfg.Panicked != nil {
			cfg.Panicked(told)
		}
	}}
}

func (s *panics) add(p *Panic) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept[max(0, len(s.kept)+1-keptPanics):], p)
	if s.more != nil {
		close(s.more)
		s.more = nil
	}
}

// take hands out the panic that ended a request, or a channel that is closed when there
// is another one. Which request it was Gin tells in its debug mode only; else it is the
// first one that came since and that nobody has taken.
func (s *panics) take(generation int, request string, since time.Time) (*Panic, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.kept {
		if !p.taken && p.Generation == generation && p.came.After(since) && (p.Request == "" || p.Request == request) {
			p.taken, p.Request = true, request
			return p, nil
		}
	}
	if s.more == nil {
		s.more = make(chan struct{})
	}
	return nil, s.more
}

// last is the newest one of a generation, for the status; nil if there was none.
func (s *panics) last(generation int) *Panic {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.kept) - 1; i >= 0; i-- {
		if s.kept[i].Generation == generation {
			p := *s.kept[i]
			return &p
		}
	}
	return nil
}

// find looks for a place by its id.
func (s *panics) find(id string) (pages.Position, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.kept {
		if at, ok := p.report.Find(id); ok {
			return at, true
		}
	}
	return pages.Position{}, false
}

// panicked waits for the panic that ended a navigation, in short.
func (x *exchange) panicked(generation int) *Panic {
	ctx, cancel := context.WithTimeout(x.request.Context(), panicWait)
	defer cancel()
	request := pages.Masked(x.request.Method + " " + x.request.URL.RequestURI())
	for {
		p, more := x.front.panics.take(generation, request, x.since)
		if p != nil {
			return p
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}

// panicPage is what a navigation gets instead of an empty answer.
func (x *exchange) panicPage(p *Panic, status int) pages.Failure {
	report := *p.report
	report.Request = pages.Describe(x.request)
	return pages.Failure{
		Status: status, Phase: string(Serving), Report: &report, Seen: x.seen,
		Detail: "the handler of this request has panicked; the app goes on",
	}
}

// replacePanicked puts a panic's page in the place of an empty 500. Of the app's answer nothing
// but its cookies stays.
func (x *exchange) replacePanicked(res *http.Response, g *generation) (replaced bool) {
	if res.StatusCode != http.StatusInternalServerError || res.ContentLength != 0 {
		return false
	}
	p := x.panicked(g.number)
	if p == nil {
		return false
	}
	page := &recorded{header: http.Header{}}
	x.panicPage(p, res.StatusCode).Write(page, x.request)
	if cookies := res.Header.Values("Set-Cookie"); len(cookies) > 0 {
		page.header["Set-Cookie"] = cookies
	}
	res.Body.Close()
	res.Header, res.Body, res.ContentLength = page.header, io.NopCloser(&page.Buffer), int64(page.Len())
	return true
}

// recorded keeps a page.
type recorded struct {
	bytes.Buffer
	header http.Header
}

func (r *recorded) Header() http.Header { return r.header }
func (r *recorded) WriteHeader(int)     {}
