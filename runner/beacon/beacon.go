// Package beacon reads what a process tells of itself. The binary was built with watcher's beacon; a pipe and
// a variable ask it to, and it writes a line for each listener.
package beacon

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Beacon is what one process tells. Any goroutine may call its methods; nil is that of a
// process that was not asked.
type Beacon struct {
	read, write *os.File
	done        chan struct{} // closed when nothing more will be told

	mu   sync.Mutex
	told []Move
	more chan struct{} // closed, and made anew, with each
}

// Move is one listener that was put at a private port.
type Move struct {
	Asked  int            // the port that the app asked for
	Host   netip.Addr     // with it; 0.0.0.0 and :: are every address of one family, the zero Addr of both
	Actual netip.AddrPort // where it is
}

// Ask has cmd tell; what it asks for on port is not moved. When cmd was started, or was not, Listen
// follows.
func Ask(cmd *exec.Cmd, port int) (*Beacon, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	device, inode, err := identify(write)
	if err != nil {
		read.Close()
		write.Close()
		return nil, err
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, write)
	cmd.Env = append(cmd.Env, fmt.Sprintf("WATCHER_BEACON=%d,%d,%d,%d", 2+len(cmd.ExtraFiles), device, inode, port))
	return &Beacon{read: read, write: write, done: make(chan struct{}), more: make(chan struct{})}, nil
}

// Listen reports each listener as it is told, from a goroutine that ends with the
// process or with Close.
func (b *Beacon) Listen(report func(Move)) {
	b.write.Close() // the process has its own
	go func() {
		defer close(b.done)
		for lines := bufio.NewScanner(b.read); lines.Scan(); {
			if move, ok := parse(lines.Text()); ok { // else somebody else writes into the pipe
				report(move)
				b.note(move)
			}
		}
	}()
}

// parse reads "listens asked actual" or "listens asked actual 6", of which the latter asks for IPv6 alone.
func parse(line string) (m Move, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 3 || fields[0] != "listens" {
		return Move{}, false
	}
	asked, ok := address(fields[1])
	if !ok {
		return Move{}, false
	}
	m.Asked, m.Host = int(asked.Port()), asked.Addr()
	if m.Host == netip.IPv6Unspecified() && len(fields) == 3 {
		m.Host = netip.Addr{}
	}
	m.Actual, ok = address(fields[2])
	return m, ok
}

// Of a sockaddr_in and a sockaddr_in6 in Linux.
const (
	inet, inet6         = 2, 10
	inetSize, inet6Size = 16, 28
)

// address reads the bytes of either.
func address(text string) (netip.AddrPort, bool) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) < inetSize {
		return netip.AddrPort{}, false
	}
	port := binary.BigEndian.Uint16(raw[2:])
	switch family := binary.NativeEndian.Uint16(raw); {
	case family == inet && len(raw) == inetSize:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(raw[4:])), port), true
	case family == inet6 && len(raw) == inet6Size:
		ip := netip.AddrFrom16([16]byte(raw[8:])).Unmap()
		if scope := binary.NativeEndian.Uint32(raw[24:]); scope != 0 {
			ip = ip.WithZone(zone(int(scope)))
		}
		return netip.AddrPortFrom(ip, port), true
	}
	return netip.AddrPort{}, false
}

// zone names an interface.
func zone(index int) string {
	if i, err := net.InterfaceByIndex(index); err == nil {
		return i.Name
	}
	return strconv.Itoa(index)
}

func (b *Beacon) note(one Move) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, one)
	close(b.more)
	b.more = make(chan struct{})
}

// Told returns what was told so far, and a channel that is closed when there is more; it is nil if there
// never is.
func (b *Beacon) Told() ([]Move, <-chan struct{}) {
	if b == nil {
		return nil, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.told, b.more
}

// Await returns when the process has asked for all of these ports, or limit has passed, or ctx is done.
func (b *Beacon) Await(ctx context.Context, ports []int, limit time.Duration) {
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		told, more := b.Told()
		if more == nil || !slices.ContainsFunc(ports, func(port int) bool {
			return !slices.ContainsFunc(told, func(m Move) bool { return m.Asked == port })
		}) {
			return
		}
		select {
		case <-more:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// Has reports whether a listener at addr was told of.
func (b *Beacon) Has(addr string) bool {
	told, _ := b.Told()
	return slices.ContainsFunc(told, func(one Move) bool { return one.Actual.String() == addr })
}

// Close ends the reading, also where something that left the group holds the pipe, and
// returns when nothing more is reported.
func (b *Beacon) Close() {
	if b == nil {
		return
	}
	b.read.Close()
	<-b.done
}
