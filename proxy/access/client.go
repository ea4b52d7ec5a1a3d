package access

import (
	"net"
	"net/http"
	"net/netip"
)

// Client returns the address that a request of a server came from, an IPv4 one always as
// such, and whether that is this machine: loopback, or the very address that it came in at,
// for which no system takes packets from elsewhere. What is no address and port, as the
// client of a Unix socket, is the zero Addr and not this machine.
func Client(r *http.Request) (client netip.Addr, here bool) {
	client = addr(r.RemoteAddr)
	own, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return client, client.IsLoopback() || client.IsValid() && own != nil && client == addr(own.String())
}

func addr(place string) netip.Addr {
	at, _ := netip.ParseAddrPort(place)
	return at.Addr().Unmap()
}
