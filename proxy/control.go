package proxy

import (
	"encoding/json"
	"io"
	"net/http"
	"path"
	"time"

	"github.com/watcher-dev/watcher/proxy/pages"
)

// reserved is where our own pages are; nothing below it reaches the app.
const reserved = "/__watcher/"

// status is the answer of the status page. Names are stable.
type status struct {
	State      Phase     `json:"state"`
	Generation int       `json:"generation"` // 0 means that nothing healthy is there
	PID        int       `json:"pid"`
	Upstream   string    `json:"upstream"`
	Pending    uint64    `json:"pending"`
	Settled    uint64    `json:"settled"`
	Held       int       `json:"held"`
	HeldFor    int64     `json:"held_ms"`   // the longest of those held now, in milliseconds
	InFlight   int64     `json:"in_flight"` // on the target and on those that drain
	Failed     bool      `json:"failed"`
	LastError  *Problem  `json:"last_error"`
	Processes  []Process `json:"processes"`
	Panic      *Panic    `json:"panic,omitempty"` // the last one in a handler of this generation
}

// newControl makes the handler of the reserved paths. What it does not know is
// answered by net/http: 404, or 405 for a method that a path does not have.
func newControl(f *Front) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+reserved+"healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("GET "+reserved+"api/status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(f.status()) // an error is the client's leaving
	})
	mux.HandleFunc("GET "+pages.ScriptPath, pages.ServeScript)
	mux.Handle("GET "+reserved+"events", &f.hub)
	mux.HandleFunc("POST "+reserved+"api/open", f.open)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Clean(r.URL.Path) != r.URL.Path {
			http.NotFound(w, r) // ServeMux would redirect to the clean path, which may be the app's
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// open opens in the editor what a page shows, by the id that it was given.
func (f *Front) open(w http.ResponseWriter, r *http.Request) {
	var asked struct{ ID string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&asked); err != nil {
		http.Error(w, "no id", http.StatusBadRequest)
		return
	}
	at, ok := f.find(asked.ID)
	if !ok {
		http.Error(w, "this is no longer what is wrong: load the page anew", http.StatusNotFound)
		return
	}
	open := f.cfg.Load().Open
	if open == nil {
		http.Error(w, "there is no editor", http.StatusNotImplemented)
		return
	}
	if err := open(at); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// find looks for a place in what is wrong now and in the last panics.
func (f *Front) find(id string) (pages.Position, bool) {
	if report := f.now.Load().report; report != nil {
		if at, ok := report.Find(id); ok {
			return at, true
		}
	}
	return f.panics.find(id)
}

func (f *Front) status() status {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.now.Load()
	s := status{
		State: v.Phase, Generation: v.Generation, PID: v.PID, Upstream: v.Upstream,
		Pending: v.Pending, Settled: v.Settled, Held: f.held.Len(), Failed: v.Failed,
		Panic: f.panics.last(v.Generation), Processes: []Process{},
	}
	if v.report != nil {
		s.LastError = &v.report.Problem
	}
	if v.Processes != nil {
		s.Processes = *v.Processes
	}
	for e := f.held.Front(); e != nil; e = e.Next() { // not in the order of their first hold
		s.HeldFor = max(s.HeldFor, time.Since(e.Value.(*waiter).began).Milliseconds())
	}
	for _, g := range f.generations {
		s.InFlight += g.inFlight.Load()
	}
	return s
}
