package sockets

import (
	"net/netip"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Connected reports whether the TCP connection whose near end is client belongs to a
// process of the groups or to a descendant of one. It takes some milliseconds.
// Elsewhere than on Linux nobody is known to.
func Connected(client netip.AddrPort, groups []int) bool {
	name := connectedSocket(netip.AddrPortFrom(client.Addr().Unmap(), client.Port()))
	if name == "" {
		return false
	}
	for _, group := range groups {
		for _, pid := range Family(group) {
			if hasSocket(pid, name) {
				return true
			}
		}
	}
	return false
}

// connectedSocket returns the name under /proc/PID/fd of the socket that is connected
// from an address, or "".
func connectedSocket(from netip.AddrPort) string {
	sockets := socketsIn(1 << unix.BPF_TCP_ESTABLISHED)
	for name, addr := range sockets {
		if addr.Port() == from.Port() && addr.Addr().Unmap() == from.Addr() {
			return name
		}
	}
	return ""
}

func hasSocket(pid int, name string) bool {
	folder := "/proc/" + strconv.Itoa(pid) + "/fd/"
	files, _ := os.ReadDir(folder)
	for _, file := range files {
		if target, _ := os.Readlink(folder + file.Name()); target == name {
			return true
		}
	}
	return false
}
