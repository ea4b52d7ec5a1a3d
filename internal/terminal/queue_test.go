package terminal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// screen is a terminal that a test stops, as Ctrl-S does, or that is slow.
type screen struct {
	bytes.Buffer
	stopped chan struct{} // closed when it goes on; nil if it is not stopped
	slow    time.Duration // what each write takes
}

func (s *screen) Write(p []byte) (int, error) {
	if s.stopped != nil {
		<-s.stopped
	}
	time.Sleep(s.slow)
	return s.Buffer.Write(p)
}

// started is a terminal with a queue, and Finish with a limit.
func started(s *screen, style Style) (*Terminal, func(limit time.Duration)) {
	t := New(s, s, style)
	t.Start()
	return t, func(limit time.Duration) {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		t.Finish(ctx)
	}
}

// flood prints lines of an app and events by turns, more than there is room for.
func flood(t *Terminal) (printed int) {
	app := t.Stdout("")
	for i := range 40_000 {
		fmt.Fprintf(app, "%06d %90s\n", i, "")
		t.Print(Event{Kind: KindChange, Files: []string{fmt.Sprintf("%06d.go", i)}})
		printed += 2
	}
	return printed
}

// TestT11_StoppedTerminalHoldsNobodyUp: neither events nor an app. What was not printed is told
// in its place, once the terminal goes on; the rest stands in its order.
func TestT11_StoppedTerminalHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &screen{stopped: make(chan struct{})}
		term, finish := started(s, Style{JSON: true})
		printed := flood(term) // returns
		close(s.stopped)
		synctest.Wait()
		term.Print(Event{Kind: KindStop})
		finish(time.Hour)

		count, missing, places := 0, 0, 0
		last := map[string]string{}
		for line := range strings.Lines(s.String()) {
			var e struct {
				Event, Text string
				Files       []string
				Missing     int
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatalf("torn: %.200q", line)
			}
			if e.Event == string(KindMissing) {
				places++
				missing += e.Missing
				continue
			}
			count++
			if said := e.Text + strings.Join(e.Files, ""); e.Event != string(KindStop) && said <= last[e.Event] {
				t.Fatalf("%q comes after %q", said, last[e.Event])
			} else {
				last[e.Event] = said
			}
		}
		if count+missing != printed+1 || missing == 0 || places == 0 {
			t.Errorf("of %d lines %d were printed, and %d told to be missing in %d places", printed+1, count, missing, places)
		}
		if s.Len() > 2*(outputRoom+eventRoom) {
			t.Errorf("%d bytes were kept", s.Len())
		}
	})
}

// TestT11_SlowTerminalLosesNothing: an app that prints faster than the terminal can waits for it,
// and finds room for our events all the same.
func TestT11_SlowTerminalLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &screen{slow: stoppedAfter * 9 / 10}
		term, finish := started(s, Style{JSON: true})
		app := term.Stdout("")
		for i := range 40_000 {
			fmt.Fprintf(app, "%06d\n", i)
		}
		term.Print(Event{Kind: KindStop})
		finish(100 * time.Hour)
		if n := strings.Count(s.String(), `"output"`); n != 40_000 || strings.Contains(s.String(), string(KindMissing)) || !strings.Contains(s.String(), `"stop"`) {
			t.Errorf("%d lines of the app of 40000; it ends with %q", n, s.String()[s.Len()-200:])
		}
	})
}

// TestT11_EndWaitsForNoStoppedTerminal: not longer than it is told, and nobody waits for room who
// is told to hurry.
func TestT11_EndWaitsForNoStoppedTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &screen{stopped: make(chan struct{})}
		term, finish := started(s, Style{})
		term.Hurry()
		began := time.Now()
		flood(term)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("who hurries waits for %s", waited)
		}
		finish(10 * time.Second)
		if waited := time.Since(began); waited != 10*time.Second {
			t.Errorf("the end waits for %s", waited)
		}
		term.Print(Event{Kind: KindStop})
		close(s.stopped)
		synctest.Wait()
		if n := s.Len(); n > pieceSize {
			t.Errorf("%d bytes are printed after the end", n)
		}
	})
}

// TestT4_WaitsForWhatItReports: a line, and all behind it, with a queue and without.
func TestT4_WaitsForWhatItReports(t *testing.T) {
	for name, queued := range map[string]bool{"at once": false, "queued": true} {
		synctest.Test(t, func(t *testing.T) {
			s := &screen{}
			term := New(s, s, Style{})
			if queued {
				term.Start()
				defer term.Finish(context.Background())
			}
			so := make(chan struct{})
			go func() {
				term.Print(Event{Kind: KindReady, After: so})
				term.Print(Event{Kind: KindDrain})
			}()
			synctest.Wait()
			if s.Len() > 0 {
				t.Errorf("%s: %q is printed before", name, s.String())
			}
			close(so)
			synctest.Wait()
			if n := strings.Count(s.String(), "\n"); n != 2 {
				t.Errorf("%s: %q after", name, s.String())
			}
		})
	}
}

// TestT4_LinesAreNeverTornByPieces: a long text is written in pieces of whole lines, where they fit.
func TestT4_LinesAreNeverTornByPieces(t *testing.T) {
	var out recorder
	term := New(&out, &out, Style{})
	term.Start()
	app := term.Stdout("")
	line := strings.Repeat("x", 99) + "\n"
	fmt.Fprint(app, strings.Repeat(line, 500)+strings.Repeat("y", 3*pieceSize)+"\n")
	term.Finish(context.Background())
	for _, w := range out.writes {
		if len(w) > pieceSize || strings.Contains(w, "x") && (len(w)%100 != 0 && !strings.Contains(w, "y")) {
			t.Errorf("a write of %d bytes ends in %q", len(w), w[max(0, len(w)-20):])
		}
	}
	if got := strings.Join(out.writes, ""); got != strings.Repeat(line, 500)+strings.Repeat("y", 3*pieceSize)+"\n" {
		t.Errorf("%d bytes are printed", len(got))
	}
}
