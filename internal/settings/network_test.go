package settings

import (
	"net/netip"
	"testing"
)

func TestX3_Networks(t *testing.T) {
	for text, want := range map[string]string{ // "" for what is none
		"192.168.1.7":         "192.168.1.7/32",
		"192.168.1.7/24":      "192.168.1.0/24",
		"0.0.0.0/0":           "0.0.0.0/0",
		"::ffff:192.168.1.7":  "192.168.1.7/32",
		"fd00::7":             "fd00::7/128",
		"fd00::7/64":          "fd00::/64",
		"":                    "",
		"fe80::7%eth0":        "",
		"::ffff:10.0.0.0/104": "",
		"192.168.1":           "",
		"192.168.1.0/33":      "",
		"192.168.1.7:80":      "",
		"phone.local":         "",
		"*":                   "",
	} {
		got, err := ParseNetwork(text)
		if (err == nil) != (want != "") || want != "" && got != netip.MustParsePrefix(want) {
			t.Errorf("%q: %v, %v; want %q", text, got, err, want)
		}
	}
}
