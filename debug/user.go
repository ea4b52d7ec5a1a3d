package debug

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// sameUser reports whether a connection from this machine belongs to our user, or to
// root: who reaches a debugger can run anything. Delve looks too, but sees us. Where the
// system does not tell, it is taken.
func sameUser(conn net.Conn) bool {
	client, ours := conn.RemoteAddr().(*net.TCPAddr), conn.LocalAddr().(*net.TCPAddr)
	if !client.IP.IsLoopback() {
		return true // the user has opened the address to others
	}
	uid := owner(client.Port, ours.Port)
	return uid == "" || uid == "0" || uid == strconv.Itoa(os.Getuid())
}

// owner returns the user of the end of a connection that has one port and leads to the
// other; "" if it is not known.
func owner(from, to int) string {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table)
		if uid := ownerIn(string(text), from, to); uid != "" {
			return uid
		}
	}
	return ""
}

// ownerIn looks into lines like "0: 0100007F:0929 0100007F:D2F2 01 … uid …".
func ownerIn(table string, from, to int) string {
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) > 7 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", from)) && strings.HasSuffix(f[2], fmt.Sprintf(":%04X", to)) {
			return f[7]
		}
	}
	return ""
}
