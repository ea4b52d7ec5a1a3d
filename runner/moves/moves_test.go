package moves

import (
	"net/netip"
	"testing"
)

// Lines as net.TCPAddr writes them, and what somebody else may write into the pipe.
func TestParse(t *testing.T) {
	at := netip.MustParseAddrPort("127.0.0.1:40000")
	for line, want := range map[string]Move{
		":8080 127.0.0.1:40000":            {8080, netip.Addr{}, at},
		"0.0.0.0:8080 127.0.0.1:40000":     {8080, netip.Addr{}, at},
		"[::]:8080 127.0.0.1:40000":        {8080, netip.Addr{}, at},
		"127.0.0.1:6060 127.0.0.1:40000":   {6060, netip.MustParseAddr("127.0.0.1"), at},
		"[::1]:6060 127.0.0.1:40000":       {6060, netip.MustParseAddr("::1"), at},
		"192.168.1.5:6060 127.0.0.1:40000": {6060, netip.MustParseAddr("192.168.1.5"), at},
		"[fe80::1%eth0]:1 127.0.0.1:40000": {1, netip.MustParseAddr("fe80::1%eth0"), at},
	} {
		if got, ok := parse(line); !ok || got != want {
			t.Errorf("%q: %+v, %v", line, got, ok)
		}
	}
	for _, line := range []string{"", "8080", ":8080", ":8080 ", ":8080 40000", "a:8080 127.0.0.1:40000", ":x 127.0.0.1:40000", "SQLite format 3"} {
		if got, ok := parse(line); ok {
			t.Errorf("%q: %+v", line, got)
		}
	}
}
