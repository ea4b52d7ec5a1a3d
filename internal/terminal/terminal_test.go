package terminal

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// events has every kind, and every field at least once.
func events() []Event {
	at := time.Date(2026, 11, 21, 12, 1, 3, 7_890_000, time.FixedZone("", 3600))
	var many []string
	for i := range 20 {
		many = append(many, fmt.Sprintf("views/%02d.tmpl", i))
	}
	killed := -1
	es := []Event{
		{Kind: KindFront, Text: "http://localhost:8080"},
		{Kind: KindReady, Generation: 1, PID: 4242, Text: "http://localhost:8080", Took: 18 * time.Millisecond},
		{Kind: KindChange, Files: []string{"handlers/user.go"}},
		{Kind: KindChange, Files: many},
		{Kind: KindBuild, Generation: 7, Took: 412345678},
		{Kind: KindEqual, Generation: 8, Took: 1234567890, Text: "the same binary as #7, which goes on"},
		{Kind: KindRun, Text: "templ generate", Took: 112 * time.Millisecond},
		{Kind: KindRefresh, Files: []string{"static/site.css", "static/site.js"}},
		{Kind: KindSignal, Generation: 7, Text: "SIGHUP", Files: []string{"conf/app.yaml"}},
		{Kind: KindSwap, Generation: 7, PID: 4243, Took: 18 * time.Millisecond, Held: 3, HeldFor: 431 * time.Millisecond},
		{Kind: KindSwap, Generation: 8, PID: 4244, Took: 400 * time.Microsecond},
		{Kind: KindSwap, Generation: 7, PID: 4243, Text: "back to the one before", Held: 1, HeldFor: 2 * time.Second},
		{Kind: KindDrain, Generation: 6, PID: 4242, Finished: 1, Took: 6 * time.Millisecond},
		{Kind: KindDrain, Generation: 6, PID: 4242, Finished: 2, Cut: 1, Took: 125 * time.Second},
		{Kind: KindDrain, Generation: 6, PID: 4242, Took: 6 * time.Millisecond},
		{Kind: KindExit, Generation: 7, PID: 4243, Text: "exited with code 0 after 3.1s", Code: new(int), Hint: "the next save starts it again"},
		{
			Kind: KindFailed, Generation: 8, Took: 300 * time.Millisecond, Text: "build: 2 problems", Hint: "#7 goes on",
			Problems: []Problem{
				{File: "handlers/user.go", Line: 12, Column: 5, Message: "undefined: usr"},
				{File: "../lib/send.go", Line: 4, Message: "not enough arguments in call to send\n\thave ()\n\twant (chan<- T)"},
			},
			Output: []string{"note: module requires Go 1.27"},
		},
		{Kind: KindFailed, Generation: 9, PID: 4245, Text: "start: exited with code 1 before it listened", Output: []string{"\x1b[31mpanic\x1b[0m: no database", "", "goroutine 1 [running]:\r"}},
		{Kind: KindFailed, Text: `.watcher.toml:7:1: unknown key "stop_timout" in [run]: did you mean "stop_timeout"?`, Hint: "the old settings stay"},
		{Kind: KindPanic, Generation: 7, Text: "handlers/user.go:31: runtime error: index out of range [3] with length 3"},
		{Kind: KindRetry, Generation: 9, Text: "start again in 400ms (attempt 3)", Attempt: 3, NextTry: at.Add(400 * time.Millisecond)},
		{Kind: KindState, Generation: 9, PID: 4245, State: "backing off", Text: "ended by signal killed after 3.1s", Code: &killed, Signal: "killed", Attempt: 3, NextTry: at.Add(400 * time.Millisecond)},
		{Kind: KindSettings, Text: "changed: proxy.fresh, run.swap"},
		{Kind: KindWarn, Text: "port 8080 is taken: the front is http://localhost:8081", Hint: "end the other program"},
		{Kind: KindWait, Generation: 9, Text: "starts when tcp://db:5432 is there"},
		{Kind: KindPause, Text: `what is saved waits for "watcher resume", at most 10m`},
		{Kind: KindResume, Text: "what was saved meanwhile is taken now"},
		{Kind: KindServed, Generation: 9, Took: 431 * time.Millisecond, Text: "http://localhost:8080"},
		{Kind: KindMissing, Missing: 214, Text: "214 lines were not printed, as the terminal was stopped"},
		{Kind: KindStop, Text: "requests in flight may finish; interrupt again to end at once"},
	}
	for i := range es {
		es[i].Time = at.Add(time.Duration(i) * time.Second)
	}
	return es
}

