package terminal

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"time"
)

// maxLine bounds what is kept of a line without an end.
const maxLine = 64 << 10

// lineWriter puts together the lines of one stream of one process.
type lineWriter struct {
	to     *Terminal
	out    io.Writer
	stream string // as JSON names it
	prefix string // of each line, for people

	mu   sync.Mutex // Close may come while a late Write goes on
	rest []byte     // begun and not yet ended
}

// Write prints the lines that p ends. It never fails: an app must not die because its
// output cannot be shown. It waits while the terminal has more than enough to do, and not for one
// that is stopped.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	end := bytes.LastIndexByte(w.rest, '\n') + 1
	w.print(w.rest[:end])
	w.rest = append(w.rest[:0], w.rest[end:]...)
	for len(w.rest) >= maxLine {
		w.print(append(w.rest[:maxLine:maxLine], '\n'))
		w.rest = append(w.rest[:0], w.rest[maxLine:]...)
	}
	return len(p), nil
}

// Close prints the line that was not ended.
func (w *lineWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) > 0 {
		w.print(append(w.rest, '\n'))
		w.rest = nil
	}
	return nil
}

// print prints whole lines.
func (w *lineWriter) print(lines []byte) {
	if len(lines) == 0 {
		return
	}
	if w.to.style.JSON {
		now, text := time.Now(), string(lines)
		lines = nil
		for line := range strings.Lines(text) {
			lines = append(lines, outputJSON(now, w.stream, strings.TrimRight(line, "\r\n"))...)
		}
		w.to.output(w.to.out, lines)
		return
	}
	if w.prefix != "" {
		lines = bytes.TrimSuffix(bytes.ReplaceAll(lines, []byte{'\n'}, []byte("\n"+w.prefix)), []byte(w.prefix))
		lines = append([]byte(w.prefix), lines...)
	}
	w.to.output(w.out, lines)
}
