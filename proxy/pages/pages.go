// Package pages is what a browser is shown and told by the front itself: the pages of
// failures, the script that open pages have and the events that it listens to, what the
// two show of a problem, and the places in it that an editor can open.
//
// It gets values and writes them. It knows nothing of generations and their requests, or
// of where the values come from. Of the user's files it reads the lines around a place
// in question, if they lie in the project; it serves no file by its path.
package pages

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strings"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// Problem is a failed build or start, or a crash, as people and programs are shown it.
type Problem struct {
	Kind        string       `json:"kind"`  // "rule" (its command), "build", "start", "crash", "exit", "loop" (that feeds itself) or KindSettings
	Title       string       `json:"title"` // one line
	Text        string       `json:"text"`  // compiler output, or the last lines of the process
	Diagnostics []Diagnostic `json:"diagnostics"`
}

// KindSettings is a mistake in the settings file. What stands there, as a password in
// [app] env, is shown nowhere.
const KindSettings = "settings"

// Diagnostic is one place in the user's code.
type Diagnostic struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

// Failure is what an answer of our own says.
type Failure struct {
	Status  int
	Detail  string // one line for people
	Phase   string
	Report  *Report // nil if nothing more is known
	Seen    Seen    // when it was written; the zero value leaves the page without a script
	Instead bool    // it stands in for an app that is not there, until that or the report changes
}

// document is a failure in the shape of RFC 9457.
type document struct {
	Type    string   `json:"type"`
	Title   string   `json:"title"` // of the status
	Status  int      `json:"status"`
	Detail  string   `json:"detail"`
	Phase   string   `json:"phase"`
	Problem *Problem `json:"problem,omitempty"`
}

// policy of our pages: they have a script of their own and nothing else that does anything.
const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src 'self'; style-src 'unsafe-inline'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Write answers r with f as the client likes it best: HTML, JSON or text.
func (f Failure) Write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	Guard(h)
	if f.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	kind := preferred(r.Header.Values("Accept"))
	h.Set("Content-Type", kind+"; charset=utf-8")
	switch kind {
	case "text/html":
		h.Set("Content-Security-Policy", policy)
		w.WriteHeader(f.Status)
		f.writePage(w, r)
	case "application/problem+json":
		h.Set("Content-Type", kind)
		w.WriteHeader(f.Status)
		d := document{Type: "about:blank", Title: http.StatusText(f.Status), Status: f.Status, Detail: f.Detail, Phase: f.Phase}
		if f.Report != nil {
			d.Problem = &f.Report.Problem
		}
		json.NewEncoder(w).Encode(d)
	default:
		w.WriteHeader(f.Status)
		fmt.Fprintln(w, f.Detail)
		if f.Report != nil {
			fmt.Fprintf(w, "\n%s\n%s\n", f.Report.Title, f.Report.Text)
		}
	}
}

// writePage writes the page. An error means that the client has left.
func (f Failure) writePage(w io.Writer, r *http.Request) {
	tag := ""
	script := Script{Seen: f.Seen, Post: r.Method == http.MethodPost, links: true}
	if f.Instead {
		script.page = new(string)
		if f.Report != nil {
			script.page = &f.Report.ID
		}
	}
	if f.Seen != (Seen{}) {
		tag = script.Tag()
	}
	_ = page.Execute(w, struct {
		Failure
		Title  string
		Post   bool
		Style  template.CSS
		Script template.HTML
	}{f, http.StatusText(f.Status), script.Post, template.CSS(styleSource), template.HTML(tag)})
}

// Guard sets the headers by which an answer of ours cannot be read, framed or taken for
// something else by a page of another origin.
func Guard(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
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
