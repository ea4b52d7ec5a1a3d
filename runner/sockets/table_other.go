//go:build !linux

package sockets

import "net/netip"

// This system does not tell without help who listens where.

func listenersOf(...int) (found []netip.AddrPort, known bool) { return nil, false }

// Unix lists the paths of the Unix sockets at which a group listens; nothing, here.
func Unix(int) []string { return nil }

// Family lists the running processes of some groups and the descendants of all of them;
// nothing, here.
func Family(...int) []int { return nil }
