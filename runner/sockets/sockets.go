// Package sockets knows which process has which TCP socket, and whether something
// answers there.
//
// All functions may be called from any goroutine. What a system does not tell counts
// as the text of each says; on Linux everything is told, elsewhere little.
package sockets

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
)

// Owned says whether addr is answered by a process of the group, or by a descendant
// of one; unknown where the system does not tell.
func Owned(group int, addr netip.AddrPort, unknown bool) bool {
	serving := func(l netip.AddrPort) bool { return Serves(l, addr) }
	found, known := listenersOf(group) // mostly the leader itself, and others are dear to find
	if known && !slices.ContainsFunc(found, serving) {
		found, known = listenersOf(Family(group)...)
	}
	if !known {
		return unknown
	}
	return slices.ContainsFunc(found, serving)
}

// Serves says whether a listener bound to l gets the connections made to addr.
func Serves(l, addr netip.AddrPort) bool {
	if l.Port() != addr.Port() {
		return false
	}
	// A socket bound to [::] mostly serves IPv4 too; one bound to 0.0.0.0 never serves IPv6.
	wildcard := l.Addr().IsUnspecified() && (l.Addr().Is6() || addr.Addr().Is4())
	return wildcard || l.Addr() == addr.Addr()
}

// Of lists where the processes of a group, and their descendants, listen; nothing
// where the system does not tell.
func Of(group int) []netip.AddrPort {
	found, _ := listenersOf(Family(group)...)
	return found
}

// Fixed lists where the group listens beside the given port, in order, without what
// looks chosen by the system: a second process could not bind these too.
func Fixed(group, given int) []string {
	low, high := EphemeralPorts()
	var fixed []string
	for _, l := range Of(group) {
		port := int(l.Port())
		chosen := low <= port && port <= high && port != grpcPort
		if port != given && !chosen {
			fixed = append(fixed, l.String())
		}
	}
	slices.Sort(fixed)
	return slices.Compact(fixed)
}

// Loopback returns the two addresses that localhost means, with a port.
func Loopback(port int) []netip.AddrPort {
	return []netip.AddrPort{
		netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port)),
		netip.AddrPortFrom(netip.IPv6Loopback(), uint16(port)),
	}
}

// grpcPort is what most gRPC services bind. It lies in the range from which Linux
// takes ports of its own choosing, and is nearly never chosen by it.
const grpcPort = 50051

// EphemeralPorts returns the range from which the system chooses ports.
func EphemeralPorts() (low, high int) {
	text, _ := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if n, _ := fmt.Sscan(string(text), &low, &high); n == 2 {
		return low, high
	}
	return 32768, 65535
}
