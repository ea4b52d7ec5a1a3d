package runner

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/watcher-dev/watcher/runner/sockets"
)

// movedInterval is how often told listeners are asked what they speak: an app may
// listen a while before it serves.
const movedInterval = 20 * time.Millisecond

// moves is what a process tells over its pipe of the listeners that it has moved.
type moves struct {
	read *os.File
	done chan struct{} // closed when nothing more will be told

	mu   sync.Mutex
	told []move
	more chan struct{} // closed, and made anew, with each
}

// move is one listener: the port that the app asked for, and where it is.
type move struct {
	asked  int
	actual netip.AddrPort
}

// askToMove has cmd, which was built for it, tell where it listens. started must be
// called after cmd was started, or was not.
func (p *process) askToMove(cmd *exec.Cmd) (started func(), err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.moves = &moves{read: read, done: make(chan struct{}), more: make(chan struct{})}
	cmd.ExtraFiles = append(cmd.ExtraFiles, write)
	cmd.Env = append(cmd.Env, fmt.Sprintf("WATCHER_LISTEN=%d,%d", 2+len(cmd.ExtraFiles), p.port))
	return func() {
		write.Close()
		go p.listenToMoves()
	}, nil
}

// listenToMoves reports each listener that is told, until the process has ended or
// moves are closed.
func (p *process) listenToMoves() {
	m := p.moves
	defer close(m.done)
	for lines := bufio.NewScanner(m.read); lines.Scan(); {
		asked, actual, _ := strings.Cut(lines.Text(), " ")
		port, portErr := strconv.Atoi(asked[strings.LastIndexByte(asked, ':')+1:])
		at, err := netip.ParseAddrPort(actual)
		if portErr != nil || err != nil {
			continue // somebody else writes into the pipe
		}
		p.tell(Listening{Generation: p.spec.Generation, Asked: port, Upstream: actual})
		m.add(move{port, at})
	}
}

func (m *moves) add(one move) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = append(m.told, one)
	close(m.more)
	m.more = make(chan struct{})
}

// all returns what was told so far, and a channel that is closed when there is more.
func (m *moves) all() ([]move, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.told, m.more
}

// has reports whether a listener at addr was told of; of nil none was.
func (m *moves) has(addr string) bool {
	if m == nil {
		return false
	}
	told, _ := m.all()
	return slices.ContainsFunc(told, func(one move) bool { return one.actual.String() == addr })
}

// close ends the reading, also where something that left the group holds the pipe. Of
// nil it does nothing.
func (m *moves) close() {
	if m == nil {
		return
	}
	m.read.Close()
	<-m.done
}

// onMoved waits for a listener that the process tells of. The one that is expected
// counts at once. Another one counts after ownPortDelay, as that one may yet come, and
// if it answers HTTP or, where none does, TLS; then a Unix socket, which is not moved.
func (s *search) onMoved(ctx context.Context) string {
	again := time.After(s.ownDelay())
	for began := time.Now(); ; {
		told, more := s.moves.all()
		for _, m := range told {
			if m.asked == cmp.Or(s.told, s.likely) {
				s.asked = m.asked
				return m.actual.String()
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
func (s *search) answeringMove(ctx context.Context, told []move) string {
	http, tls := make([]bool, len(told)), make([]bool, len(told))
	var asked sync.WaitGroup
	for i, m := range told {
		asked.Go(func() { http[i], tls[i] = sockets.Speaks(ctx, m.actual.String()) })
	}
	asked.Wait()
	i := slices.Index(http, true)
	if i < 0 {
		i = slices.Index(tls, true)
	}
	if i < 0 {
		return ""
	}
	s.asked, s.tls = told[i].asked, !http[i]
	return told[i].actual.String()
}
