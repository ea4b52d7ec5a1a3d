// Package builder turns a package of the user's module into a binary with
// go build, and what the compiler says into diagnostics.
//
// It knows the go command, the cache folder and the shape of compiler messages.
// It does not know why a build is asked for or what becomes of the binary.
package builder

import (
	"context"
	"os/exec"
	"time"
)

// Runner runs one prepared command in a process group of its own and returns
// when the whole group is gone: the command's own error, or ctx's cause after it
// was killed because ctx ended.
type Runner func(ctx context.Context, cmd *exec.Cmd) error

// Builder builds one project into a cache folder of its own. One build at a time:
// Build must not be called again before it has returned.
type Builder struct {
	cache string
	run   Runner
}

// Spec says what to build; it may differ from build to build.
type Spec struct {
	Dir     string   // absolute folder in which go build runs
	Package string   // pattern of one package, as "./cmd/api"; "" means "."
	Name    string   // file name of the binary, without an ending
	Flags   []string // further flags of the user's, after ours
	Tags    []string
	Ldflags string   // the user's, after ours
	Env     []string // whole environment
	Base    string   // absolute folder that paths in diagnostics are relative to
}

// Request is one build.
type Request struct {
	Spec
	Keep    []string // binaries that are still needed; their slots are not written to
	Running string   // binary to compare the new one with; "" for none
}

// Result is what became of a build. Exactly one of Binary and Err is set.
type Result struct {
	Binary      string // absolute path
	Equal       bool   // same bytes as Request.Running
	Took        time.Duration
	Err         error        // *Failure if go build said no; the context's cause if it was killed
	Diagnostics []Diagnostic // in the order of the output
	Output      string       // all that go build wrote, cleaned of nothing but its end
}

// Diagnostic is one message with a place.
type Diagnostic struct {
	File    string // relative to Spec.Base where that is shorter, with the system's separators
	Line    int    // from 1
	Column  int    // from 1; 0 if not told
	Message string // with the lines that continue it
}

// Failure says that go build ran and failed.
type Failure struct{ Text string }

func (f *Failure) Error() string { return f.Text }

// New makes a builder on the folder cache, which it makes where it is missing and
// in which it removes what killed builds left. run starts its commands.
func New(cache string, run Runner) (*Builder, error) { return &Builder{cache: cache, run: run}, nil }

// Build runs go build and returns what became of it. When ctx ends, the build's
// whole process group is killed and its work folder removed before Build returns.
func (b *Builder) Build(ctx context.Context, r Request) Result { return Result{} }
