// Package pages is what a browser is shown and told by the front itself: the page of a
// failure, and the same for programs.
//
// It gets values and writes them. It knows nothing of generations, of requests that are
// held, or of where the values come from.
package pages

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// Problem is a failed build or start, or a crash, as people and programs are shown it.
type Problem struct {
	Kind        string       `json:"kind"`  // "build", "start", "crash" or "exit"
	Title       string       `json:"title"` // one line
	Text        string       `json:"text"`  // compiler output, or the last lines of the process
	Diagnostics []Diagnostic `json:"diagnostics,omitempty"`
}

// Diagnostic is one place in the user's code.
type Diagnostic struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

// Failure is what an answer of our own says, in the shape of RFC 9457.
type Failure struct {
	Type    string   `json:"type"`  // set by Write
	Title   string   `json:"title"` // of the status; set by Write
	Status  int      `json:"status"`
	Detail  string   `json:"detail"`
	Phase   string   `json:"phase"`
	Problem *Problem `json:"problem,omitempty"`
}

// Write answers r with f as the client likes it best: HTML, JSON or text.
func (f Failure) Write(w http.ResponseWriter, r *http.Request) {
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
