package loop

import (
	"errors"
	"net/netip"
	"slices"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/relay"
	"github.com/watcher-dev/watcher/runner"
)

// The ways from an old process to a new one, in the order in which auto takes them
// (rule 13):
//
//	as it is    the app listens on the PORT that it is given, and nowhere else: overlap
//	moved       the beacon moves its fixed listeners out of the way: overlap
//	stop-first  there is no beacon, or a file lock forbids two processes (rules 15, 19)

// listener is one that a process has moved.
type listener struct {
	asked    int
	host     netip.Addr
	upstream string
}

// hasBeacon reports whether a binary was built with the beacon; of "", whether the first one will be.
func (s *state) hasBeacon(binary string) bool {
	return binary == "" && s.beacon || slices.Contains(s.beacons, binary)
}

// noteBinary remembers how a binary was built: its place may have held another one.
func (t *turn) noteBinary(binary string, beacon bool) {
	t.beacons = slices.DeleteFunc(t.beacons, func(b string) bool { return b == binary })
	if beacon {
		t.beacons = append(t.beacons, binary)
	}
}

// chooseMode takes the way for the next start of a binary: the one that the settings ask
// for, which needs no telling; in auto, what was seen decides.
func (s *state) chooseMode(binary string) {
	switch s.policy.swap {
	case SwapOverlap:
		s.mode, s.told = overlap, overlap
	case SwapStopFirst:
		s.mode, s.told = stopFirst, stopFirst
	default:
		s.mode = overlap
		if s.locked || s.unmovable || s.fixed && !s.hasBeacon(binary) {
			s.mode = stopFirst
		}
	}
}

// learnPort chooses the way of the next swaps by what the app did with the port.
func (t *turn) learnPort(p *process, ev runner.Ready) {
	if ev.TLS {
		t.tls = ev.Asked
	} else if ev.Asked != 0 && ev.Asked != t.tls {
		t.main = ev.Asked
	}
	if ev.OwnPort {
		t.unmovable = t.unmovable || ev.Unix() != ""
		t.learnFixed(p, func() { t.sayOwnPort(ev) })
		return
	}
	if t.chooseMode(t.newest); t.mode != t.told && t.hasBeacon(p.binary) { // else Fixed may follow
		t.told = t.mode
		t.sayMoved()
	}
}

func (t *turn) takeFixed(ev runner.Fixed) {
	if p := t.find(ev.Generation); p != nil && p.role == current {
		t.learnFixed(p, func() { t.sayFixed(ev) })
	}
}

// learnFixed takes that a process binds ports that no second one can. say tells the user
// if that changes the way.
func (t *turn) learnFixed(p *process, say func()) {
	p.fixed, t.fixed = true, true
	t.unmovable = t.unmovable || t.hasBeacon(p.binary) // what listens is no program of Go, or a child of it
	if t.chooseMode(t.newest); t.mode != t.told {
		t.told = t.mode
		say()
	}
}

// buildRefused reports whether a build was refused because of the beacon (rule 19); then it is done
// without.
func (t *turn) buildRefused(b *build, r builder.Result) bool {
	refusal, refused := errors.AsType[*builder.Refusal](r.Err)
	if refused {
		t.beacon = false
		t.warn("the app cannot tell where it listens: "+refusal.Text+": let it read PORT, else each swap stops the old one first, and requests wait", "")
		t.chooseMode(t.newest)
		t.told = t.mode
		t.spare = b.gen
		t.due.rebuild = true
	}
	return refused
}

// tryAnotherWay takes a failed start that another way may mend, and reports whether it
// is tried.
func (t *turn) tryAnotherWay(p process, ev runner.Failed) bool {
	if ev.Lock == "" || t.policy.swap != SwapAuto || t.locked || t.in(current) == nil {
		return false
	}
	t.locked = true
	t.due.restart = true
	t.chooseMode(p.binary)
	t.told = t.mode
	t.warn(ev.Lock+": from now on each swap stops the old one first, and requests wait", "")
	return true
}

// relearn looks, before a swap, whether the target still binds ports of its own.
func (t *turn) relearn() {
	p := t.in(current)
	if p != nil && p.proven && !p.fixed && t.fixed {
		t.fixed, t.unmovable = false, false
		if t.chooseMode(t.newest); t.mode != t.told {
			t.told = t.mode
			t.warn("the app listens on PORT alone: from now on the new one starts beside the old one", "")
		}
	}
	t.chooseMode(t.binaryDue())
}

func (t *turn) takeListening(ev runner.Listening) {
	p := t.find(ev.Generation)
	if p == nil {
		return
	}
	p.listens = slices.DeleteFunc(slices.Clone(p.listens), func(l listener) bool { return l.asked == ev.Asked })
	p.listens = append(p.listens, listener{ev.Asked, ev.Host, ev.Upstream})
}

// furtherPorts are those that the newest proven target has beside the one that the front leads to.
func (s *state) furtherPorts() (ports []int) {
	for _, l := range s.ports {
		if l.asked != s.main {
			ports = append(ports, l.asked)
		}
	}
	return ports
}

// relayed is the relay's picture of the state, as view is the front's: the target's own
// ports, those that it may yet open, and, while there is no target, those that the one
// before had.
func (s *state) relayed() relay.View {
	var v relay.View
	for _, p := range s.procs {
		v.Live = append(v.Live, p.gen)
	}
	if s.stopping || s.down != up {
		return v
	}
	add := func(r relay.Route) {
		if !slices.ContainsFunc(v.Routes, func(o relay.Route) bool { return o.Port == r.Port }) {
			if r.Port == s.main {
				r = relay.Route{Port: r.Port, Host: r.Host, Front: true}
			}
			v.Routes = append(v.Routes, r)
		}
	}
	target := s.in(current)
	for _, p := range []*process{target, s.in(standby)} {
		if p == nil {
			continue
		}
		for _, l := range p.listens {
			add(relay.Route{Port: l.asked, Host: l.host, Generation: p.gen, Upstream: l.upstream})
		}
	}
	if target == nil || !target.proven {
		for _, l := range s.ports {
			add(relay.Route{Port: l.asked, Host: l.host})
		}
	}
	return v
}

// keepPorts remembers what a target that has proven itself listens on.
func (t *turn) keepPorts(p *process) { t.ports = p.listens }
