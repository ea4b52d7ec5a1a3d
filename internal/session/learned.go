package session

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/runner/sockets"
)

// learnedVersion is that of the file; one of another version is not read.
const learnedVersion = 1

// speakLimit is how long a process that is ready is asked what it speaks, while it is not
// told to anybody.
const speakLimit = 100 * time.Millisecond

// learned is the port of its own that the app was last seen to take, where the front can
// lead to it. It is kept in the program's cache folder, for the next run. Any goroutine may
// use it.
type learned struct {
	file string

	mu    sync.Mutex
	port  int  // 0 for none
	tls   int  // the port that it is known to speak TLS on, which the front does not; 0 for none
	asked bool // what it speaks on the port of an earlier run
}

// learnedFile is what stands in the file.
type learnedFile struct {
	Version int `json:"version"`
	Port    int `json:"port"`
}

// recall reads what an earlier run has kept. What cannot be understood counts as nothing.
func recall(folder string) *learned {
	l := &learned{file: filepath.Join(folder, "port.json")}
	var kept learnedFile
	text, err := os.ReadFile(l.file)
	if err == nil && json.Unmarshal(text, &kept) == nil && kept.Version == learnedVersion && 0 < kept.Port && kept.Port < 1<<16 {
		l.port = kept.Port
	}
	return l
}

// keep takes the place of what was kept, which it returns. That a file cannot be written
// is no matter: the next run learns it anew.
func (l *learned) keep(port int) (before int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, l.port = l.port, port
	switch {
	case port == before:
	case port == 0:
		_ = os.Remove(l.file)
	default:
		text, _ := json.Marshal(learnedFile{learnedVersion, port})
		_ = os.WriteFile(l.file, text, 0o600)
	}
	return before
}

// leads returns the port at which people look for a process that is ready, if it is the
// app's own and can be the front's; else 0.
func (l *learned) leads(beacon bool, r runner.Ready) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !r.TLS && r.Asked != 0 && r.Asked == l.port && !l.asked { // it was expected, and so not asked what it speaks
		l.asked = true
		ctx, cancel := context.WithTimeout(context.Background(), speakLimit)
		defer cancel()
		_, r.TLS = sockets.Speaks(ctx, r.Upstream)
	}
	if r.TLS {
		l.tls = r.Asked
	}
	switch {
	case r.OwnPort && !beacon:
		return movable(r)
	case r.OwnPort: // of a child, which cannot be moved
		return 0
	case r.Asked == l.tls:
		return 0
	}
	return r.Asked
}

// movable returns the port that a process has itself, and has chosen by itself; else 0.
func movable(r runner.Ready) int {
	_, text, _ := net.SplitHostPort(r.Upstream)
	port, err := strconv.Atoi(text)
	if low, high := sockets.EphemeralPorts(); err != nil || r.Unix() != "" || low <= port && port <= high {
		return 0
	}
	if pid, _ := sockets.Holder(port); pid != r.PID {
		return 0
	}
	return port
}

// seen keeps what an event tells of the app's own port, and says where the front is reached besides.
func (s *session) seen(beacon bool, ev runner.Event) {
	ready, ok := ev.(runner.Ready)
	if !ok {
		return
	}
	port := s.learned.leads(beacon, ready)
	switch before := s.learned.keep(port); {
	case port == before || ready.Asked == 0:
	case port == s.at.Port:
	case port != 0 && before != 0:
		s.warn(fmt.Sprintf("the app asks for port %d now, no longer for %d: the front is reached there too", port, before))
	case port != 0:
		s.warn(fmt.Sprintf("the app asks for port %d: the front is reached there too", port))
	case ready.Asked == s.at.Port:
		s.warn(fmt.Sprintf("the app speaks TLS on port %d now, which the front has taken: start watcher anew, and it takes another one", ready.Asked))
	}
}
