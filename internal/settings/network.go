package settings

import (
	"fmt"
	"net/netip"
)

const noNetwork = `is no address or network: write it as "192.168.1.7" or "192.168.1.0/24"`

// ParseNetwork returns the addresses that text means: one, or all of a network, as in
// "192.168.1.0/24".
func ParseNetwork(text string) (netip.Prefix, error) {
	if one, err := netip.ParseAddr(text); err == nil && one.Zone() == "" {
		one = one.Unmap()
		return netip.PrefixFrom(one, one.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil || network.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%q %s", text, noNetwork)
	}
	return network.Masked(), nil
}
