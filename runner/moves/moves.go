// Package moves reads what a process tells of the listeners that it has moved. The
// binary was built for it; a pipe and a variable ask it to, and it writes a line for
// each: "asked actual".
package moves

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Moves is what one process tells. Any goroutine may call its methods; nil is that of a
// process that was not asked.
type Moves struct {
	read, write *os.File
	done        chan struct{} // closed when nothing more will be told

	mu   sync.Mutex
	told []Move
	more chan struct{} // closed, and made anew, with each
}

// Move is one listener.
type Move struct {
	Asked  int            // the port that the app asked for
	Host   netip.Addr     // with it; the zero Addr is every address of the machine
	Actual netip.AddrPort // where it is
}

// Ask has cmd tell where it listens; what it asks for on port is not moved. When cmd was
// started, or was not, Listen follows.
func Ask(cmd *exec.Cmd, port int) (*Moves, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, write)
	cmd.Env = append(cmd.Env, fmt.Sprintf("WATCHER_LISTEN=%d,%d", 2+len(cmd.ExtraFiles), port))
	return &Moves{read: read, write: write, done: make(chan struct{}), more: make(chan struct{})}, nil
}

// Listen reports each listener as it is told, from a goroutine that ends with the
// process or with Close.
func (m *Moves) Listen(report func(Move)) {
	m.write.Close() // the process has its own
	go func() {
		defer close(m.done)
		for lines := bufio.NewScanner(m.read); lines.Scan(); {
			if move, ok := parse(lines.Text()); ok { // else somebody else writes into the pipe
				report(move)
				m.add(move)
			}
		}
	}()
}

// parse reads "asked actual", in which asked has no host where the app named none.
func parse(line string) (m Move, ok bool) {
	asked, actual, _ := strings.Cut(line, " ")
	host, port, err := net.SplitHostPort(asked)
	if err != nil {
		return Move{}, false
	}
	if host != "" {
		if m.Host, err = netip.ParseAddr(host); err != nil {
			return Move{}, false
		}
		if m.Host = m.Host.Unmap(); m.Host.IsUnspecified() {
			m.Host = netip.Addr{}
		}
	}
	m.Asked, err = strconv.Atoi(port)
	if err == nil {
		m.Actual, err = netip.ParseAddrPort(actual)
	}
	return m, err == nil
}

func (m *Moves) add(one Move) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = append(m.told, one)
	close(m.more)
	m.more = make(chan struct{})
}

// Told returns what was told so far, and a channel that is closed when there is more.
func (m *Moves) Told() ([]Move, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.told, m.more
}

// Has reports whether a listener at addr was told of.
func (m *Moves) Has(addr string) bool {
	if m == nil {
		return false
	}
	told, _ := m.Told()
	return slices.ContainsFunc(told, func(one Move) bool { return one.Actual.String() == addr })
}

// Close ends the reading, also where something that left the group holds the pipe, and
// returns when nothing more is reported.
func (m *Moves) Close() {
	if m == nil {
		return
	}
	m.read.Close()
	<-m.done
}