func TestT3_Golden(t *testing.T) {
	for name, style := range map[string]Style{
		"human": {}, "color": {Color: true}, "quiet": {Quiet: true},
		"json": {JSON: true, Color: true}, "json_quiet": {JSON: true, Quiet: true},
	} {
		t.Run(name, func(t *testing.T) {
			var out, err bytes.Buffer
			terminal := New(&out, &err, style)
			for _, e := range events() {
				terminal.Print(e)
			}
			if err.Len() > 0 {
				t.Errorf("events on the app's standard error: %q", err.String())
			}
			if name != "color" && strings.Contains(out.String(), "\x1b") {
				t.Errorf("codes without colour: %q", out.String())
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, e := os.ReadFile(golden)
			if e != nil {
				t.Fatal(e)
			}
			if out.String() != string(want) {
				t.Errorf("got\n%s\nwant\n%s", out.String(), want)
			}
		})
	}
}

// TestT3_JSONGivesBackTheEvent: no field is lost or renamed.
func TestT3_JSONGivesBackTheEvent(t *testing.T) {
	var out bytes.Buffer
	terminal := New(&out, &out, Style{JSON: true})
	for _, e := range events() {
		out.Reset()
		terminal.Print(e)
		if bytes.Count(out.Bytes(), []byte("\n")) != 1 {
			t.Fatalf("not one line: %q", out.String())
		}
		var got struct {
			Event
			Took float64   `json:"took_ms"`
			Held float64   `json:"held_ms"`
			Next time.Time `json:"next_try"`
		}
		decoder := json.NewDecoder(&out)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&got); err != nil {
			t.Fatal(err)
		}
		near := func(ms float64, d time.Duration) bool {
			return (time.Duration(ms*float64(time.Millisecond)) - d).Abs() <= 50*time.Microsecond
		}
		if !near(got.Took, e.Took) || !near(got.Held, e.HeldFor) || !got.Time.Equal(e.Time.Truncate(time.Millisecond)) ||
			!got.Next.Equal(e.NextTry.Truncate(time.Millisecond)) {
			t.Errorf("times: got %+v, want %+v", got, e)
		}
		e.Took, e.HeldFor, e.Time, e.NextTry, got.Time = 0, 0, time.Time{}, time.Time{}, time.Time{}
		if !reflect.DeepEqual(got.Event, e) {
			t.Errorf("got  %+v\nwant %+v", got.Event, e)
		}
	}
}

// TestForeignTextCannotForgeLines: neither a line's end nor an order to the terminal
// comes through from a compiler, a file name or an app.
func TestForeignTextCannotForgeLines(t *testing.T) {
	const evil = "a\n12:00:00 swap     #9\r\x1b]0;title\x07\x1b[2J\x1b[1;31mb\u009b2J\x00\tc\x1b"
	const plain = "a 12:00:00 swap     #9b2J\tc"
	if got := Clean(evil); got != plain {
		t.Errorf("got %q, want %q", got, plain)
	}
	var out bytes.Buffer
	New(&out, &out, Style{}).Print(Event{
		Kind: KindFailed, Text: evil, Hint: evil, Files: []string{evil}, Output: []string{evil},
		Problems: []Problem{{File: evil, Line: 1, Message: evil}},
	})
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "12:00:00") || strings.ContainsAny(line, "\x1b\x00\r\u009b") {
			t.Errorf("forged: %q", line)
		}
	}
}

// recorder keeps each write by itself.
type recorder struct {
	mu     sync.Mutex
	writes []string
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes = append(r.writes, string(p))
	return len(p), nil
}

// TestT4_LinesAreNeverTorn: events and two streams of two processes at once; each
// write holds whole lines, and those of one source keep their order.
func TestT4_LinesAreNeverTorn(t *testing.T) {
	const n = 300
	var both recorder
	terminal := New(&both, &both, Style{})
	var wg sync.WaitGroup
	for _, source := range []string{"one", "two"} {
		out, err := terminal.Stdout(""), terminal.Stderr("")
		wg.Go(func() { writeInPieces(out, source+"-out", n) })
		wg.Go(func() { writeInPieces(err, source+"-err", n) })
	}
	wg.Go(func() {
		for i := range n {
			terminal.Print(Event{Kind: KindStop, Text: fmt.Sprintf("event %d.", i)})
		}
	})
	wg.Wait()

	next := map[string]int{}
	for _, written := range both.writes {
		if !strings.HasSuffix(written, "\n") {
			t.Fatalf("a write ends within a line: %q", written)
		}
		for line := range strings.Lines(written) {
			if at := strings.Index(line, "event "); at >= 0 {
				line = line[at:]
			}
			var source string
			var i int
			if _, err := fmt.Sscanf(line, "%s %d.\n", &source, &i); err != nil {
				t.Fatalf("torn: %q", line)
			}
			if i != next[source] {
				t.Fatalf("%s: got %d, want %d", source, i, next[source])
			}
			next[source]++
		}
	}
	for _, source := range []string{"one-out", "one-err", "two-out", "two-err", "event"} {
		if next[source] != n {
			t.Errorf("%s: %d of %d lines", source, next[source], n)
		}
	}
}

