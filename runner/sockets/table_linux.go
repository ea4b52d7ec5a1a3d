package sockets

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// listenersOf returns where the processes listen for TCP connections. known is
// false if that cannot be told, as when one of them does not let us see its files.
func listenersOf(pids ...int) (found []netip.AddrPort, known bool) {
	sockets := listeningSockets()
	known = sockets != nil
	for _, pid := range pids {
		names, err := filesOf(pid)
		if errors.Is(err, fs.ErrPermission) {
			known = false
		}
		for _, name := range names {
			if addr, ok := sockets[name]; ok {
				found = append(found, addr)
			}
		}
	}
	return found, known
}

// listeningSockets asks the kernel for all sockets that listen. This takes some 50 µs;
// /proc/net/tcp takes milliseconds, as it walks over all connections.
func listeningSockets() map[string]netip.AddrPort { return socketsIn(1 << unix.BPF_TCP_LISTEN) }

// socketsIn asks the kernel for all TCP sockets in one of the states (bits, as
// 1<<TCP_LISTEN): their own addresses by the name that they have under /proc/PID/fd.
// It is nil where sock_diag(7) is missing.
func socketsIn(states uint32) map[string]netip.AddrPort {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	sockets := map[string]netip.AddrPort{}
	four := readSockets(fd, unix.AF_INET, states, sockets)
	six := readSockets(fd, unix.AF_INET6, states, sockets)
	if !four && !six {
		return nil
	}
	return sockets
}

// readSockets adds the sockets of an address family and says whether it was told them.
func readSockets(fd int, family byte, states uint32, sockets map[string]netip.AddrPort) bool {
	const length = 16 + 56 // struct nlmsghdr, struct inet_diag_req_v2
	order := binary.NativeEndian
	request := order.AppendUint32(nil, length)
	request = order.AppendUint16(request, unix.SOCK_DIAG_BY_FAMILY)
	request = order.AppendUint16(request, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request = append(request, 0, 0, 0, 0, 0, 0, 0, 0, family, unix.IPPROTO_TCP, 0, 0)
	request = order.AppendUint32(request, states)
	request = append(request, make([]byte, length-len(request))...)
	if unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) != nil {
		return false
	}
	for buffer := make([]byte, 32<<10); ; {
		// The kernel has the next part of its answer ready before it returns this one.
		n, _, err := unix.Recvfrom(fd, buffer, unix.MSG_DONTWAIT)
		if err != nil {
			return false
		}
		messages, _ := syscall.ParseNetlinkMessage(buffer[:n])
		for _, m := range messages {
			switch {
			case m.Header.Type == unix.NLMSG_DONE:
				return true
			case m.Header.Type != unix.SOCK_DIAG_BY_FAMILY || len(m.Data) < 72:
				return false
			}
			// struct inet_diag_msg: port at 4 and address at 8 as on the wire, inode at 68
			ip := m.Data[8:24]
			if family == unix.AF_INET {
				ip = ip[:4]
			}
			addr, _ := netip.AddrFromSlice(ip)
			inode := strconv.Itoa(int(order.Uint32(m.Data[68:])))
			sockets["socket:["+inode+"]"] = netip.AddrPortFrom(addr, binary.BigEndian.Uint16(m.Data[4:]))
		}
	}
}

// Unix lists the paths of the Unix sockets at which the processes of a group, and their
// descendants, listen. One of the abstract ones begins with @.
func Unix(group int) (paths []string) {
	text, _ := os.ReadFile("/proc/net/unix")
	listening := map[string]string{} // by the name under /proc/PID/fd
	for line := range strings.Lines(string(text)) {
		// Num RefCount Protocol Flags Type St Inode Path
		const accepts = "00010000"
		if f := strings.Fields(line); len(f) >= 8 && f[3] == accepts {
			_, path, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " "+f[6]+" ")
			listening["socket:["+f[6]+"]"] = path
		}
	}
	for _, pid := range Family(group) {
		names, _ := filesOf(pid)
		for _, name := range names {
			path, ok := listening[name]
			if !ok {
				continue
			}
			if path[0] != '/' && path[0] != '@' { // as the app has bound it
				dir, _ := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd")
				path = filepath.Join(dir, path)
			}
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}
