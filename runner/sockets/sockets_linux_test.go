package sockets

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"testing"
)

func TestListenersOfThisProcess(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0", ":0", "0.0.0.0:0"} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		want := l.Addr().(*net.TCPAddr).AddrPort()
		if !slices.Contains(slices.Collect(maps.Values(listeningSockets())), want) {
			t.Errorf("%s is not found", want)
		}
	}
}

func TestServes(t *testing.T) {
	for _, test := range []struct {
		listener, addr string
		want           bool
	}{
		{"127.0.0.1:80", "127.0.0.1:80", true},
		{"127.0.0.1:80", "127.0.0.1:81", false},
		{"127.0.0.1:80", "[::1]:80", false},
		{"0.0.0.0:80", "127.0.0.1:80", true},
		{"0.0.0.0:80", "[::1]:80", false},
		{"[::]:80", "127.0.0.1:80", true},
		{"[::]:80", "[::1]:80", true},
		{"192.0.2.1:80", "127.0.0.1:80", false},
	} {
		got := Serves(netip.MustParseAddrPort(test.listener), netip.MustParseAddrPort(test.addr))
		if got != test.want {
			t.Errorf("Serves(%s, %s) = %v", test.listener, test.addr, got)
		}
	}
}
