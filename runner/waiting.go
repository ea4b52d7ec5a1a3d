package runner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/watcher-dev/watcher/runner/needs"
	"github.com/watcher-dev/watcher/runner/notify"
	"github.com/watcher-dev/watcher/runner/sockets"
)

// sayAfter is how long something is waited for before people are told.
const sayAfter = time.Second

// awaitNeeds waits for what the app needs, one after the other, however long it takes.
// It returns what was missing when the wait was ended by a stop, else "".
func (p *process) awaitNeeds() (missing string) {
	var told string
	for _, need := range p.spec.WaitFor {
		patient, cancel := context.WithTimeout(p.wanted, sayAfter)
		met := p.awaitNeed(patient, need)
		cancel()
		if !met && p.wanted.Err() == nil {
			told = need
			p.tell(Waiting{Generation: p.spec.Generation, For: needs.Shown(need)})
			met = p.awaitNeed(p.wanted, need)
		}
		if !met {
			return needs.Shown(need)
		}
	}
	if told != "" {
		p.tell(Waiting{Generation: p.spec.Generation})
	}
	return ""
}

// awaitNeed returns when the need is met, or false when ctx is done before, though a file may hang.
func (p *process) awaitNeed(ctx context.Context, need string) (met bool) {
	within(ctx, func() func() {
		is := needs.Await(ctx, need, p.spec.Dir)
		return func() { met = is }
	})
	return met
}

// listenForReady opens the socket on which the app will say that it is ready. A message
// counts if its sender is of our group; where that is not known, anybody's does.
func (p *process) listenForReady() (err error) {
	p.notify, err = notify.Listen(func(pid int) bool {
		g := p.launchedLeader()
		return pid == 0 || g != nil && slices.Contains(sockets.Family(g.ID), pid)
	})
	return err
}

// notified waits for READY=1 where it was asked for.
func (p *process) notified(ctx context.Context, limit time.Duration) *refusal {
	if p.notify == nil {
		return nil
	}
	select {
	case <-p.notify.Ready():
		return nil
	case <-ctx.Done():
		return &refusal{
			reason: fmt.Sprintf("did not send READY=1 to NOTIFY_SOCKET within %v", limit),
			hint:   `let the app call sd_notify when it is ready, or take [run] ready away`,
		}
	}
}
