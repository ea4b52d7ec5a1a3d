package output

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// Bounds of what is kept of a process's output: enough for a panic with the frames
// that matter, little enough for a page.
const (
	tailLines = 64
	tailBytes = 16 << 10
	lineBytes = 4 << 10
)

// tail keeps the last lines of two streams, in the order in which they were read.
type tail struct {
	mu    sync.Mutex
	lines []string
	size  int       // of lines together
	open  [2][]byte // what each stream has written since its last newline
}

// keeper is one of the two: it passes what is written on to sink and keeps the end.
type keeper struct {
	tail  *tail
	index int
	sink  io.Writer // may be nil
}

// Write never fails: an error would close the pipe, and the app would be ended by
// SIGPIPE because our own output is gone.
func (k keeper) Write(text []byte) (int, error) {
	if k.sink != nil {
		_, _ = k.sink.Write(text)
	}
	k.tail.add(k.index, text)
	return len(text), nil
}

func (t *tail) add(index int, text []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	open := &t.open[index]
	for {
		line, rest, ended := bytes.Cut(text, []byte{'\n'})
		*open = append(*open, line[:min(len(line), lineBytes-len(*open))]...)
		if !ended {
			return
		}
		t.push(string(bytes.TrimSuffix(*open, []byte{'\r'})))
		*open = (*open)[:0]
		text = rest
	}
}

func (t *tail) push(line string) {
	t.lines = append(t.lines, line)
	t.size += len(line)
	for len(t.lines) > tailLines || t.size > tailBytes {
		t.size -= len(t.lines[0])
		t.lines = t.lines[1:]
	}
}

// last returns the kept lines as valid UTF-8, and with them what has no newline yet.
func (t *tail) last() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var last []string
	for _, line := range t.lines {
		last = append(last, strings.ToValidUTF8(line, "\uFFFD"))
	}
	for _, open := range t.open {
		if len(open) > 0 {
			last = append(last, strings.ToValidUTF8(string(open), "\uFFFD"))
		}
	}
	return last[max(0, len(last)-tailLines):]
}
