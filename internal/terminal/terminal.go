// Package terminal is the only place that prints events and the app's output. It turns events
// into one line each, for people or, with --json, for programs.
//
// For people a failure goes on below its line: each of its problems stands at the
// left edge as file:line:column: message, so that terminals and editors link it. The hint,
// indented, is its last line: with --json it is a field, for VS Code the end of the problems.
//
// For programs each line is one JSON object with "time" (RFC 3339 with milliseconds),
// "event" (a [Kind]) and the fields that [Event] names; "took_ms" and "held_ms" are
// milliseconds with one decimal, "next_try" is a time. A line of the app is
//
//	{"time":"…","event":"output","stream":"stdout","text":"…"}
//
// and all of them, those of the app's standard error too, go to the same writer.
//
// No line, of an event or of the app, is ever torn by another
// (TestT4_LinesAreNeverTorn). Once [Terminal.Start] is called no line waits for a terminal that is
// stopped, and what was not printed is told in its place (TestT11_StoppedTerminalHoldsNobodyUp).
package terminal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// Kind says what an event is about; it is the first word of its line.
type Kind string

const (
	KindReady    Kind = "ready"    // the first generation serves; Text is the front's address
	KindFront    Kind = "front"    // the front opened; Text is its address
	KindDebug    Kind = "debug"    // debuggers may attach; Text is the address
	KindChange   Kind = "change"   // files changed; Files
	KindRun      Kind = "run"      // a rule's command ended well; Text is the command, Took
	KindBuild    Kind = "build"    // a build ended well; Took
	KindEqual    Kind = "same"     // a build gave the binary that already runs; Took
	KindRefresh  Kind = "refresh"  // browsers are told; Files
	KindSignal   Kind = "signal"   // the running process was signalled; Files, Text
	KindWait     Kind = "wait"     // a start waits for what the app needs; Text
	KindSwap     Kind = "swap"     // a generation became target; Took, Held, HeldFor
	KindDrain    Kind = "drain"    // an old generation finished and stopped; Finished, Cut, Took
	KindExit     Kind = "exit"     // the app ended by itself; Text, Code
	KindRetry    Kind = "retry"    // a crashed app, or one that did not start, is started again in a moment; Text, Attempt, NextTry
	KindState    Kind = "state"    // JSON only: a process is in another state; State, Text (why), Code, Signal, Attempt, NextTry
	KindFailed   Kind = "failed"   // a build or start failed, or the app crashed; Text, Problems, Output, Hint
	KindPanic    Kind = "panic"    // a handler panicked, and its server goes on; Text
	KindKeys     Kind = "keys"     // what can be typed; Text, Output
	KindServed   Kind = "served"   // answer of a wait: what was saved is served; Took, Text is the front's address
	KindPause    Kind = "pause"    // what is saved waits for an order; Text
	KindResume   Kind = "resume"   // that is over; Text
	KindSettings Kind = "settings" // the settings file was read again; Text
	KindWarn     Kind = "warn"     // something the user should know; Text, Hint
	KindStop     Kind = "stop"     // watcher ends; Text
	KindMissing  Kind = "missing"  // lines were not printed here, of events or of the app; Missing, Text
)

// problem reports whether an event is printed even when only problems are asked for.
func (k Kind) problem() bool {
	return k == KindFailed || k == KindPanic || k == KindWarn || k == KindMissing
}

// Event is one line of output. Zero fields are left out.
type Event struct {
	Time       time.Time     `json:"time"`
	Kind       Kind          `json:"event"`
	Generation int           `json:"generation,omitempty"`
	PID        int           `json:"pid,omitempty"`
	Text       string        `json:"text,omitempty"`
	Hint       string        `json:"hint,omitempty"` // what to do
	Took       time.Duration `json:"-"`              // "took_ms" in JSON
	Held       int           `json:"held,omitempty"` // requests let go by a swap
	HeldFor    time.Duration `json:"-"`              // the longest of them; "held_ms" in JSON
	Finished   int           `json:"finished,omitempty"`
	Cut        int           `json:"cut,omitempty"`
	State      string        `json:"state,omitempty"`   // starting, serving, ready, draining, stopping, exited, backing off or given up
	Code       *int          `json:"code,omitempty"`    // exit code of a process that ended; -1 if a signal ended it
	Signal     string        `json:"signal,omitempty"`  // that ended it
	Attempt    int           `json:"attempt,omitempty"` // to start again, from 1
	NextTry    time.Time     `json:"-"`                 // when; "next_try" in JSON
	Files      []string      `json:"files,omitempty"`   // relative to the folder watcher was started in
	Problems   []Problem     `json:"problems,omitempty"`
	Output     []string      `json:"output,omitempty"`  // lines of the compiler, or of a rule's command, that say more
	Missing    int           `json:"missing,omitempty"` // lines that were not printed

	After <-chan struct{} `json:"-"` // what it reports is so when this is closed: it is not printed before; nil for at once
}

