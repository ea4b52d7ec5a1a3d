package session

import (
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/runner"
)

// launcher gives each process writers of its own, which are closed, and so printed to
// the end, before its end is told.
type launcher struct {
	*runner.Runner
	terminal *terminal.Terminal
	out, err *os.File     // our own terminals, where we have them and pass lines as they are
	front    *proxy.Front // hears of panics in handlers
	died     func(generation int, tail []string)
	seen     func(beacon bool, ev runner.Event)
	debugger runner.Debugger
	prefix   *atomic.Pointer[string] // of the app's lines, as the settings have it now
}

func (l launcher) Start(spec runner.Spec, report func(runner.Event)) {
	prefix := strings.ReplaceAll(*l.prefix.Load(), "{generation}", strconv.Itoa(spec.Generation))
	out, err := l.terminal.Stdout(prefix), l.terminal.Stderr(prefix)
	told := false // by the first of the two events that tell of an end
	spec.Stdout, spec.Stderr = out, io.MultiWriter(err, l.front.ErrorOutput(spec.Generation))
	spec.StdoutScreen, spec.StderrScreen = l.out, l.err
	spec.Debugger = l.debugger
	l.Runner.Start(spec, func(ev runner.Event) {
		failed, ok := ev.(runner.Failed)
		exited, gone := ev.(runner.Exited)
		if (ok || gone) && !told {
			told = true
			l.died(spec.Generation, slices.Concat(failed.Tail, exited.Tail))
		}
		if gone || ok && failed.PID == 0 {
			out.Close()
			err.Close()
		}
		l.seen(spec.Beacon, ev) // first, as who hears of it may end the process
		report(ev)
	})
}
