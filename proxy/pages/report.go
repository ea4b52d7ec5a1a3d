package pages

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is shown: more than anybody reads, little enough for every browser.
const (
	maxTitle    = 300
	maxText     = 48 << 10
	maxMessage  = 4 << 10
	maxPlaces   = 50
	maxExcerpts = 20
)

// Project says what of the user's files may be shown.
type Project struct {
	Root string // absolute; excerpts are of files below it only, "" for none
	Base string // absolute; places are shown relative to it, where they lie below
}

// Report is a problem ready to be shown: text without control characters, of bounded
// length, with the places in question and the source around them. It is not changed.
type Report struct {
	ID string `json:"id"` // another one for each report
	Problem
	Places  []Place  `json:"places,omitempty"`
	Request *Request `json:"-"` // that a panic ended; nil elsewhere
}

// Place is a line of code. Its ID, which cannot be guessed, is all that a browser has to
// send to have it opened in an editor.
type Place struct {
	ID      string `json:"id,omitempty"` // "" if it cannot be opened
	At      string `json:"at"`           // file:line:column, as terminals link it
	Message string `json:"message"`      // or the name of the function
	Own     bool   `json:"own"`          // in the project
	Source  []Line `json:"source,omitempty"`

	Position
}

// Position is where an editor has to go.
type Position struct {
	Path   string `json:"-"` // absolute
	Line   int    `json:"-"`
	Column int    `json:"-"` // 0 if not known
}

// Explain makes the report of a problem. It reads the files that the problem names, as
// far as p lets it.
func (p Project) Explain(problem Problem) *Report {
	r := p.report(problem)
	if problem.Kind != "build" && problem.Kind != KindSettings {
		if panicked, ok := FindPanic(r.Text); ok {
			r.Title = bounded(r.Title+": "+panicked.Message, maxTitle)
			p.addFrames(r, panicked.Frames)
			p.diagnose(r, panicked)
			return r
		}
	}
	for _, d := range r.Diagnostics {
		p.add(r, Position{p.absolute(d.File), d.Line, d.Column}, d.Message)
	}
	return r
}

// ExplainPanic makes the report of a panic in a handler, which its server has caught.
func (p Project) ExplainPanic(panicked Panic) *Report {
	r := p.report(Problem{Kind: "panic", Title: "panic: " + panicked.Message})
	p.addFrames(r, panicked.Frames)
	return r
}

// report bounds and cleans what is said. Of a process the last words matter, of a
// compiler the first.
func (p Project) report(problem Problem) *Report {
	text := problem.Text
	if over := len(text) - maxText; over > 0 {
		if problem.Kind == "build" {
			text = text[:maxText] + "\n…"
		} else {
			text = "…\n" + text[over:]
		}
	}
	r := &Report{ID: rand.Text(), Problem: Problem{
		Kind: problem.Kind, Title: plain(bounded(problem.Title, maxTitle)), Text: strings.TrimRight(plain(text), "\n"),
		Diagnostics: []Diagnostic{}, // so that programs find a list
	}}
	for _, d := range problem.Diagnostics[:min(len(problem.Diagnostics), maxPlaces)] {
		d.File, d.Message = plain(bounded(d.File, maxTitle)), plain(bounded(d.Message, maxMessage))
		r.Diagnostics = append(r.Diagnostics, d)
	}
	return r
}

// diagnose tells programs, who know a compiler's places, of the place of a panic too.
func (p Project) diagnose(r *Report, panicked Panic) {
	if len(r.Places) > 0 && r.Places[0].Own {
		at := r.Places[0].Position
		r.Diagnostics = []Diagnostic{{File: p.shown(at.Path), Line: at.Line, Message: plain(bounded(panicked.Message, maxMessage))}}
	}
}

// addFrames puts the calls of the project's own code first: there is the mistake, or the
// way to it.
func (p Project) addFrames(r *Report, frames []Frame) {
	for _, own := range []bool{true, false} {
		for _, f := range frames {
			if p.owns(f.File) == own && len(r.Places) < maxPlaces {
				p.add(r, Position{filepath.Clean(f.File), f.Line, 0}, f.Function)
			}
		}
	}
}

func (p Project) add(r *Report, at Position, message string) {
	place := Place{Message: message, Position: at, Own: p.owns(at.Path)}
	place.At = fmt.Sprintf("%s:%d", p.shown(at.Path), at.Line)
	if at.Column > 0 {
		place.At += fmt.Sprintf(":%d", at.Column)
	}
	if place.Own {
		place.ID = fmt.Sprintf("%s-%d", r.ID, len(r.Places))
		if len(r.Places) < maxExcerpts && r.Kind != KindSettings {
			place.Source = excerpt(at.Path, at.Line)
		}
	}
	r.Places = append(r.Places, place)
}

// Open reports whether the text says more than the places do.
func (r *Report) Open() bool {
	return r.Kind != "build" && r.Kind != KindSettings || len(r.Places) == 0
}

// Find returns the position of a place.
func (r *Report) Find(id string) (Position, bool) {
	for _, place := range r.Places {
		if id != "" && place.ID == id {
			return place.Position, true
		}
	}
	return Position{}, false
}

func (p Project) absolute(file string) string {
	if filepath.IsAbs(file) {
		return filepath.Clean(file)
	}
	return filepath.Join(p.Base, file)
}

// shown is a path as people see it.
func (p Project) shown(path string) string {
	if rel, err := filepath.Rel(p.Base, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// owns reports whether a file is one of the project's, links followed.
func (p Project) owns(path string) bool {
	if p.Root == "" {
		return false
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	root, err := filepath.EvalSymlinks(p.Root)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(root, real)
	return err == nil && filepath.IsLocal(rel)
}

// sequence is what terminals take as an order: a colour, a move, a title, a link.
var sequence = regexp.MustCompile(`\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)`)

// plain is a text without orders to terminals and without control characters, in UTF-8.
func plain(text string) string {
	text = strings.ToValidUTF8(sequence.ReplaceAllString(text, ""), "\uFFFD")
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
}

// bounded cuts a text at a character's edge.
func bounded(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit] + "…"
}
