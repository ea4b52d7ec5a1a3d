//go:build unix

package runner

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// ways are how the streams of an app reach us.
func ways(t *testing.T) map[string]func(*Spec) {
	near, ours, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); ours.Close() })
	if err := pty.Setsize(ours, &pty.Winsize{Rows: 33, Cols: 77}); err != nil {
		t.Fatal(err)
	}
	return map[string]func(*Spec){
		"pipes":     func(*Spec) {},
		"terminals": func(s *Spec) { s.StdoutScreen, s.StderrScreen = ours, ours },
	}
}

func TestR10_OutputOfAnyKind(t *testing.T) {
	t.Parallel()
	for way, set := range ways(t) {
		var all bytes.Buffer
		a := start(t, newRunner(t), 1, "say much", set, func(s *Spec) { s.Stdout = &all })
		tail := next[Failed](a).Tail
		if n := len(tail); n > 64 || len(strings.Join(tail, "")) > 20<<10 {
			t.Errorf("%s: %d lines, %d bytes are kept", way, n, len(strings.Join(tail, "")))
		}
		end := []string{strings.Repeat("y", 4<<10), "bad \uFFFD\x00 end", "no newline"}
		if len(tail) < 3 || !slices.Equal(tail[len(tail)-3:], end) {
			t.Errorf("%s: tail ends with %.200q", way, tail)
		}
		var want bytes.Buffer
		writeMuch(&want)
		if !bytes.Equal(all.Bytes(), want.Bytes()) {
			t.Errorf("%s: %d bytes came, not those %d that were written", way, all.Len(), want.Len())
		}
	}
}

// As fast as it goes on both streams: each keeps its order, and memory stays what it was.
func TestR10_FloodKeepsItsOrderAndOurMemory(t *testing.T) {
	for way, set := range ways(t) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		out, err := &counter{}, &counter{}
		a := start(t, newRunner(t), 1, "flood", set, func(s *Spec) { s.Stdout, s.Stderr = out, err })
		next[Failed](a)
		for name, c := range map[string]*counter{"stdout": out, "stderr": err} {
			if c.lines != floodLines || c.wrong != "" {
				t.Errorf("%s %s: %d lines of %d, out of order: %q", way, name, c.lines, floodLines, c.wrong)
			}
		}
		runtime.ReadMemStats(&after)
		if grown := int(after.HeapSys) - int(before.HeapSys); grown > 32<<20 {
			t.Errorf("%s: the heap has grown by %d bytes", way, grown)
		}
	}
}

func TestR10_AppHasATerminalWhereWeHave(t *testing.T) {
	t.Parallel()
	for way, want := range map[string]string{
		"pipes":     "stdin false stdout false stderr false",
		"terminals": "stdin false stdout true 77x33 stderr true 77x33",
	} {
		a := start(t, newRunner(t), 1, "say terminals", ways(t)[way])
		if said := a.output.line(t, "stdin"); said != want {
			t.Errorf("%s: %s, want %s", way, said, want)
		}
		next[Failed](a)
		next[Exited](a)
	}
}

// A session of its own leaves all the rest as it was: see the table of R2.
func TestR2_StopLeavesNothingBehindATerminal(t *testing.T) {
	t.Parallel()
	for gen, name := range []string{"ignore TERM", "grandchild", "orphan", "escapee"} {
		r := newRunner(t)
		a := start(t, r, gen, name, ways(t)["terminals"])
		var child int
		if name != "ignore TERM" {
			child = a.child()
		}
		ready := next[Ready](a)
		r.Stop(gen, 0)
		next[Exited](a)
		for _, pid := range []int{ready.PID, child} {
			if pid != 0 && name != "escapee" && isRunning(pid) {
				t.Errorf("%s: pid %d outlived Exited", name, pid)
			}
		}
		if name == "escapee" { // it holds the terminal, and delays nobody
			p, _ := os.FindProcess(child)
			_ = p.Kill()
		}
	}
}

const floodLines = 300_000 // of 100 bytes, on each stream

func flood() {
	var both sync.WaitGroup
	for _, to := range []io.Writer{os.Stdout, os.Stderr} {
		both.Go(func() {
			var chunk []byte
			for i := range floodLines {
				chunk = append(chunk, fmt.Sprintf("%08d%91s\n", i, "")...)
				if len(chunk) > 32<<10 || i == floodLines-1 {
					_, _ = to.Write(chunk)
					chunk = chunk[:0]
				}
			}
		})
	}
	both.Wait()
}

// counter takes what flood writes and keeps none of it.
type counter struct {
	lines int
	rest  []byte
	wrong string
}

func (c *counter) Write(text []byte) (int, error) {
	c.rest = append(c.rest, text...)
	for len(c.rest) >= 100 {
		if n, err := strconv.Atoi(string(c.rest[:8])); (err != nil || n != c.lines) && c.wrong == "" {
			c.wrong = fmt.Sprintf("line %d is %q", c.lines, c.rest[:8])
		}
		c.lines++
		c.rest = append(c.rest[:0], c.rest[100:]...)
	}
	return len(text), nil
}

func sayTerminals() {
	var said []string
	for _, f := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		is := term.IsTerminal(int(f.Fd()))
		said = append(said, strings.TrimPrefix(f.Name(), "/dev/"), fmt.Sprint(is))
		if width, height, err := term.GetSize(int(f.Fd())); err == nil {
			said = append(said, fmt.Sprintf("%dx%d", width, height))
		}
	}
	fmt.Println(strings.Join(said, " "))
}
