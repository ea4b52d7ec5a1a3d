package sockets

import (
	"net/netip"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Connections returns the near ends of the TCP connections that the processes of the groups
// and their descendants have. It takes milliseconds. Elsewhere than on Linux none is known.
func Connections(groups ...int) map[netip.AddrPort]bool {
	all := socketsIn(1 << unix.BPF_TCP_ESTABLISHED)
	found := map[netip.AddrPort]bool{}
	for _, pid := range Family(groups...) {
		for _, name := range filesOf(pid) {
			if addr, ok := all[name]; ok {
				found[netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())] = true
			}
		}
	}
	return found
}

// filesOf are what a process has open, by the names that the system has for what is no file.
func filesOf(pid int) (names []string) {
	folder := "/proc/" + strconv.Itoa(pid) + "/fd/"
	files, _ := os.ReadDir(folder)
	for _, file := range files {
		if target, err := os.Readlink(folder + file.Name()); err == nil {
			names = append(names, target)
		}
	}
	return names
}
