package session

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"testing"
	"testing/fstest"

	"github.com/watcher-dev/watcher/internal/settings"
)

// files makes a file system of texts.
func files(texts ...map[string]string) fs.FS {
	all := fstest.MapFS{}
	for _, more := range texts {
		for name, text := range more {
			all[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return all
}

func links(root fs.FS, from map[string]string) fs.FS {
	all := maps.Clone(root.(fstest.MapFS))
	for name, to := range from {
		all[name] = &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink}
	}
	return all
}

// What the kernel tells in a container on a bridge, beside a mark of its engine.
var (
	marked = map[string]string{".dockerenv": ""}
	bridge = map[string]string{
		"proc/net/route": "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n" +
			"eth0\t00000000\t" + hexed(172, 18, 0, 1) + "\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" +
			"eth0\t" + hexed(172, 18, 0, 0) + "\t00000000\t0001\t0\t0\t0\t" + hexed(255, 255, 0, 0) + "\t0\t0\t0\n" +
			"eth0\t" + hexed(10, 0, 0, 0) + "\t" + hexed(172, 18, 0, 9) + "\t0003\t0\t0\t0\t" + hexed(255, 0, 0, 0) + "\t0\t0\t0\n",
		"proc/net/ipv6_route": "fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n" +
			"00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 00000003 00000000 00000003     eth0\n" +
			"00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000003 00000000 00000003     eth0\n" +
			"00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n",
	}
	// The table of a machine whose interface belongs to a bridge.
	ofMachine = map[string]string{"proc/net/route": "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n" +
		"br0\t00000000\t" + hexed(192, 168, 2, 1) + "\t0003\t0\t0\t0\t00000000\n"}
)

// hexed is an address as the kernel prints it: as a number of its own order of bytes.
func hexed(a, b, c, d byte) string {
	return fmt.Sprintf("%08X", binary.NativeEndian.Uint32([]byte{a, b, c, d}))
}

// TestX1_WhoIsToldOfAnOpenFront: all but who is in a container with a network of its own.
func TestX1_WhoIsToldOfAnOpenFront(t *testing.T) {
	for name, c := range map[string]struct {
		root   fs.FS
		driver string
		apart  bool
	}{
		"a container":                     {files(marked, bridge), "veth", true},
		"with the network of its machine": {files(marked, bridge), "bridge", false},
		"by two ways":                     {files(marked, map[string]string{"proc/net/route": bridge["proc/net/route"] + ofMachine["proc/net/route"]}), "veth", false},
		"without a network":               {files(marked), "", false},
		"no container":                    {files(bridge), "veth", false},
	} {
		s := surroundings{c.root, nil, func(name string) string { return map[string]string{"eth0": c.driver, "br0": "bridge"}[name] }}
		if s.apart() != c.apart {
			t.Errorf("%s is apart: %v", name, s.apart())
		}
	}
}

func TestX3_WhoIsTrustedBesideThisMachine(t *testing.T) {
	phone := settings.Settings{Proxy: settings.Proxy{AllowedClients: []string{"192.168.1.0/24", "fd00::7", "fe80::7"}}}
	for name, c := range map[string]struct {
		root    fs.FS
		want    settings.Settings
		driver  string // of eth0; "" means that of a pair
		trusted []string
		others  []string
	}{
		"a container": {files(marked, bridge), settings.Settings{}, "",
			[]string{"172.18.0.1", "fd00::1", "fe80::1%eth0"},
			[]string{"172.18.0.2", "172.18.0.9", "1.0.18.172", "0.0.0.0", "::", "fd00::2", "fe80::1%eth1", "fe80::1", "192.168.1.7"}},
		"one of podman": {files(map[string]string{"run/.containerenv": ""}, bridge), settings.Settings{}, "", []string{"172.18.0.1"}, []string{"172.18.0.2"}},
		"one without a mark": {links(files(bridge), map[string]string{"proc/1/exe": "/usr/local/bin/watcher", "proc/self/exe": "/usr/local/bin/watcher"}),
			settings.Settings{}, "", []string{"172.18.0.1"}, []string{"172.18.0.2"}},
		"with the network of its machine":  {files(marked, bridge), settings.Settings{}, "virtio_net", nil, []string{"172.18.0.1", "fd00::1", "fe80::1%eth0"}},
		"with that of one on a bridge":     {files(marked, ofMachine), settings.Settings{}, "", nil, []string{"192.168.2.1"}},
		"with that of one on a bond":       {files(marked, bridge), settings.Settings{}, "bonding", nil, []string{"172.18.0.1", "fd00::1"}},
		"with that of one on a VLAN":       {files(marked, bridge), settings.Settings{}, "802.1Q VLAN Support", nil, []string{"172.18.0.1", "fd00::1"}},
		"with an address among the others": {files(marked, bridge), settings.Settings{}, "macvlan", nil, []string{"172.18.0.1", "fd00::1"}},
		"of which nothing is known":        {files(marked, bridge), settings.Settings{}, "none", nil, []string{"172.18.0.1", "fd00::1"}},
		"without a network":                {files(marked), settings.Settings{}, "", nil, []string{"172.18.0.1", "0.0.0.0", "::"}},
		"no container": {links(files(bridge), map[string]string{"proc/1/exe": "/usr/lib/systemd/systemd", "proc/self/exe": "/usr/local/bin/watcher"}),
			settings.Settings{}, "", nil, []string{"172.18.0.1", "fd00::1"}},
		"another system": {files(), settings.Settings{}, "", nil, []string{"172.18.0.1"}},
		"settings": {files(bridge), phone, "", []string{"192.168.1.7", "192.168.1.255", "fd00::7", "fe80::7%wlan0"},
			[]string{"192.168.2.7", "fd00::8", "172.18.0.1", "fe80::8%wlan0"}},
	} {
		t.Run(name, func(t *testing.T) {
			own := func() ([]net.Addr, error) {
				return []net.Addr{&net.IPNet{IP: net.IPv4(10, 0, 0, 2), Mask: net.CIDRMask(24, 32)}, &net.IPNet{IP: net.ParseIP("fe80::2"), Mask: net.CIDRMask(64, 128)}}, nil
			}
			drivers := map[string]string{"eth0": cmp.Or(c.driver, "veth"), "br0": "bridge"}
			trusts := surroundings{c.root, own, func(name string) string { return drivers[name] }}.trusts(c.want)
			c.trusted, c.others = append(c.trusted, "10.0.0.2"), append(c.others, "10.0.0.3", "fe80::2%eth9")
			for _, client := range c.trusted {
				if !trusts(netip.MustParseAddr(client)) {
					t.Errorf("%s is not trusted", client)
				}
			}
			for _, client := range c.others {
				if trusts(netip.MustParseAddr(client)) {
					t.Errorf("%s is trusted", client)
				}
			}
			if trusts(netip.Addr{}) {
				t.Error("no address is trusted")
			}
		})
	}
}
