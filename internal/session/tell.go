package session

import (
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
)

// print completes an event with what only the session knows.
func (s *session) print(e terminal.Event) {
	switch e.Kind {
	case terminal.KindReady:
		e.Text = s.site.URL
		if s.keyboard() != nil {
			e.Hint = "h and Enter: keys"
		}
	case terminal.KindPause, terminal.KindResume:
		s.paused.Store(e.Kind == terminal.KindPause)
	case terminal.KindFailed:
		if at, ok := s.panics.LoadAndDelete(e.Generation); ok {
			e.Problems = append(e.Problems, at.(terminal.Problem))
		}
		if e.Hint == "" { // whose line tells editors that no more problems come
			e.Hint = "nothing serves now: the next save is tried at once"
		}
	}
	s.terminal.Print(e)
}

// diedLimit is how long the end of a process is kept back for the place at which it panicked.
const diedLimit = time.Second

// died notes where a process panicked, if it did, for the event that will tell of its end. That
// comes without it where a file hangs that has to be looked at.
func (s *session) died(generation int, tail []string) {
	noted := make(chan struct{})
	go func() {
		defer close(noted)
		s.notePanic(generation, tail)
	}()
	select {
	case <-noted:
	case <-time.After(diedLimit):
	}
}

func (s *session) notePanic(generation int, tail []string) {
	project := proxy.Project{Root: s.site.Module.Dir, Base: s.site.Start}
	report := project.Explain(proxy.Problem{Kind: "crash", Text: strings.Join(tail, "\n")})
	if len(report.Places) > 0 {
		at := report.Places[0]
		s.panics.Store(generation, terminal.Problem{File: s.shown(at.Path), Line: at.Line, Message: strings.TrimPrefix(report.Title, ": ")})
	}
}

func (s *session) warn(text string) { s.warnWith(text, "") }

func (s *session) warnWith(text, hint string) {
	s.terminal.Print(terminal.Event{Kind: terminal.KindWarn, Text: text, Hint: hint})
}

// panicked tells of a panic in a handler in one line, below what the app has printed.
func (s *session) panicked(p proxy.Panic) {
	text := strings.TrimPrefix(p.Title, "panic: ")
	if p.At != "" {
		text = p.At + ": " + text
	}
	s.terminal.Print(terminal.Event{Kind: terminal.KindPanic, Generation: p.Generation, Text: text})
}

// screen is the terminal to which w writes, if the app's lines go there as they are.
func (s *session) screen(w io.Writer) *os.File {
	if f, ok := w.(*os.File); ok && !s.options.JSON && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}
