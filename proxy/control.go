package proxy

import (
	"encoding/json"
	"io"
	"net/http"
	"path"
	"time"
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
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Clean(r.URL.Path) != r.URL.Path {
			http.NotFound(w, r) // ServeMux would redirect to the clean path, which may be the app's
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (f *Front) status() status {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.now.Load()
	s := status{
		State: v.Phase, Generation: v.Generation, PID: v.PID, Upstream: v.Upstream,
		Pending: v.Pending, Settled: v.Settled, Held: f.held.Len(), Failed: v.Failed, LastError: v.Problem,
		Processes: []Process{},
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
