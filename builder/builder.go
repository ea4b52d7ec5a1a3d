// Package builder turns a package of the user's module into a binary with
// go build, and what the compiler says into diagnostics.
//
// It knows the go command, the cache folder and the shape of compiler messages.
// It does not know why a build is asked for or what becomes of the binary.
//
// What holds, and the tests that show it:
//
//   - a killed build leaves no process, no folder and no binary
//     (TestB1_KilledBuildLeavesNothing);
//   - a binary that is kept is never written to, and one that is there is whole
//     (TestB5_AtMostFiveBinaries, TestB5_FullDiskIsSaidAndForgiven);
//   - nothing that the compiler says is lost (TestB2_RealOutputs).
package builder

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Runner runs one prepared command in a process group of its own and returns
// when the whole group is gone: the command's own error, or ctx's cause after it
// was killed because ctx ended.
type Runner func(ctx context.Context, cmd *exec.Cmd) error

// Builder builds one project into a cache folder of its own. One build at a time:
// Build must not be called again before it has returned.
type Builder struct {
	cache     string // absolute
	run       Runner
	builds    int // begun so far; names the work folders
	toolchain toolchain
}

// Spec says what to build; it may differ from build to build.
type Spec struct {
	Dir     string   // absolute folder in which go build runs
	Package string   // pattern of one package, as "./cmd/api"; "" means "."
	Name    string   // file name of the binary, without an ending; not ""
	Flags   []string // further flags of the user's, after ours; -o is refused
	Tags    []string // given beside those that Flags hold
	Ldflags string   // the user's, after ours and after those that Flags hold
	Env     []string // whole environment; go is looked for in its PATH, GOOS and GOARCH are set over it
	Base    string   // absolute folder that paths in diagnostics are relative to
	Debug   bool     // build it for a debugger: not optimised, with all symbols
	Beacon  bool     // have it tell where it listens, if it is asked to; Err may be a *Refusal
}

// Request is one build.
type Request struct {
	Spec
	Keep    []string // binaries that are still needed; their slots are not written to
	Running string   // binary to compare the new one with; "" for none
}

// Result is what became of a build. Exactly one of Binary and Err is set.
type Result struct {
	Binary      string // absolute path; Request.Running itself if Equal
	Equal       bool   // the new binary had the same bytes as Request.Running, and is gone
	Took        time.Duration
	Err         error        // *Failure or *Refusal if there is no binary; the context's cause if the build was killed
	Diagnostics []Diagnostic // of a failed build, in the order of the output
	Output      string       // all that go build wrote, cleaned of nothing but its end; the middle of more than 1 MiB is left out
}

// Diagnostic is one message with a place.
type Diagnostic struct {
	File    string // relative to Spec.Base where that is shorter, with the system's separators
	Line    int    // from 1
	Column  int    // from 1; 0 if not told
	Message string // with the lines that continue it
}

// Failure says that a build gave no binary. Text is one line: the first message of
// the compiler, with its place, or what kept go build from running.
type Failure struct{ Text string }

func (f *Failure) Error() string { return f.Text }

// New makes a builder on the folder cache, which it makes where it is missing and
// in which it removes what killed builds left. No other builder may use the same
// folder meanwhile. run starts its commands.
func New(cache string, run Runner) (*Builder, error) {
	cache, err := filepath.Abs(cache)
	if err != nil {
		return nil, err
	}
	b := &Builder{cache: cache, run: run}
	if err := remove(b.works()); err != nil {
		return nil, err
	}
	return b, os.MkdirAll(b.works(), 0o755)
}

// Build runs go build and returns what became of it. When ctx ends, the build's
// whole process group is killed and its work folder removed before Build returns.
func (b *Builder) Build(ctx context.Context, r Request) Result {
	begin := time.Now()
	res, err := b.build(ctx, r)
	if _, refused := errors.AsType[*Refusal](err); refused {
		res.Err = err
	} else if err != nil {
		res.Err = &Failure{err.Error()}
	}
	res.Took = time.Since(begin)
	return res
}

// build is Build with each failure as a plain error.
func (b *Builder) build(ctx context.Context, r Request) (Result, error) {
	b.builds++
	work := filepath.Join(b.works(), "build-"+strconv.Itoa(b.builds))
	defer remove(work) // what cannot be removed now is swept by the next New
	if err := os.MkdirAll(work, 0o755); err != nil {
		return Result{}, err
	}
	// The slot is emptied first: its old binary may be what fills the disk.
	slot, err := b.clearSlot(append(slices.Clip(r.Keep), r.Running))
	if err != nil {
		return Result{}, err
	}
	made := filepath.Join(work, r.Name)
	if runtime.GOOS == "windows" {
		made += ".exe"
	}
	cmd, err := b.command(ctx, r.Spec, made, work)
	if err != nil {
		return Result{}, err
	}
	var out bounded
	cmd.Stdout, cmd.Stderr = &out, &out // one writer, so that the order is kept

	err = b.run(ctx, cmd)
	output := out.String()
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		res, err := b.take(made, slot, r)
		res.Output = output
		return res, err
	case ctx.Err() != nil:
		return Result{Err: context.Cause(ctx), Output: output}, nil
	}
	found := diagnose(output, r.Dir, r.Base)
	text := cmp.Or(headline(output, found), err.Error())
	if r.Beacon && strings.Contains(output, path.Base(beaconFolder)) && !strings.Contains(output, "no space left") {
		return Result{}, &Refusal{text} // without it the same build may succeed
	}
	return Result{Diagnostics: found, Output: output}, errors.New(text)
}

// take moves the binary made into slot, unless it equals the running one. Being
// renamed it is never there by half, and nobody writes to a file that runs.
func (b *Builder) take(made, slot string, r Request) (Result, error) {
	if err := checkProgram(made, r.Package); err != nil {
		return Result{}, err
	}
	if equal(made, r.Running) {
		return Result{Binary: r.Running, Equal: true}, nil
	}
	binary := filepath.Join(slot, filepath.Base(made))
	if err := again(func() error { return os.Rename(made, binary) }); err != nil {
		return Result{}, err
	}
	return Result{Binary: binary}, nil
}
