package plan

import (
	"net/netip"
	"testing"
)

// TestX1_NoWiderThanTheAppAsked, nor than the front, for each host that an app asks for and each
// that the front may stand at.
func TestX1_NoWiderThanTheAppAsked(t *testing.T) {
	const anywhere, anywhere6, own, other, own6 = "0.0.0.0", "::", "192.168.1.5", "10.0.0.3", "fd00::5"
	for _, c := range []struct{ asked, front, want string }{
		{"", "", ""}, // the front is on loopback
		{"127.0.0.1", "", ""},
		{"::1", "", ""},
		{"127.0.0.2", "", "127.0.0.2"}, // where people look for it
		{own, "", ""},
		{"", "127.0.0.2", "127.0.0.2"},
		{own, "127.0.0.2", "127.0.0.2"},
		{"127.0.0.1", "127.0.0.2", ""},
		{"", "dev.localhost", "dev.localhost"},

		{"", anywhere, anywhere}, // everywhere: to Go both are both families
		{"", anywhere6, anywhere6},
		{"127.0.0.1", anywhere, ""},
		{"::1", anywhere, ""},
		{"::1", anywhere6, ""},
		{"127.0.0.2", anywhere, "127.0.0.2"},
		{own, anywhere, own},
		{own6, anywhere, own6},
		{own, anywhere6, own},
		{own6, anywhere6, own6},

		{anywhere, "", "127.0.0.1"}, // of one family
		{anywhere6, "", "::1"},
		{anywhere, anywhere, anywhere + " by tcp4"},
		{anywhere, anywhere6, anywhere + " by tcp4"},
		{anywhere6, anywhere, anywhere6 + " by tcp6"},
		{anywhere, own, own},
		{anywhere, "127.0.0.2", "127.0.0.2"},

		{"", own, own}, // at one address
		{"", own6, own6},
		{own, own6, ""},
		{own6, own6, own6},
		{"127.0.0.1", own, ""},
		{own, own, own},
		{other, own, ""},
		{"", "dev.example.org", "dev.example.org"},
		{"127.0.0.1", "dev.example.org", ""},
		{other, "dev.example.org", ""},
	} {
		var asked netip.Addr
		if c.asked != "" {
			asked = netip.MustParseAddr(c.asked)
		}
		at := (Address{Host: c.front}).Narrowed(asked, 1)
		got := at.Host
		if at.Network != "" {
			got += " by " + at.Network
		}
		if got != c.want || at.Port != 1 {
			t.Errorf("asked for %q, front at %q: %q, want %q", c.asked, c.front, got, c.want)
		}
	}
}
