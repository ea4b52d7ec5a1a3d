// Package terminal is the only place that prints. It turns events into one line
// each, for people or, with --json, for programs.
package terminal

import (
	"io"
	"time"
)

// Kind says what an event is about; it is the first word of its line.
type Kind string

const (
	KindReady    Kind = "ready"    // the first generation serves; Text is the front's address
	KindFront    Kind = "front"    // the front opened; Text is its address
	KindChange   Kind = "change"   // files changed; Files
	KindBuild    Kind = "build"    // a build ended well; Took
	KindEqual    Kind = "same"     // a build gave the binary that already runs; Took
	KindRefresh  Kind = "refresh"  // browsers are told; Files
	KindSignal   Kind = "signal"   // the running process was signalled; Files, Text
	KindSwap     Kind = "swap"     // a generation became target; Took, Held, HeldFor
	KindDrain    Kind = "drain"    // an old generation finished and stopped; Finished, Cut, Took
	KindExit     Kind = "exit"     // the app ended by itself; Text
	KindFailed   Kind = "failed"   // a build or start failed, or the app crashed; Text, Problems, Output, Hint
	KindSettings Kind = "settings" // the settings file was read again; Text
	KindWarn     Kind = "warn"     // something the user should know; Text, Hint
	KindStop     Kind = "stop"     // watcher ends; Text
)

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
	Files      []string      `json:"files,omitempty"` // relative to the folder watcher was started in
	Problems   []Problem     `json:"problems,omitempty"`
	Output     []string      `json:"output,omitempty"` // lines of the compiler or the app that say more
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
	Quiet bool // problems only
	Color bool
}

// Terminal prints events and the app's output without tearing a line of either.
type Terminal struct{}

// New makes a terminal that prints events and the app's standard output to out, and
// the app's standard error to err.
func New(out, err io.Writer, style Style) *Terminal { return &Terminal{} }

// Print prints one event. Any goroutine may call it.
func (t *Terminal) Print(e Event) {}

// Stdout and Stderr return writers for one process's output, which is printed in
// whole lines. A line that is not ended is printed when the writer is closed.
func (t *Terminal) Stdout() io.WriteCloser { return nil }

// Stderr is to standard error what Stdout is to standard output.
func (t *Terminal) Stderr() io.WriteCloser { return nil }
