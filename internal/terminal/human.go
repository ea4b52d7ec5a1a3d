package terminal

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
)

// maxFiles is how many files a line names, which keeps it within a narrow terminal.
const maxFiles = 3

// event writes an event for people, with all that belongs to it.
func (p paint) event(e Event) []byte {
	var b strings.Builder
	if e.Kind == KindReady { // the line that greets: no time, all in one view
		fmt.Fprintf(&b, "watcher  %s  %s  →  #%d pid %d\n", p.kind(KindReady, "ready"), Clean(e.Text), e.Generation, e.PID)
		if e.Hint != "" {
			fmt.Fprintf(&b, "%9s%s\n", "", p.dim.Sprint(Clean(e.Hint)))
		}
		return []byte(b.String())
	}
	fmt.Fprintf(&b, "%s %s %s\n", e.Time.Format(time.TimeOnly), p.kind(e.Kind, fmt.Sprintf("%-8s", e.Kind)), sentence(e))
	for _, problem := range e.Problems {
		b.WriteString(problem.String())
	}
	for _, line := range e.Output { // set off, as it could look like one of our own
		b.WriteString(strings.TrimRight("  "+Clean(line), " ") + "\n")
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, "%18s%s\n", "", p.dim.Sprint(Clean(e.Hint))) // below the sentence
	}
	return []byte(b.String())
}

// sentence says what happened: "#7 ready in 18ms, 3 requests held at most 431ms".
func sentence(e Event) string {
	var parts []string
	add := func(said bool, format string, values ...any) {
		if said {
			parts = append(parts, fmt.Sprintf(format, values...))
		}
	}
	switch e.Kind {
	case KindRun:
		add(true, "%s in %s", Clean(e.Text), Short(e.Took))
	case KindBuild, KindEqual:
		add(e.Took > 0, "in %s", Short(e.Took))
	case KindServed:
		add(e.Took > 0, "after %s", Short(e.Took))
	case KindSwap:
		add(e.Took > 0, "ready in %s", Short(e.Took))
	case KindDrain:
		add(e.Finished > 0, "finished %s", requests(e.Finished))
		add(e.Cut > 0, "cut %s", requests(e.Cut))
		add(true, "stopped in %s", Short(e.Took))
	}
	add(e.Text != "" && e.Kind != KindRun, "%s", Clean(e.Text))
	add(e.Held > 0, "%s held at most %s", requests(e.Held), Short(e.HeldFor))
	add(len(e.Files) > 0, "%s", files(e.Files))
	text := strings.Join(parts, ", ")
	if e.Generation > 0 {
		text = fmt.Sprintf("#%d %s", e.Generation, text)
	}
	return text
}

// String is the problem as people read it: a line, and indented below it what says more.
func (p Problem) String() string {
	at := Clean(p.File)
	if p.Line > 0 {
		at += fmt.Sprintf(":%d", p.Line)
	}
	if p.Column > 0 {
		at += fmt.Sprintf(":%d", p.Column)
	}
	first, more, _ := strings.Cut(strings.TrimRight(p.Message, "\n"), "\n")
	text := at + ": " + Clean(first) + "\n"
	for line := range strings.Lines(more) {
		text += "\t" + strings.TrimSpace(Clean(line)) + "\n"
	}
	return text
}

func files(names []string) string {
	said := names[:min(len(names), maxFiles)]
	text := Clean(strings.Join(said, ", "))
	if rest := len(names) - len(said); rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

func requests(n int) string {
	if n == 1 {
		return "1 request"
	}
	return fmt.Sprintf("%d requests", n)
}

// lineCount is of what did not come to pass: "1 line was", "214 lines were".
func lineCount(n int) string {
	if n == 1 {
		return "1 line was"
	}
	return fmt.Sprintf("%d lines were", n)
}

// Short rounds a duration to what people read: 0.4ms, 412ms, 1.2s, 2m5s, 10m.
func Short(d time.Duration) string {
	unit := time.Second
	switch {
	case d < time.Millisecond:
		unit = 100 * time.Microsecond
	case d < time.Second:
		unit = time.Millisecond
	case d < time.Minute:
		unit = 100 * time.Millisecond
	}
	text := d.Round(unit).String()
	for _, round := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, round) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// sequence is what terminals take as an order: a colour, a move, a title.
var sequence = regexp.MustCompile(`\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)`)

// Clean takes out what could end a line or steer the terminal, so that foreign text
// cannot pass for one of our lines. Tabs stay; a line's end in the middle is a blank.
func Clean(text string) string {
	text = sequence.ReplaceAllString(strings.TrimRight(text, "\r\n"), "")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return ' '
		case r != '\t' && unicode.IsControl(r):
			return -1
		}
		return r
	}, text)
}
