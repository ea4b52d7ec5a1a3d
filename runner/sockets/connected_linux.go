package sockets

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// Connections returns the near ends of the TCP connections that the processes of the groups
// and their descendants have. It takes milliseconds. Elsewhere than on Linux none is known.
func Connections(groups ...int) map[netip.AddrPort]bool {
	all := socketsIn(1 << unix.BPF_TCP_ESTABLISHED)
	found := map[netip.AddrPort]bool{}
	for _, pid := range Family(groups...) {
		names, _ := filesOf(pid)
		for _, name := range names {
			if addr, ok := all[name]; ok {
				found[netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())] = true
			}
		}
	}
	return found
}
