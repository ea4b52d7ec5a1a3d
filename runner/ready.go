package runner

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/watcher-dev/watcher/runner/beacon"
	"github.com/watcher-dev/watcher/runner/sockets"
)

// How often is looked. A refused connection on loopback costs so little that an app
// is noticed within two milliseconds; one that takes long to start is asked less.
const (
	portInterval     = 2 * time.Millisecond
	portIntervalSlow = 10 * time.Millisecond
	portSlowAfter    = 5 * time.Second
	foreignInterval  = 50 * time.Millisecond // while another program answers

	ownPortDelay = 500 * time.Millisecond // before another port counts (rule 14)
	ownPortShare = 10                     // then again after a tenth of the time waited: all processes are looked through

	pathInterval    = 5 * time.Millisecond
	pathIntervalMax = 50 * time.Millisecond
)

// search looks for the address at which a process that was just started answers.
type search struct {
	group     int
	name      string // of the variable that carries the given port
	given     int
	told      int              // the port that the user says the app listens on; 0 if not told
	likely    int              // one that it is expected to take; 0 if none is
	unix      bool             // it is expected to listen on a Unix socket
	handed    bool             // the given port is that of a socket which the app was handed
	settled   bool             // nothing can be done if another program listens on the given port
	answered  []netip.AddrPort // at told or likely, by somebody else, before the process was started
	announced bool             // it has said that it is ready
	path      string           // to be answered; "" if listening is enough
	limit     time.Duration
	beacon    *beacon.Beacon // what the process tells; nil if it was not asked to

	// What is found beside the address.
	asked int  // the port that the app asked for, where it was moved; else 0
	tls   bool // it speaks TLS

	// What was seen, for the case that it is not enough.
	foreign int    // port that is answered by a process that is not ours
	silent  []int  // own ports that do not answer HTTP
	said    string // the last answer on path
}

// refusal says why a process is not ready, in the words of [Failed].
type refusal struct {
	reason, hint string
	lock         string // in the words of [Failed]
	stolen       bool   // another program listens on the port that the app was given, which was free
}

// find blocks until the process is ready, until it is clear that it cannot be, or
// until ctx ends.
func (s *search) find(ctx context.Context) (addr string, fail *refusal) {
	addr, fail = s.listening(ctx)
	switch {
	case fail != nil:
		return addr, fail
	case addr == "":
		return addr, s.notListening()
	case s.path != "" && !s.answering(ctx, addr):
		return addr, &refusal{
			reason: fmt.Sprintf("listens, but GET %s %s within %v", s.path, s.said, s.limit),
			hint:   "look at what that path needs, or change [run] ready_path",
		}
	}
	return addr, nil
}

