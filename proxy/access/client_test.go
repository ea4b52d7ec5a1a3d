package access

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestX3_Clients(t *testing.T) {
	for _, c := range []struct {
		remote, local string
		client        string // "" if it is none
		here          bool
	}{
		{"127.0.0.1:4000", "127.0.0.1:8080", "127.0.0.1", true},
		{"127.8.9.1:4000", "127.0.0.1:8080", "127.8.9.1", true},
		{"[::1]:4000", "[::1]:8080", "::1", true},
		{"[::ffff:127.0.0.1]:4000", "[::ffff:127.0.0.1]:8080", "127.0.0.1", true},
		{"192.168.1.7:4000", "192.168.1.20:8080", "192.168.1.7", false},
		{"[::ffff:192.168.1.7]:4000", "[::ffff:192.168.1.20]:8080", "192.168.1.7", false},
		{"[::ffff:192.168.1.20]:4000", "192.168.1.20:8080", "192.168.1.20", true}, // by its own address
		{"192.168.1.20:4000", "192.168.1.20:8080", "192.168.1.20", true},
		{"[fe80::1%eth0]:4000", "[fe80::1%eth0]:8080", "fe80::1%eth0", true},
		{"[fe80::1%eth1]:4000", "[fe80::1%eth0]:8080", "fe80::1%eth1", false},
		{"[::7f00:1]:4000", "[::1]:8080", "::7f00:1", false}, // looks like loopback, and is none
		{"[::ffff:0:7f00:1]:4000", "[::1]:8080", "::ffff:0:7f00:1", false},
		{"[64:ff9b::7f00:1]:4000", "[::1]:8080", "64:ff9b::7f00:1", false},
		{"0.0.0.0:4000", "127.0.0.1:8080", "0.0.0.0", false},
		{"128.0.0.1:4000", "127.0.0.1:8080", "128.0.0.1", false},
		{"@", "@", "", false}, // a Unix socket
		{"", "", "", false},
		{"localhost:4000", "localhost:8080", "", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		client, here := Client(r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(place(c.local)))))
		want, _ := netip.ParseAddr(c.client)
		if client != want || here != c.here {
			t.Errorf("from %q at %q: %v, here: %v", c.remote, c.local, client, here)
		}
		if client, here := Client(r); client != want || here != (c.here && client.IsLoopback()) {
			t.Errorf("from %q, with nothing known of our side: %v, here: %v", c.remote, client, here)
		}
	}
}

// place is a net.Addr by its text.
type place string

func (p place) Network() string { return "tcp" }
func (p place) String() string  { return string(p) }