// Problem is one place in the user's code.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

// Style says how to print.
type Style struct {
	JSON  bool // one JSON object a line instead of words
	Quiet bool // of the events only failed, panic and warn; the app's output goes on
	Color bool
}

// Terminal prints events and the app's output without tearing a line of either.
type Terminal struct {
	style Style
	paint paint

	out, err io.Writer
	mu       sync.Mutex // held while one of them is written to, unless there is a queue
	queue    *queue     // nil until Start
}

// New makes a terminal that prints events and the app's standard output to out, and
// the app's standard error to err. Whoever prints waits until it is written.
func New(out, err io.Writer, style Style) *Terminal {
	return &Terminal{out: out, err: err, style: style, paint: newPaint(style.Color && !style.JSON)}
}

// Start has one goroutine of the terminal's own write what is printed from now on, so that
// nobody waits for it: [Terminal.Print] never blocks, and writers of the app's output do so only as
// long as the terminal takes anything. It is called once, before anybody else prints; Finish follows.
func (t *Terminal) Start() {
	t.queue = newQueue(func(missing int) item {
		return item{to: t.out, text: t.line(Event{
			Time: time.Now(), Kind: KindMissing, Missing: missing,
			Text: fmt.Sprintf("%s not printed, as the terminal was stopped", lineCount(missing)),
		})}
	})
}

// Hurry lets no writer of the app's output wait any more. Any goroutine may call it, once, after
// Start.
func (t *Terminal) Hurry() { t.queue.hurry() }

// Finish returns when all that was printed is written, or ctx is done. What is printed later
// is lost.
func (t *Terminal) Finish(ctx context.Context) { t.queue.finish(ctx) }

// Print prints one event. Any goroutine may call it; events stand in the order of the calls. An
// event without a time is of now.
func (t *Terminal) Print(e Event) {
	if t.style.Quiet && !e.Kind.problem() || e.Kind == KindState && !t.style.JSON {
		return
	}
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	t.event(item{to: t.out, text: t.line(e), after: e.After})
}

// line is an event in the style of the terminal.
func (t *Terminal) line(e Event) []byte {
	if t.style.JSON {
		return eventJSON(e)
	}
	return t.paint.event(e)
}

// Clear wipes a screen, and what is scrolled out of it (ECMA-48 ED, and xterm's own 3 for the
// latter). It must be one.
func (t *Terminal) Clear() { t.event(item{to: t.out, text: []byte("\x1b[H\x1b[2J\x1b[3J")}) }

func (t *Terminal) event(i item) {
	if t.queue != nil {
		t.queue.event(i)
		return
	}
	t.write(i)
}

// output prints lines of the app. Whoever calls it may go on to use text.
func (t *Terminal) output(to io.Writer, text []byte) {
	if t.queue != nil {
		t.queue.output(item{to: to, text: bytes.Clone(text)})
		return
	}
	t.write(item{to: to, text: text})
}

// write writes at once. It has nobody to tell of an error: this is where errors are told.
func (t *Terminal) write(i item) {
	if i.after != nil {
		<-i.after
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = i.to.Write(i.text)
}

// Stdout returns a writer for one process's output, which is printed in whole lines.
// A line that is not ended is printed when the writer is closed, or when 64 KiB of it
// have come: then the rest of it stands in the next line. For people the lines are
// passed as they are, colours included, each behind prefix, which may be empty.
func (t *Terminal) Stdout(prefix string) io.WriteCloser {
	return &lineWriter{to: t, out: t.out, stream: "stdout", prefix: prefix}
}

// Stderr is to standard error what Stdout is to standard output.
func (t *Terminal) Stderr(prefix string) io.WriteCloser {
	return &lineWriter{to: t, out: t.err, stream: "stderr", prefix: prefix}
}