// listening returns where the process listens; "" if ctx ended first. The given port
// wins, also when both are found at the same time (rule 14).
func (s *search) listening(ctx context.Context) (addr string, fail *refusal) {
	if s.handed {
		return s.onSocket(ctx), nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var known, other string
	var both sync.WaitGroup
	both.Go(func() {
		defer cancel()
		known = s.onKnownPort(ctx)
	})
	both.Go(func() {
		defer cancel()
		other, fail = s.elsewhere(ctx)
	})
	both.Wait()
	if known != "" {
		s.asked, s.tls = 0, false
		return known, nil
	}
	return other, fail
}

// onKnownPort waits for the process to listen on the given port, the told one, or the
// one that it is expected to take: no other may be looked for before its time.
func (s *search) onKnownPort(ctx context.Context) string {
	addrs := s.knownAddrs()
	slow := time.Now().Add(portSlowAfter)
	for {
		interval := portInterval
		if time.Now().After(slow) {
			interval = portIntervalSlow
		}
		for _, addr := range addrs {
			if !sockets.Accepts(ctx, addr) {
				continue
			}
			if sockets.Owned(s.group, addr, !slices.Contains(s.answered, addr)) { // rule 17
				return addr.String()
			}
			s.foreign, interval = int(addr.Port()), foreignInterval
			if s.foreign == s.given && !s.settled {
				return "" // there are others
			}
		}
		if !pause(ctx, interval) {
			return ""
		}
	}
}

// knownAddrs lists where the process may listen at once. A moved one does not where somebody
// else answers: that is the front, or a relay, and the listener that it leads to is told.
func (s *search) knownAddrs() []netip.AddrPort {
	addrs := sockets.Loopback(s.given)
	for _, addr := range loopback(s.told, s.likely) {
		if s.beacon == nil || !slices.Contains(s.answered, addr) {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

// loopback lists the loopback addresses of some ports, without those that are 0.
func loopback(ports ...int) (addrs []netip.AddrPort) {
	for _, port := range ports {
		if port != 0 {
			addrs = append(addrs, sockets.Loopback(port)...)
		}
	}
	return addrs
}

// ownPort returns the port on which the process answers HTTP and which is neither the given one nor
// told, or else a Unix socket; "" if there is none now. Where listeners are not known it finds nothing.
func (s *search) ownPort(ctx context.Context) (string, *refusal) {
	found := s.httpListeners(ctx)
	switch {
	case len(found) == 1:
		return found[0].String(), nil
	case len(found) > 1:
		return "", &refusal{
			reason: fmt.Sprintf("the app listens on several ports of its own (%s)", list(ports(found))),
			hint:   fmt.Sprintf("tell which one with [run] port = %d", found[0].Port()),
		}
	}
	return s.onUnix(ctx), nil
}

// ownDelay is how long is waited before an address of the app's own counts.
func (s *search) ownDelay() time.Duration {
	if s.unix {
		return movedInterval
	}
	return ownPortDelay
}

// onUnix returns the first Unix socket of the group that answers HTTP now, or "".
func (s *search) onUnix(ctx context.Context) string {
	for _, path := range sockets.Unix(s.group) {
		if addr := sockets.UnixScheme + path; answersHTTP(ctx, addr) {
			return addr
		}
	}
	return ""
}

// httpListeners asks all listeners of the group at once, as one that is silent takes
// the whole limit, and returns one loopback address for each port that answered.
func (s *search) httpListeners(ctx context.Context) []netip.AddrPort {
	bound := slices.DeleteFunc(sockets.Of(s.group), func(l netip.AddrPort) bool { return s.beacon.Has(l.String()) })
	answers := make([]netip.AddrPort, len(bound))
	var asked sync.WaitGroup
	for i, l := range bound {
		asked.Go(func() {
			for _, addr := range sockets.Loopback(int(l.Port())) {
				if sockets.Serves(l, addr) && answersHTTP(ctx, addr.String()) {
					answers[i] = addr
					return
				}
			}
		})
	}
	asked.Wait()
	answers = slices.DeleteFunc(answers, func(a netip.AddrPort) bool { return !a.IsValid() })
	slices.SortFunc(answers, func(a, b netip.AddrPort) int { return int(a.Port()) - int(b.Port()) })
	if len(answers) == 0 && ctx.Err() == nil {
		s.silent = ports(bound)
	}
	return slices.CompactFunc(answers, func(a, b netip.AddrPort) bool { return a.Port() == b.Port() })
}

// answersHTTP says whether addr answers HTTP, be it over TLS.
func answersHTTP(ctx context.Context, addr string) bool {
	http, tls := sockets.Speaks(ctx, addr)
	return http || tls
}

// answering asks for the ready path until it is answered below 500, or ctx ends.
func (s *search) answering(ctx context.Context, addr string) bool {
	s.said = "was not answered"
	for wait := pathInterval; ; wait = min(2*wait, pathIntervalMax) {
		ok, said := sockets.AnswersBelow500(ctx, addr, "http://localhost"+s.path)
		if ok {
			return true
		}
		if ctx.Err() == nil { // else it was we who ended it
			s.said = said
		}
		if !pause(ctx, wait) {
			return false
		}
	}
}

func (s *search) notListening() *refusal {
	if s.handed {
		return &refusal{
			reason: fmt.Sprintf("did not answer on the socket that it was handed as file 3 within %v", s.limit),
			hint:   "let the app serve on it, as gin's RunFd(3) does, or take [run] socket away",
		}
	}
	reason := fmt.Sprintf("did not listen on %s=%d within %v", s.name, s.given, s.limit)
	hint := fmt.Sprintf("let the app read %s, or set [run] port to the port it listens on", s.name)
	unix := sockets.Unix(s.group)
	switch {
	case s.foreign != 0:
		reason += fmt.Sprintf(": another program listens on %d", s.foreign)
		hint = fmt.Sprintf("stop the program that listens on %d", s.foreign)
	case s.told != 0:
		reason += fmt.Sprintf(", nor on its own port %d", s.told)
		hint = fmt.Sprintf("let the app read %s, or correct [run] port", s.name)
	case len(unix) > 0:
		reason += "; it listens on the Unix socket " + unix[0] + ", where it does not answer HTTP"
	case len(s.silent) > 0:
		reason += fmt.Sprintf("; it listens on %s, where it does not answer HTTP", list(s.silent))
	}
	return &refusal{reason: reason, hint: hint, stolen: s.foreign == s.given && !s.settled}
}

// ports returns the distinct ports of addrs, in order.
func ports(addrs []netip.AddrPort) (all []int) {
	for _, addr := range addrs {
		all = append(all, int(addr.Port()))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// list writes ports as "80, 443".
func list(ports []int) string {
	return strings.Join(strings.Fields(strings.Trim(fmt.Sprint(ports), "[]")), ", ")
}

// pause waits for d and says whether ctx has not ended meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
