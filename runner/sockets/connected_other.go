//go:build !linux

package sockets

import "net/netip"

// Connections knows of none: this system does not tell without help whose one is.
func Connections(...int) map[netip.AddrPort]bool { return nil }