// writeInPieces writes lines in pieces that do not end where lines do.
func writeInPieces(w interface {
	Write([]byte) (int, error)
	Close() error
}, source string, n int) {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "%s %d.\n", source, i)
	}
	rest := []byte(strings.TrimSuffix(text.String(), "\n")) // Close ends the last line
	for len(rest) > 0 {
		piece := min(7, len(rest))
		w.Write(rest[:piece])
		rest = rest[piece:]
	}
	w.Close()
}

// TestT4_PrintOrder: who is called first is printed first, in one write each.
func TestT4_PrintOrder(t *testing.T) {
	var out recorder
	terminal := New(&out, &out, Style{})
	people := slices.DeleteFunc(events(), func(e Event) bool { return e.Kind == KindState }) // of whom it is kept
	for _, e := range events() {
		terminal.Print(e)
	}
	if len(out.writes) != len(people) {
		t.Fatalf("%d writes for %d events", len(out.writes), len(people))
	}
	for i, e := range people {
		if first, _, _ := strings.Cut(out.writes[i], "\n"); !strings.Contains(first, string(e.Kind)) {
			t.Errorf("write %d is %q and not of %s", i, first, e.Kind)
		}
	}
}

func TestOutputGoesWhereItBelongs(t *testing.T) {
	for _, style := range []Style{{}, {Quiet: true}} {
		var out, err bytes.Buffer
		terminal := New(&out, &err, style)
		fmt.Fprint(terminal.Stdout(""), "\x1b[32m[GIN]\x1b[0m 200\r\n")
		fmt.Fprint(terminal.Stderr(""), "warn\n")
		if out.String() != "\x1b[32m[GIN]\x1b[0m 200\r\n" || err.String() != "warn\n" {
			t.Errorf("%+v: out %q, err %q", style, out.String(), err.String())
		}
	}
}

// TestOutputWithoutEnd: a line is kept until it ends, the writer is closed, or it is
// too long to be kept.
func TestOutputWithoutEnd(t *testing.T) {
	var out bytes.Buffer
	w := New(&out, &out, Style{}).Stdout("")
	fmt.Fprint(w, "name: ")
	if out.Len() > 0 {
		t.Errorf("printed before its end: %q", out.String())
	}
	w.Close()
	w.Close()
	if out.String() != "name: \n" {
		t.Errorf("after Close: %q", out.String())
	}

	out.Reset()
	long := strings.Repeat("x", maxLine-1) + "yz"
	for i := 0; i < len(long); i += 1000 {
		fmt.Fprint(w, long[i:min(i+1000, len(long))])
	}
	fmt.Fprint(w, "\nnext\n")
	if want := strings.Repeat("x", maxLine-1) + "y\nz\nnext\n"; out.String() != want {
		t.Errorf("%d bytes that end in %q", out.Len(), out.String()[max(0, out.Len()-12):])
	}
}

func TestT3_OutputInJSON(t *testing.T) {
	var out, err bytes.Buffer
	terminal := New(&out, &err, Style{JSON: true})
	fmt.Fprint(terminal.Stdout(""), "one \x1b[1m<b>\r\n\ntwo\n")
	fmt.Fprint(terminal.Stderr(""), "three \xff\n")
	var got []string
	for line := range strings.Lines(out.String()) {
		var o struct{ Time, Event, Stream, Text string }
		if err := json.Unmarshal([]byte(line), &o); err != nil || o.Event != "output" {
			t.Fatalf("%q: %v", line, err)
		}
		if _, err := time.Parse(time.RFC3339, o.Time); err != nil {
			t.Error(err)
		}
		got = append(got, o.Stream+": "+o.Text)
	}
	want := []string{"stdout: one \x1b[1m<b>", "stdout: ", "stdout: two", "stderr: three \ufffd"}
	if !reflect.DeepEqual(got, want) || err.Len() > 0 {
		t.Errorf("got %q and %q, want %q", got, err.String(), want)
	}
}

// TestPrefix: each line of the app has it, also one that is not ended, and none of ours.
func TestPrefix(t *testing.T) {
	var out bytes.Buffer
	terminal := New(&out, &out, Style{})
	app := terminal.Stdout("shop #7 | ")
	fmt.Fprint(app, "one\n\ntwo")
	terminal.Print(Event{Kind: KindFront, Text: "http://localhost:8080"})
	fmt.Fprint(app, "\nthree")
	app.Close()
	got := strings.Split(out.String(), "\n")
	want := []string{"shop #7 | one", "shop #7 | ", got[2], "shop #7 | two", "shop #7 | three", ""}
	if !slices.Equal(got, want) || !strings.Contains(got[2], "front") || strings.Contains(got[2], "shop") {
		t.Errorf("got %q", got)
	}
}
