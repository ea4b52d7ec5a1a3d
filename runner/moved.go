package runner

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/watcher-dev/watcher/runner/moves"
	"github.com/watcher-dev/watcher/runner/sockets"
)

// movedInterval is how often told listeners are asked what they speak: an app may
// listen a while before it serves.
const movedInterval = 20 * time.Millisecond

// tellMove reports a listener that the process has moved.
func (p *process) tellMove(m moves.Move) {
	p.tell(Listening{Generation: p.spec.Generation, Asked: m.Asked, Host: m.Host, Upstream: m.Actual.String()})
}

// onMoved waits for a listener that the process tells of. The one that is expected
// counts at once. Another one counts after ownPortDelay, as that one may yet come, and
// if it answers HTTP or, where none does, TLS; then a Unix socket, which is not moved.
func (s *search) onMoved(ctx context.Context) string {
	again := time.After(s.ownDelay())
	for began := time.Now(); ; {
		told, more := s.moves.Told()
		for _, m := range told {
			if m.Asked == cmp.Or(s.told, s.likely) {
				s.asked = m.Asked
				return m.Actual.String()
			}
		}
		select {
		case <-ctx.Done():
			return ""
		case <-more:
			continue
		case <-again:
		}
		if s.told == 0 {
			if found := cmp.Or(s.answeringMove(ctx, told), s.onUnix(ctx)); found != "" {
				return found
			}
		}
		again = time.After(max(movedInterval, time.Since(began)/ownPortShare))
	}
}

// answeringMove returns the first listener that answers HTTP, else one that answers TLS;
// "" if none does.
func (s *search) answeringMove(ctx context.Context, told []moves.Move) string {
	http, tls := make([]bool, len(told)), make([]bool, len(told))
	var asked sync.WaitGroup
	for i, m := range told {
		asked.Go(func() { http[i], tls[i] = sockets.Speaks(ctx, m.Actual.String()) })
	}
	asked.Wait()
	i := slices.Index(http, true)
	if i < 0 {
		i = slices.Index(tls, true)
	}
	if i < 0 {
		return ""
	}
	s.asked, s.tls = told[i].Asked, !http[i]
	return told[i].Actual.String()
}
