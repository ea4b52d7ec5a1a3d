package runner

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
)

// owned says whether addr is answered by a process of the group. Where the system
// does not tell, that the process is alive and the port was free must do (rule 17).
func owned(group int, addr netip.AddrPort) bool {
	serving := func(l netip.AddrPort) bool { return serves(l, addr) }
	found, known := listenersOf(group) // mostly the leader itself, and others are dear to find
	if known && !slices.ContainsFunc(found, serving) {
		found, known = listenersOf(family(group)...)
	}
	return !known || slices.ContainsFunc(found, serving)
}

// serves says whether a listener bound to l gets the connections made to addr.
func serves(l, addr netip.AddrPort) bool {
	if l.Port() != addr.Port() {
		return false
	}
	// A socket bound to [::] mostly serves IPv4 too; one bound to 0.0.0.0 never serves IPv6.
	wildcard := l.Addr().IsUnspecified() && (l.Addr().Is6() || addr.Addr().Is4())
	return wildcard || l.Addr() == addr.Addr()
}

// fixedAddrs lists where the group listens beside the given port, in order, without
// what looks chosen by the system: a second process could not bind these too.
func fixedAddrs(group, given int) []string {
	found, _ := listenersOf(family(group)...)
	low, high := ephemeralPorts()
	var fixed []string
	for _, l := range found {
		port := int(l.Port())
		chosen := low <= port && port <= high && port != grpcPort
		if port != given && !chosen {
			fixed = append(fixed, l.String())
		}
	}
	slices.Sort(fixed)
	return slices.Compact(fixed)
}

// grpcPort is what most gRPC services bind. It lies in the range from which Linux
// takes ports of its own choosing, and is nearly never chosen by it.
const grpcPort = 50051

// ephemeralPorts returns the range from which the system chooses ports.
func ephemeralPorts() (low, high int) {
	text, _ := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if n, _ := fmt.Sscan(string(text), &low, &high); n == 2 {
		return low, high
	}
	return 32768, 65535
}
