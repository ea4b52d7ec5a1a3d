package runner

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/watcher-dev/watcher/runner/beacon"
	"github.com/watcher-dev/watcher/runner/sockets"
)

// movedInterval is how often told listeners are asked what they speak: an app may
// listen a while before it serves.
const movedInterval = 20 * time.Millisecond

// furtherDelay is how long a process that is ready has to ask for the further ports of the one before it: until it
// has, who looks for it there still finds that one.
const furtherDelay = 250 * time.Millisecond

// tellMove reports a listener that the process has moved.
func (p *process) tellMove(m beacon.Move) {
	p.tell(Listening{Generation: p.spec.Generation, Asked: m.Asked, Host: m.Host, Upstream: m.Actual.String()})
}

// elsewhere waits for the process to listen at another address than those that are known. A listener
// that it tells of counts at once if it is the expected one. Another counts after ownPortDelay, as
// that one may yet come: the first told one that answers HTTP or, where none does, TLS; then one that is
// not told, as those of other languages are not; then a Unix socket.
func (s *search) elsewhere(ctx context.Context) (string, *refusal) {
	again := time.After(s.ownDelay())
	for began := time.Now(); ; {
		told, more := s.beacon.Told()
		for _, m := range told {
			if m.Asked == cmp.Or(s.told, s.likely) {
				s.asked = m.Asked
				return m.Actual.String(), nil
			}
		}
		select {
		case <-ctx.Done():
			return "", nil
		case <-more:
			continue
		case <-again:
		}
		if s.told == 0 {
			if addr := s.answeringMove(ctx, told); addr != "" {
				return addr, nil
			}
			if addr, fail := s.ownPort(ctx); addr != "" || fail != nil {
				return addr, fail
			}
		}
		again = time.After(max(movedInterval, time.Since(began)/ownPortShare))
	}
}

// answeringMove returns the first listener that answers HTTP, else one that answers TLS;
// "" if none does.
func (s *search) answeringMove(ctx context.Context, told []beacon.Move) string {
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
