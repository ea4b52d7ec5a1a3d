package proxy

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"time"

	"github.com/watcher-dev/watcher/proxy/pages"
)

// reserved is where our own pages are; nothing below it reaches the app.
const reserved = "/__watcher/"

// API is where programs ask, by GET, for "status" and "wait", and order, by POST, "pause",
// "resume" and "open".
const API = reserved + "api/"

// newControl makes the handler of the reserved paths. What it does not know is
// answered by net/http: 404, or 405 for a method that a path does not have.
func newControl(f *Front) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+reserved+"healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("GET "+API+"status", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, f.Status())
	})
	mux.HandleFunc("GET "+API+"wait", f.answerWait)
	mux.HandleFunc("POST "+API+"pause", f.pause)
	mux.HandleFunc("POST "+API+"resume", f.resume)
	mux.HandleFunc("GET "+pages.ScriptPath, pages.ServeScript)
	mux.Handle("GET "+reserved+"events", &f.hub)
	mux.HandleFunc("POST "+API+"open", f.open)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Clean(r.URL.Path) != r.URL.Path {
			http.NotFound(w, r) // ServeMux would redirect to the clean path, which may be the app's
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// writeJSON writes a value as JSON. An error is the client's leaving.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// limit reads a length of time from a parameter of the query.
func limit(r *http.Request, name string, unsaid time.Duration) (time.Duration, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return 0, fmt.Errorf("the query cannot be read: %w", err)
	}
	text := query.Get(name)
	if text == "" {
		return unsaid, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s %q is no length of time: write it as 90s or 1m30s", name, text)
	}
	return d, nil
}

// pausedFor is how long a pause lasts if nothing else is said, and nobody ends it: longer
// than an edit of many files takes, and short enough to be no riddle.
const pausedFor = 10 * time.Minute

func (f *Front) pause(w http.ResponseWriter, r *http.Request) {
	d, err := limit(r, "limit", pausedFor)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	pause := f.cfg.Load().Pause
	f.order(w, pause != nil && pause(d))
}

func (f *Front) resume(w http.ResponseWriter, _ *http.Request) {
	resume := f.cfg.Load().Resume
	f.order(w, resume != nil && resume())
}

// order answers an order with what is the case then.
func (f *Front) order(w http.ResponseWriter, holds bool) {
	if !holds {
		http.Error(w, Stopping.words(), http.StatusServiceUnavailable)
		return
	}
	writeJSON(w, http.StatusOK, f.Status())
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
	if report := f.now.Load().report(); report != nil {
		if at, ok := report.Find(id); ok {
			return at, true
		}
	}
	return f.panics.find(id)
}
