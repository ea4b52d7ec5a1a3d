package beacon

import (
	"net/netip"
	"testing"
)

// Lines as the beacon writes them, and what somebody else may write into the pipe.
func TestParse(t *testing.T) {
	const four, six = "02009c407f0000010000000000000000", "0a009c4000000000000000000000000000000000000000010000000000"
	at := netip.MustParseAddrPort("127.0.0.1:40000")
	for line, want := range map[string]Move{
		"listens 02001f90000000000000000000000000 " + four:                                {8080, netip.IPv4Unspecified(), at},
		"listens 020017ac7f0000010000000000000000 " + four:                                {6060, netip.MustParseAddr("127.0.0.1"), at},
		"listens 020017acc0a801050000000000000000 " + four:                                {6060, netip.MustParseAddr("192.168.1.5"), at},
		"listens 0a001f90000000000000000000000000000000000000000000000000 " + four:        {8080, netip.Addr{}, at},
		"listens 0a001f90000000000000000000000000000000000000000000000000 " + four + " 6": {8080, netip.IPv6Unspecified(), at},
		"listens 0a0017ac000000000000000000000000000000000000000100000000 " + four:        {6060, netip.MustParseAddr("::1"), at},
		"listens 0a0017ac00000000fe800000000000000000000000000001ffffff7f " + four:        {6060, netip.MustParseAddr("fe80::1%2147483647"), at},
		"listens 0a0017ac0000000000000000000000000000ffff7f00000100000000 " + four:        {6060, netip.MustParseAddr("127.0.0.1"), at},
	} {
		if got, ok := parse(line); !ok || got != want {
			t.Errorf("%q: %+v, %v", line, got, ok)
		}
	}
	for _, line := range []string{
		"", "moves", "listens", "listens " + four, four + " " + four, "listens x " + four, "listens " + four + " x",
		"listens 0200 " + four, "listens " + four + "00 " + four, "listens " + six + " " + four, "SQLite format 3",
	} {
		if got, ok := parse(line); ok {
			t.Errorf("%q: %+v", line, got)
		}
	}
}
