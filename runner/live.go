package runner

import (
	"context"
	"fmt"
	"time"

	"github.com/watcher-dev/watcher/runner/sockets"
)

// Liveness says how a process that serves is asked whether it still does. The zero
// value asks nothing.
type Liveness struct {
	Path     string        // must answer below 500, within a second; "" asks nothing
	Interval time.Duration // between two questions
	Failures int           // so many in a row
}

// watchLife asks until the process has failed to answer, which it reports, or has ended.
func (p *process) watchLife(alive context.Context, began time.Time, upstream string) {
	live, failures := p.spec.Live, 0
	for live.Path != "" && pause(alive, live.Interval) {
		ok, said := sockets.AnswersBelow500(alive, upstream, "http://localhost"+live.Path)
		if ok || alive.Err() != nil || p.attached() {
			failures = 0
			continue
		}
		if failures++; failures >= live.Failures {
			p.tell(Unresponsive{
				Generation: p.spec.Generation,
				PID:        p.pid(),
				Reason:     fmt.Sprintf("lives, but GET %s %s, %d times in a row", live.Path, said, failures),
				Alive:      time.Since(began),
				Tail:       p.output.Last(),
			})
			return
		}
	}
}
