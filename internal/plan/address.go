package plan

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/joho/godotenv"

	"github.com/watcher-dev/watcher/internal/project"
	"github.com/watcher-dev/watcher/internal/settings"
)

// DefaultPort is Gin's.
const DefaultPort = 8080

// Address is where something should listen, and why.
type Address struct {
	Host    string // "" is loopback in both families
	Network string // "tcp4" or "tcp6" for one family of a host that is every address; "" for both
	Port    int    // 0 is any
	Asked   bool   // by a flag or setting: taken means an error
	Why     string // of a port that is not the one people expect; "" if it is
}

// ParseListen reads "host:port", ":port" (all interfaces) or "port" (loopback).
// what names the address in an error.
func ParseListen(what, listen string) (Address, error) {
	host, port, err := net.SplitHostPort(listen)
	switch {
	case err != nil:
		host, port = "", listen
	case host == "":
		host = "0.0.0.0"
	case host == "localhost":
		host = ""
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return Address{}, fmt.Errorf("%s %q is not host:port, :port or a port", what, listen)
	}
	return Address{Host: host, Port: int(n), Asked: true}, nil
}

func (a Address) String() string {
	if a.Host == "" {
		return "localhost:" + strconv.Itoa(a.Port)
	}
	return net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
}

// Loopback reports whether only this machine can reach the address.
func (a Address) Loopback() bool {
	ip := net.ParseIP(a.Host)
	return a.Host == "" || ip != nil && ip.IsLoopback() || strings.HasSuffix(a.Host, ".localhost")
}

// Narrowed is where a port stands that is to be no wider than a, nor than asked, of which the zero Addr is every address,
// and 0.0.0.0 and :: are those of one family. Where they have nothing in common it is loopback, which is
// this machine alone.
func (a Address) Narrowed(asked netip.Addr, port int) Address {
	n := Address{Host: a.narrowed(asked), Port: port}
	if family, all := families[asked]; all {
		switch own, _ := netip.ParseAddr(a.Host); {
		case a.Host == "":
			n.Host = family.loopback
		case own.IsUnspecified():
			n.Host, n.Network = asked.String(), family.network
		}
	}
	return n
}

// families are those of the hosts that are every address of one.
var families = map[netip.Addr]struct{ network, loopback string }{
	netip.IPv4Unspecified(): {"tcp4", "127.0.0.1"}, netip.IPv6Unspecified(): {"tcp6", "::1"},
}

// narrowed is the host of Narrowed, in both families.
func (a Address) narrowed(asked netip.Addr) (host string) {
	if _, all := families[asked]; all {
		asked = netip.Addr{}
	}
	own, _ := netip.ParseAddr(a.Host) // of a name nothing is known
	switch {
	case asked == netip.IPv6Loopback(), asked == netip.AddrFrom4([4]byte{127, 0, 0, 1}):
		return "" // people say localhost, which is either
	case asked.IsLoopback(), asked.IsValid() && own.IsUnspecified():
		return asked.String()
	case !asked.IsValid(), a.Loopback(), asked == own:
		return a.Host
	}
	return ""
}

// URL is what people open.
func (a Address) URL() string {
	if ip := net.ParseIP(a.Host); ip != nil && ip.IsUnspecified() {
		a.Host = ""
	}
	return "http://" + a.String()
}

// Address chooses where the front listens: asked for, else PORT, else the port that
// the code names, else the one that an earlier run has learned, else Gin's. An app that binds
// its port itself and cannot be moved keeps it; so does one that speaks TLS there, which the
// front does not.
func (p Site) Address(s settings.Settings, code project.Address) Address {
	if s.Proxy.Listen != "" {
		listen, _ := ParseListen("front address", s.Proxy.Listen) // checked when it was read
		return listen
	}
	if n := p.userPort(s); n != 0 && (p.Beacon || n != p.fixedPort(s, code)) {
		return Address{Port: n}
	}
	switch own := p.ownPort(s, code); {
	case code.TLS && s.Run.Port == 0:
		if own == DefaultPort {
			return Address{Port: own + 1, Why: "the app speaks TLS on port " + strconv.Itoa(own)}
		}
	case code.ReadsEnv && code.Port != 0 && p.fixedPort(s, code) == 0: // whatever was learned
		return Address{Port: code.Port}
	case p.BindsItself(s, code) && own != 0 && p.Beacon:
		return Address{Port: own}
	case p.BindsItself(s, code) && own != 0:
		why := "the app binds port " + strconv.Itoa(own) + " itself"
		if code.Where != "" && s.Run.Port == 0 {
			why += " (" + code.Where + ")"
		}
		return Address{Port: own + 1, Why: why}
	case code.Port != 0:
		return Address{Port: code.Port}
	}
	return Address{Port: DefaultPort}
}

// userPort is the port that the user's own environment gives the app, which is where
// people look for it; 0 if it gives none.
func (p Site) userPort(s settings.Settings) int {
	port := cmp.Or(s.App.Env[s.Run.PortEnv], Lookup(p.Env, s.Run.PortEnv))
	if port == "" {
		for _, file := range p.envFiles(s) {
			if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
				continue // what is wrong with it is told when the app starts
			}
			variables, _ := godotenv.Read(file)
			port = cmp.Or(variables[s.Run.PortEnv], port)
		}
	}
	n, _ := strconv.ParseUint(port, 10, 16)
	return int(n)
}
