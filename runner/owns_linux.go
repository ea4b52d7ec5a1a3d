package runner

import (
	"net/netip"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Owns reports whether the TCP connection whose near end is client belongs to a
// running process of ours: to a group that lives or to a descendant of one. It takes
// some milliseconds. Elsewhere than on Linux nobody is known to.
func (r *Runner) Owns(client netip.AddrPort) bool {
	name := connectedSocket(netip.AddrPortFrom(client.Addr().Unmap(), client.Port()))
	if name == "" {
		return false
	}
	r.mu.Lock()
	var groups []int
	for g := range r.groups {
		groups = append(groups, g.id)
	}
	r.mu.Unlock()
	for _, group := range groups {
		for _, pid := range family(group) {
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
