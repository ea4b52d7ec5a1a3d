package session

import (
	"encoding/binary"
	"encoding/hex"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/watcher-dev/watcher/internal/settings"
)

// surroundings are what the system tells of where we are.
type surroundings struct {
	files     fs.FS                      // all of them
	addresses func() ([]net.Addr, error) // of this machine
	driver    func(name string) string   // of a network interface; "" if it is not known
}

func system() surroundings { return surroundings{os.DirFS("/"), net.InterfaceAddrs, driver} }

// contained reports whether this is a container: by the mark of an engine or, as not every
// engine leaves one, by the first process, which is watcher in no other place.
func (s surroundings) contained() bool {
	for _, mark := range []string{".dockerenv", "run/.containerenv"} {
		if _, err := fs.Stat(s.files, mark); err == nil {
			return true
		}
	}
	first, err := fs.ReadLink(s.files, "proc/1/exe")
	self, _ := fs.ReadLink(s.files, "proc/self/exe")
	return err == nil && first == self
}

// trusts decides which clients may use the reserved paths beside those that this machine is
// known by at once: those that the settings name, others of its addresses and, in a
// container, the machine that holds it.
func (s surroundings) trusts(want settings.Settings) func(netip.Addr) bool {
	var networks []netip.Prefix
	for _, text := range want.Proxy.AllowedClients {
		if network, err := settings.ParseNetwork(text); err == nil { // checked when it was read
			networks = append(networks, network)
		}
	}
	return func(client netip.Addr) bool {
		named := slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(client.WithZone("")) })
		return named || s.owns(client) || slices.Contains(s.gateways(), client)
	}
}

// owns reports whether an address is one of this machine's. It may ask itself from another
// one than it asks: what a Docker host sends to the address of its own bridge is given the
// address of another interface. One of a single link counts only where it is asked for
// itself, as another link may have another machine of that address.
func (s surroundings) owns(client netip.Addr) bool {
	addresses, _ := s.addresses()
	return client.Zone() == "" && slices.ContainsFunc(addresses, func(a net.Addr) bool {
		own, err := netip.ParsePrefix(a.String())
		return err == nil && own.Addr().Unmap() == client
	})
}

// ownInterface is the driver of the pair of interfaces by which an engine connects a network
// that is the container's alone.
const ownInterface = "veth"

// gateways are those of the default routes of a container's own network (Linux). What comes
// through a published port from the machine that holds the container comes from there, and
// other containers do not. Where a container shares the network of its machine, or has an
// address in that of all (macvlan), the gateway is the router of everybody: none counts. That
// is told by the driver of the interface, as neither a bridge, nor a bond, nor a VLAN of the
// machine has hardware of its own. They are read each time, as a container may be put into
// another network.
func (s surroundings) gateways() (all []netip.Addr) {
	if !s.contained() {
		return nil
	}
	for _, r := range s.defaultRoutes() {
		if s.driver(r.by) != ownInterface {
			return nil
		}
		all = append(all, r.gateway)
	}
	return all
}

// apart reports whether this is a container with a network of its own, which others reach only
// where whoever made it has published a port.
func (s surroundings) apart() bool { return len(s.gateways()) > 0 }

// route is a way to everywhere.
type route struct {
	gateway netip.Addr // with the interface as its zone where it has to be told
	by      string     // interface
}

// throughGateway is the flag RTF_GATEWAY of linux/route.h.
const throughGateway = 2

// defaultRoutes reads both tables of the kernel (proc_net_route and ipv6_route of procfs).
func (s surroundings) defaultRoutes() (all []route) {
	for _, f := range s.fields("proc/net/route") { // Iface Destination Gateway Flags RefCnt Use Metric Mask …
		if len(f) > 7 && f[1] == "00000000" && f[7] == "00000000" && flagged(f[3]) {
			if n, err := strconv.ParseUint(f[2], 16, 32); err == nil {
				all = append(all, route{netip.AddrFrom4([4]byte(binary.NativeEndian.AppendUint32(nil, uint32(n)))), f[0]})
			}
		}
	}
	for _, f := range s.fields("proc/net/ipv6_route") { // destination, length, source, length, gateway, metric, count, use, flags, interface
		if len(f) > 9 && f[1] == "00" && flagged(f[8]) {
			if b, err := hex.DecodeString(f[4]); err == nil && len(b) == 16 {
				gateway := netip.AddrFrom16([16]byte(b))
				if gateway.IsLinkLocalUnicast() {
					gateway = gateway.WithZone(f[9])
				}
				all = append(all, route{gateway, f[9]})
			}
		}
	}
	return all
}

func flagged(text string) bool {
	flags, err := strconv.ParseUint(text, 16, 32)
	return err == nil && flags&throughGateway != 0
}

// fields are the words of each line of a file; none of one that is not there.
func (s surroundings) fields(file string) (lines [][]string) {
	text, _ := fs.ReadFile(s.files, file)
	for line := range strings.Lines(string(text)) {
		lines = append(lines, strings.Fields(line))
	}
	return lines
}
