// Package output knows how what a process writes reaches us: through pipes or
// terminals, of which the last lines are kept.
//
// An app that writes to a terminal of ours is given terminals too, one for each of its
// two streams, so that they stay apart, and keeps its colours. They are raw: no byte is
// changed on the way. They are no controlling terminals; size is all they have (rule 42).
package output

import (
	"context"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Stream is where a stream of a process goes.
type Stream struct {
	Sink   io.Writer // written to by one goroutine at a time; may be nil; its errors are passed over
	Screen *os.File  // the terminal behind Sink, of which the app's is made in the image; nil is a pipe
}

// Output is what one process writes. The zero value is ready for Connect.
type Output struct {
	tail    tail
	screens []*screen
}

// Connect makes standard output and error of cmd, which is not started yet, lead to
// the two streams. With a screen cmd gets a session of its own. Started must follow.
func (o *Output) Connect(cmd *exec.Cmd, streams [2]Stream) {
	ends := [2]io.Writer{}
	for i, s := range streams {
		to := keeper{&o.tail, i, s.Sink}
		ends[i] = to
		if s.Screen == nil {
			continue
		}
		if screen, err := newScreen(s.Screen, to); err == nil { // else a pipe will do
			o.screens = append(o.screens, screen)
			ends[i] = screen.far
		}
	}
	cmd.Stdout, cmd.Stderr = ends[0], ends[1]
	if len(o.screens) > 0 {
		if cmd.SysProcAttr == nil {
			cmd.SysProcAttr = &syscall.SysProcAttr{}
		}
		ownSession(cmd.SysProcAttr)
	}
}

// Started lets go of the app's ends. It is called when cmd has been started, or not.
func (o *Output) Started() {
	for _, s := range o.screens {
		s.far.Close()
	}
}

// Finish returns when all is read, at the latest after limit: a terminal may be held
// by something that outlives the process. It is called when cmd has been waited for,
// or was not started.
func (o *Output) Finish(limit time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for _, s := range o.screens {
		s.finish(ctx.Done())
	}
}

// Last returns the last lines of both streams, in the order in which they were read, as
// valid UTF-8, and with them what has no newline yet. Any goroutine may call it.
func (o *Output) Last() []string { return o.tail.last() }
