package session

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/internal/plan"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
)

// Interrupted is the end of a call by a signal, when it has taken down what there was to take down.
type Interrupted struct{ Signal os.Signal }

func (e Interrupted) Error() string { return fmt.Sprintf("ended by a signal: %v", e.Signal) }

// Code is what a shell gives as the exit code of a program that a signal has ended.
func (e Interrupted) Code() int {
	n, _ := e.Signal.(syscall.Signal)
	return 128 + int(n)
}

// Explain says what a change of path would do, as a watcher would that starts now. It has a
// folder of its own for all that it writes, as one may be running, and takes it away also when a
// signal ends it: the error is an [Interrupted] then.
func Explain(c Call, o Options, path string) (watcher.Reason, error) {
	s := &session{Call: c, options: o, terminal: terminal.New(c.Stderr, c.Stderr, terminal.Style{JSON: o.JSON})}
	s.site.Cache = filepath.Join(os.TempDir(), "watcher-explain-"+rand.Text())
	if err := s.find(); err != nil {
		return watcher.Reason{}, err
	}
	ctx, done := c.untilSignal()
	defer done()
	answer := make(chan explained, 1)
	go func() { answer <- s.explain(ctx, path) }()
	select {
	case got := <-answer:
		if ctx.Err() == nil {
			return got.reason, got.err
		}
	case <-ctx.Done():
		select {
		case <-answer:
		case <-time.After(takingDown): // it stands before a file that hangs: what runs for it dies with us
			os.RemoveAll(s.site.Cache)
		}
	}
	return watcher.Reason{}, context.Cause(ctx)
}

// takingDown is how long a call that a signal ends may take to end what runs for it. That takes
// milliseconds, unless a file hangs, which no signal of ours ends.
const takingDown = time.Second

type explained struct {
	reason watcher.Reason
	err    error
}

// explain finds the answer, and takes down what it needed for that, as soon as ctx ends.
func (s *session) explain(ctx context.Context, path string) (e explained) {
	r := runner.New()
	defer r.Close()
	defer os.RemoveAll(s.site.Cache)
	if s.builder, e.err = builder.New(s.site.Cache, r.Run); e.err != nil {
		return e
	}
	watch := s.site.Watch(s.settings)
	watch.Graph = plan.Watched(s.graph.Exact(ctx))
	if ctx.Err() == nil {
		e.reason, e.err = watcher.Explain(watch, Absolute(s.Dir, path))
	}
	return e
}

// untilSignal returns a context that ends with the first signal to stop, which is its cause as
// an [Interrupted]. done frees it.
func (c Call) untilSignal() (ctx context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	if c.Notify != nil {
		signals := make(chan os.Signal, 1)
		c.Notify(signals, stopSignals()...)
		go func() {
			select {
			case sig := <-signals:
				cancel(Interrupted{sig})
			case <-ctx.Done():
			}
		}()
	}
	return ctx, func() { cancel(nil) }
}
